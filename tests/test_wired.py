"""From the settings to buttons and LEDs, on a Raspberry Pi whose pins are gpiozero's mock ones."""

from __future__ import annotations

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from device.errors import PinError
from device.events import ButtonMoved, FurtherButtonMoved
from device.gestures import Gesture
from device.ports import State
from device.settings import DisplaySettings, GpioSettings
from device.simulation.terminal import TerminalButton
from device.wired import button_of, display_of, lights_of
from tests.hardware.own_led import own_led


@pytest.fixture
def pi():
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    try:
        yield Device.pin_factory
    finally:
        Device.pin_factory.close()
        Device.pin_factory = before


@pytest.fixture
def root(tmp_path):
    file = tmp_path / "sys/firmware/devicetree/base/compatible"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"raspberrypi,4-model-b\0brcm,bcm2711\0")
    return tmp_path


def test_without_pins_a_key_is_the_button_and_nothing_is_lit(tmp_path):
    assert isinstance(button_of(GpioSettings())(), TerminalButton)
    for settings in (GpioSettings(), GpioSettings(led="")):
        with lights_of(settings, tmp_path) as lights:
            assert lights == []


def test_buttons_are_at_their_pins(pi, root):
    settings = GpioSettings(
        button="GPIO17",
        undo="GPIO22",
        next_host="GPIO23",
        mute="GPIO24",
        next_language="GPIO5",
        next_model="GPIO6",
    )
    told = []
    button = button_of(settings, root)()
    button.start(told.append)
    for name in ("GPIO17", "GPIO22", "GPIO23", "GPIO24", "GPIO5", "GPIO6"):
        pi.pin(name).drive_low()
    assert button.is_held()
    button.stop()
    assert isinstance(told[0], ButtonMoved)
    assert [(type(event), event.asks) for event in told[1:]] == [
        (FurtherButtonMoved, Gesture.UNDO),
        (FurtherButtonMoved, Gesture.NEXT_HOST),
        (FurtherButtonMoved, Gesture.MUTE),
        (FurtherButtonMoved, Gesture.NEXT_LANGUAGE),
        (FurtherButtonMoved, Gesture.NEXT_MODEL),
    ]


def test_every_dictation_gets_a_button_of_its_own(pi, root):
    make = button_of(GpioSettings(button="GPIO17"), root)
    for _ in range(3):
        told = []
        button = make()
        button.start(told.append)
        pi.pin("GPIO17").drive_low()
        pi.pin("GPIO17").drive_high()
        button.stop()
        assert [move.pressed for move in told] == [True, False]


def test_a_lamp_is_dark_behind_the_block(pi, root):
    with lights_of(GpioSettings(led="GPIO27"), root) as (light,):
        light.show(State.LISTENING)
        assert pi.pin("GPIO27").state
    assert not pi.pin("GPIO27").state


def test_a_lamp_is_dark_behind_an_error(pi, root):
    def fail():
        with lights_of(GpioSettings(led="GPIO27"), root) as (light,):
            light.show(State.LISTENING)
            raise PinError("GPIO17 is taken")

    with pytest.raises(PinError, match="GPIO17 is taken"):
        fail()
    assert not pi.pin("GPIO27").state


NOWHERE = "gpiochip99:1"
"""No machine has so many chips."""


def test_without_its_led_it_goes_on(tmp_path, caplog):
    with lights_of(GpioSettings(led=NOWHERE), tmp_path) as lights:
        assert lights == []
    assert "no LED is lit: gpiochip99:1 is not on this board" in caplog.text


def test_without_its_button_it_does_not(tmp_path):
    with pytest.raises(PinError, match="gpiochip99:1 is not on this board"):
        button_of(GpioSettings(button=NOWHERE), tmp_path)().is_held()


def test_a_pin_that_is_named_by_its_chip_is_gpiods_also_on_a_pi(pi, root):
    with pytest.raises(PinError, match="gpiochip99:1 is not on this board"):
        button_of(GpioSettings(button=NOWHERE), root)().is_held()


# The board's own LED.


@pytest.fixture
def act(root):
    """A Raspberry Pi's own LED, which shows the card's activity."""
    (root / "proc/device-tree").mkdir(parents=True)
    (root / "proc/device-tree/compatible").write_bytes(b"raspberrypi,4-model-b\0brcm,bcm2711\0")
    return own_led(root, "ACT")


def test_the_boards_own_led_shows_the_states_and_then_what_it_did_before(act, root):
    with lights_of(GpioSettings(), root) as (light,):
        assert (act / "trigger").read_text() == "none"
        assert (act / "brightness").read_text() == "0"
        light.show(State.LISTENING)
        assert (act / "brightness").read_text() == "255"
    assert (act / "brightness").read_text() == "0"
    assert (act / "trigger").read_text() == "mmc0"


def test_the_boards_own_led_and_one_of_three_colours_show_the_same(act, pi, root):
    with lights_of(GpioSettings(led_red="GPIO22", led_blue="GPIO23"), root) as lights:
        for light in lights:
            light.show(State.LISTENING)
        assert len(lights) == 2
        assert pi.pin("GPIO22").state
        assert (act / "brightness").read_text() == "255"


def test_a_led_that_is_wired_takes_the_place_of_the_boards_own(act, pi, root):
    with lights_of(GpioSettings(led="GPIO27"), root) as lights:
        assert len(lights) == 1
    assert "[mmc0]" in (act / "trigger").read_text()


def test_a_led_of_the_board_that_is_not_ours_is_told_and_left(act, root, caplog):
    (act / "trigger").unlink()
    with lights_of(GpioSettings(), root) as lights:
        assert lights == []
    assert "no LED is lit: the board's LED ACT cannot be used" in caplog.text


# The display.


def test_without_a_display_there_is_none():
    with display_of(DisplaySettings()) as display:
        assert display is None


def test_a_display_that_is_absent_stops_nothing():
    with display_of(DisplaySettings(kind="ssd1306", bus=99)) as display:
        display.show(State.IDLE)
    assert not display._thread.is_alive()
