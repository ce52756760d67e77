from __future__ import annotations

import pytest

from device.doctor import gpio
from device.doctor.finding import Verdict, examine
from device.settings import GpioSettings
from tests.hardware.fake_chips import FakeChips
from tests.hardware.own_led import own_led

OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT
WIRED = GpioSettings(button="GPIO17", led="GPIO27")
CHIP = "/dev/gpiochip0"


@pytest.fixture
def chips():
    return FakeChips("pinctrl-bcm2711", "raspberrypi-exp-gpio")


def findings(settings, chips, **machine):
    return [finding for _, finding in examine({"pins": lambda: gpio.pins(settings, chips, **machine)})]


def test_the_boards_own_led_is_looked_at_where_there_is_one(chips, tmp_path):
    wired = GpioSettings(button="GPIO17")
    assert len(findings(wired, chips, root=tmp_path)) == 1
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/compatible").write_bytes(b"raspberrypi,4-model-b\0")
    own_led(tmp_path, "ACT")
    _, led = findings(wired, chips, root=tmp_path)
    assert (led.verdict, led.found) == (OK, "led: the board's own, ACT")
    _, led = findings(wired, chips, root=tmp_path, access=lambda path, _: path.name != "trigger")
    assert (led.verdict, led.found) == (WARNING, "this user may not use the board's own LED, ACT")
    assert len(findings(GpioSettings(button="GPIO17", led=""), chips, root=tmp_path)) == 1


def test_without_pins_a_key_is_the_button(chips):
    (there,) = findings(GpioSettings(), chips)
    assert (there.verdict, there.found) == (
        OK, "GPIO is there (gpiochip0, gpiochip1); Space is the button of saykey run"
    )  # fmt: skip
    (none,) = findings(GpioSettings(), FakeChips())
    assert (none.verdict, none.found) == (OK, "no GPIO on this machine; Space is the button of saykey run")


def test_each_pin_is_looked_at_and_none_is_touched(chips):
    button, led = findings(WIRED, chips)
    assert (button.verdict, button.found) == (OK, "button: GPIO17, line 17 of gpiochip0, is free")
    assert (led.verdict, led.found) == (OK, "led: GPIO27, line 27 of gpiochip0, is free")
    assert chips.requests == []
    assert chips.levels == {}


@pytest.mark.parametrize("user", ["saykey", "lg"])
def test_a_pin_that_a_saykey_uses_is_well(chips, user):
    chips.users[CHIP, 17] = user
    button, _ = findings(WIRED, chips)
    assert (button.verdict, button.found) == (
        OK, "button: GPIO17, line 17 of gpiochip0, used by a Saykey that runs"
    )  # fmt: skip


def taken(chips):
    chips.users[CHIP, 17] = chips.users[CHIP, 27] = "spi0 CS1"


def no_rights(chips):
    chips.closed = {CHIP}


def no_chip(chips):
    chips.labels = {CHIP: "300b000.pinctrl"}


def no_line(chips):
    chips.LINES = 8


@pytest.mark.parametrize(
    ("spoil", "found", "advice"),
    [
        (taken, "GPIO17 is taken by spi0 CS1", "choose another pin"),
        (no_rights, "this user may not use /dev/gpiochip0, where GPIO17 is", "sudo usermod -aG gpio $USER"),
        (
            no_chip,
            "GPIO17 is not on this board, which has no GPIO chip pinctrl-*",
            "as the board's maker does",
        ),
        (no_line, "/dev/gpiochip0 has no line 17, which GPIO17 would be", "choose another pin"),
    ],
)
def test_what_is_wrong_with_the_button_is_a_fault_and_with_a_led_a_warning(chips, spoil, found, advice):
    spoil(chips)
    button, led = findings(WIRED, chips)
    assert (button.verdict, button.found) == (FAULT, f"button: {found}")
    assert advice in button.advice
    assert led.verdict is WARNING
    assert "GPIO27" in led.found


def test_a_led_without_a_button_leaves_the_key(chips):
    key, led = findings(GpioSettings(led="GPIO27"), chips)
    assert "Space is the button" in key.found
    assert led.verdict is OK
