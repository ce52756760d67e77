from __future__ import annotations

import asyncio
import time

import pytest

from device.errors import PinError
from device.events import ButtonMoved
from device.hardware.gpio_chips import KernelChips, find
from device.hardware.gpio_gpiod import GpioButton, Lamp
from device.hardware.pins import parse
from tests.hardware.fake_chips import FakeChips

CHIP = "/dev/gpiochip1"
PC6 = parse("PC6")


@pytest.fixture
def chips():
    return FakeChips("7022000.pinctrl", "300b000.pinctrl")


def press(chips, *, pressed, at_ns):
    chips.move(CHIP, PC6.line, high=not pressed, at_ns=at_ns)


# The button.


async def test_edges_are_told_with_the_kernels_time(chips):
    events = asyncio.Queue()
    button = GpioButton(PC6, chips)
    button.start(events.put_nowait)
    press(chips, pressed=True, at_ns=1_250_000_000)
    press(chips, pressed=False, at_ns=1_251_000_000)
    press(chips, pressed=True, at_ns=2_000_000_000)
    moves = [await events.get() for _ in range(3)]
    assert all(isinstance(move, ButtonMoved) for move in moves)
    assert [(move.pressed, move.at_s) for move in moves] == [(True, 1.25), (False, 1.251), (True, 2.0)]
    button.stop()


async def test_it_is_held_while_it_is_down_watched_or_not(chips):
    button = GpioButton(PC6, chips)
    assert not button.is_held()
    press(chips, pressed=True, at_ns=0)
    assert button.is_held()
    assert chips.requests == []
    button.start(lambda _: None)
    assert button.is_held()
    press(chips, pressed=False, at_ns=0)
    assert not button.is_held()
    button.stop()


def test_a_pin_that_its_pull_up_still_charges_is_not_held(chips, monkeypatch: pytest.MonkeyPatch):
    """With a capacitor at the button, it would be a drive whenever it is plugged in."""
    press(chips, pressed=True, at_ns=0)
    monkeypatch.setattr(time, "sleep", lambda _: press(chips, pressed=False, at_ns=0))
    assert not GpioButton(PC6, chips).is_held()
    assert chips.requests == []


async def test_after_the_stop_the_pin_is_anybodys_and_nothing_is_told(chips):
    told = []
    button = GpioButton(PC6, chips)
    for _ in range(2):
        button.start(told.append)
        press(chips, pressed=True, at_ns=0)
        button.stop()
        assert chips.requests == []
        press(chips, pressed=False, at_ns=0)
        await asyncio.sleep(0)
    button.stop()
    assert told == []


async def test_a_chip_that_goes_is_logged_and_leaves_the_loop_in_peace(chips, caplog):
    button = GpioButton(PC6, chips)
    button.start(lambda _: None)
    chips.requests[0].lose()
    while not caplog.records:  # noqa: ASYNC110  it tells nobody
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(caplog.records) == 1
    assert "PC6 cannot be used: No such device" in caplog.text
    button.stop()


# Which chip, and what may be in the way.


@pytest.mark.parametrize(
    ("labels", "name", "path"),
    [
        (["pinctrl-bcm2711", "raspberrypi-exp-gpio"], "GPIO17", "/dev/gpiochip0"),
        (["gpio-brcmstb@107d508500", "pinctrl-rp1"], "GPIO17", "/dev/gpiochip1"),
        (["7022000.pinctrl", "300b000.pinctrl"], "PC6", "/dev/gpiochip1"),
        (["7022000.pinctrl", "300b000.pinctrl"], "PL4", "/dev/gpiochip0"),
        (["gpio0", "gpio1", "gpio2"], "GPIO1_C6", "/dev/gpiochip1"),
        (["a", "b"], "gpiochip1:3", "/dev/gpiochip1"),
    ],
)
def test_a_chip_is_found_by_its_label_or_its_name(labels, name, path):
    assert find(parse(name), FakeChips(*labels)) == path


def test_who_names_a_chip_needs_no_right_to_the_others():
    chips = FakeChips("a", "b")
    chips.closed = {"/dev/gpiochip0"}
    assert find(parse("gpiochip1:3"), chips) == "/dev/gpiochip1"


def no_chip(chips):
    chips.labels.clear()


def no_rights(chips):
    chips.closed.add(CHIP)


def taken(chips):
    chips.users[CHIP, PC6.line] = "sysfs"


def too_few_lines(chips):
    chips.LINES = 32


FAULTS = [
    (no_chip, "PC6 is not on this board, which has no GPIO chip 300b000.pinctrl; name the pin as"),
    (no_rights, "this user may not use /dev/gpiochip1, where PC6 is; run: sudo usermod -aG gpio"),
    (taken, "PC6 is taken by another program or driver; gpioinfo says by which"),
    (too_few_lines, "/dev/gpiochip1 has no line 70, which PC6 would be"),
]


@pytest.mark.parametrize(("spoil", "said"), FAULTS)
async def test_why_a_pin_cannot_be_used_is_said(chips, spoil, said):
    spoil(chips)
    for use in (GpioButton(PC6, chips).is_held, lambda: GpioButton(PC6, chips).start(print)):
        with pytest.raises(PinError) as caught:
            use()
        assert str(caught.value).startswith(said)
    with pytest.raises(PinError):
        Lamp({"led": PC6}, active_high=True, chips=chips)
    assert chips.requests == []


def test_a_machine_without_chips_has_none(tmp_path):
    assert KernelChips(tmp_path).paths() == []
    with pytest.raises(PinError):
        find(parse("gpiochip0:1"), KernelChips(tmp_path))


def test_a_file_that_is_no_chip_is_explained(tmp_path):
    (tmp_path / "gpiochip0").write_text("")
    with pytest.raises(PinError, match="GPIO17 cannot be used"):
        find(parse("GPIO17"), KernelChips(tmp_path))


# The lamp.

RGB = {key: parse(name) for key, name in [("led_red", "PC1"), ("led_green", "PC2"), ("led_blue", "PC3")]}


def levels(chips):
    return [chips.levels[CHIP, pin.line] for pin in RGB.values()]


@pytest.mark.parametrize("active_high", [True, False])
def test_each_part_is_lit_as_the_colour_says_and_dark_at_the_end(chips, active_high):
    lamp = Lamp(RGB, active_high=active_high, chips=chips)
    assert levels(chips) == [not active_high] * 3
    lamp.set(1, 0, 1)
    assert levels(chips) == [active_high, not active_high, active_high]
    lamp.close()
    assert levels(chips) == [not active_high] * 3
    assert chips.requests == []
    lamp.close()


def test_of_a_lamp_that_cannot_be_had_nothing_is_kept(chips):
    chips.users[CHIP, RGB["led_blue"].line] = "spi"
    with pytest.raises(PinError, match="PC3 is taken"):
        Lamp(RGB, active_high=True, chips=chips)
    assert chips.requests == []


def test_a_lamp_whose_chip_goes_says_so_and_can_be_closed(chips):
    lamp = Lamp(RGB, active_high=True, chips=chips)
    for request in chips.requests:
        request.lose()
    with pytest.raises(PinError, match="PC1 cannot be used"):
        lamp.set(1, 1, 1)
    lamp.close()
    assert chips.requests == []
