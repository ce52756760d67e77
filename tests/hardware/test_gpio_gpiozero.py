from __future__ import annotations

import time

import pytest
from gpiozero import Device, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from device.errors import PinError
from device.events import ButtonMoved
from device.hardware.gpio_gpiozero import GpioButton, Lamp
from device.hardware.pins import parse

GPIO17 = parse("GPIO17")


@pytest.fixture
def pi():
    """A Raspberry Pi's pins, installed where the library looks for the real ones."""
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    try:
        yield Device.pin_factory
    finally:
        Device.pin_factory.close()
        Device.pin_factory = before


def test_edges_are_told_with_their_time(pi):
    told = []
    button = GpioButton(GPIO17)
    button.start(told.append)
    times = [time.monotonic()]
    for move in (pi.pin("GPIO17").drive_low, pi.pin("GPIO17").drive_high, pi.pin("GPIO17").drive_low):
        move()
        times.append(time.monotonic())
    button.stop()
    assert [move.pressed for move in told] == [True, False, True]
    for before, move, after in zip(times, told, times[1:], strict=False):
        assert isinstance(move, ButtonMoved)
        assert before - 0.001 <= move.at_s <= after


def test_every_edge_counts_since_the_dictation_debounces(pi):
    told = []
    button = GpioButton(GPIO17)
    button.start(told.append)
    pin = pi.pin("GPIO17")
    assert pin.bounce is None
    assert pin.pull == "up"
    for _ in range(20):
        pin.drive_low()
        pin.drive_high()
    button.stop()
    assert [move.pressed for move in told] == [True, False] * 20


def test_it_is_held_while_it_is_down_watched_or_not(pi):
    button = GpioButton(GPIO17)
    assert not button.is_held()
    button.start(lambda _: None)
    assert not button.is_held()
    pi.pin("GPIO17").drive_low()
    assert button.is_held()
    button.stop()


def test_a_pin_that_its_pull_up_still_charges_is_not_held(pi, monkeypatch: pytest.MonkeyPatch):
    """With a capacitor at the button, it would be a drive whenever it is plugged in."""

    class Charging(type(pi.pin("GPIO17"))):
        def _set_pull(self, value):
            super()._set_pull(value)
            self._change_state(value=False)

    pi.reset()
    pi.pin_class = Charging
    monkeypatch.setattr(time, "sleep", lambda _: pi.pin("GPIO17").drive_high())
    assert not GpioButton(GPIO17).is_held()


def test_a_button_that_is_down_at_the_start_is_held(pi):
    class Pressed(type(pi.pin("GPIO17"))):
        """A pin that the button connects to ground, whatever its pull-up."""

        def _set_pull(self, value):
            super()._set_pull(value)
            self._change_state(value=False)

    pi.reset()
    pi.pin_class = Pressed
    assert GpioButton(GPIO17).is_held()


def test_after_the_stop_the_pin_is_anybodys_and_nothing_is_told(pi):
    told = []
    button = GpioButton(GPIO17)
    for _ in range(2):
        button.start(told.append)
        button.stop()
        pi.pin("GPIO17").drive_low()
        pi.pin("GPIO17").drive_high()
    button.stop()
    assert told == []
    DigitalOutputDevice("GPIO17").close()


def test_a_pin_that_is_taken_is_explained(pi):
    with DigitalOutputDevice("GPIO17"):
        for use in (GpioButton(GPIO17).is_held, lambda: GpioButton(GPIO17).start(print)):
            with pytest.raises(PinError, match=r"^GPIO17 cannot be used: .*in use"):
                use()


def test_without_lgpio_it_says_so_and_tries_nothing_else(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lgpio", None)
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.delenv("LG_WD", raising=False)
    with pytest.raises(PinError, match=r"GPIO17 cannot be used: .*lgpio"):
        GpioButton(GPIO17).is_held()
    assert Device.pin_factory is None


RGB = {"led_red": parse("GPIO22"), "led_green": parse("GPIO23"), "led_blue": parse("GPIO24")}


@pytest.mark.parametrize("active_high", [True, False])
def test_each_part_is_lit_as_the_colour_says_and_dark_at_the_end(pi, active_high):
    lamp = Lamp(RGB, active_high=active_high)
    pins = [pi.pin(pin.name) for pin in RGB.values()]
    assert [pin.state for pin in pins] == [not active_high] * 3
    lamp.set(1, 0, 1)
    assert [pin.state for pin in pins] == [active_high, not active_high, active_high]
    lamp.set(0, 0, 0)
    assert [pin.state for pin in pins] == [not active_high] * 3
    lamp.close()
    lamp.close()


def test_of_a_lamp_that_cannot_be_had_nothing_is_kept(pi):
    with DigitalOutputDevice("GPIO24"), pytest.raises(PinError, match="GPIO24"):
        Lamp(RGB, active_high=True)
    Lamp(RGB, active_high=True).close()


def test_a_lamp_whose_chip_goes_is_told_in_our_words_and_closed_all_the_same(pi, monkeypatch):
    lamp = Lamp(RGB, active_high=True)

    def refuse(_pin, _value):
        raise OSError("unknown handle")  # as lgpio's error, which is none of the library's

    monkeypatch.setattr(type(pi.pin("GPIO22")), "_set_state", refuse)
    with pytest.raises(PinError, match="unknown handle"):
        lamp.set(1, 0, 0)
    lamp.close()
    monkeypatch.undo()
    Lamp(RGB, active_high=True).close()
