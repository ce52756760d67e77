from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import SettingsError
from device.hardware.pins import PI, Pin, is_lit, is_pi, parse
from device.settings import PinName

PI_NAMES = st.integers(0, 27).map(lambda number: f"GPIO{number}")
ALLWINNER = st.tuples(st.sampled_from("ABCDEFGHIJKLM"), st.integers(0, 31))
ROCKCHIP = st.tuples(st.integers(0, 4), st.sampled_from("ABCD"), st.integers(0, 7))
ANY_CHIP = st.tuples(st.integers(0, 99), st.integers(0, 999))


@pytest.mark.parametrize(
    ("name", "chip", "line"),
    [
        ("GPIO17", PI, 17),
        ("GPIO4", PI, 4),
        # The numbers that Orange Pi's and Armbian's tables give: PC6 is 70, PH2 is 226, PI16 is 272.
        ("PC6", "300b000.pinctrl", 70),
        ("PH2", "300b000.pinctrl", 226),
        ("PI16", "300b000.pinctrl", 272),
        ("PL4", "7022000.pinctrl", 4),
        # Orange Pi 5's: GPIO1_C6 is 54 = 32 + 22, GPIO4_B2 is 138 = 128 + 10.
        ("GPIO1_C6", "gpio1", 22),
        ("GPIO4_B2", "gpio4", 10),
        ("gpiochip0:17", "gpiochip0", 17),
    ],
)
def test_a_pin_is_named_as_its_board_does(name, chip, line):
    assert parse(name) == Pin(chip, line, name)


@given(PI_NAMES)
def test_a_pis_number_is_its_line(name):
    assert parse(name) == Pin(PI, int(name.removeprefix("GPIO")), name)


@given(st.lists(ALLWINNER, min_size=2, max_size=2, unique=True))
def test_two_pins_of_an_allwinner_are_two_lines(both):
    one, other = (parse(f"P{port}{number}") for port, number in both)
    assert (one.chip, one.line) != (other.chip, other.line)


@given(ROCKCHIP)
def test_a_bank_of_rockchip_is_a_chip_of_32_lines(parts):
    bank, group, number = parts
    pin = parse(f"GPIO{bank}_{group}{number}")
    assert pin.chip == f"gpio{bank}"
    assert divmod(pin.line, 8) == ("ABCD".index(group), number)


@given(ANY_CHIP)
def test_chip_and_line_are_taken_as_they_are(parts):
    chip, line = parts
    assert parse(f"gpiochip{chip}:{line}") == Pin(f"gpiochip{chip}", line, f"gpiochip{chip}:{line}")


def allowed(text):
    try:
        msgspec.convert(text, PinName)
    except msgspec.ValidationError:
        return False
    return True


def parsed(text):
    try:
        return parse(text)
    except SettingsError:
        return None


NEARLY = st.one_of(
    st.text(),
    st.text("GPIO_:gpiochABCDPLMN0123456789 \n٣", max_size=14),
    st.from_regex(r"\A(GPIO[0-9_A-D]{1,5}|P[A-Z][0-9]{1,3}|gpiochip[0-9:]{1,8})\Z"),
)


@given(NEARLY)
def test_the_settings_allow_what_is_a_pin_and_nothing_else(text):
    assert allowed(text) == (parsed(text) is not None or not text)


@given(st.from_regex(r"^(?:GPIO(?:1?[0-9]|2[0-7])|P[A-M][0-9])\Z"))
def test_what_is_allowed_can_be_used(text):
    assert allowed(text)
    assert parsed(text)


@pytest.mark.parametrize(
    "text", ["", "17", "gpio17", "GPIO28", "PN1", "PC32", "GPIO5_A0", "GPIO1_A8", "PC6\n"]
)
def test_what_is_no_pin_is_explained(text):
    with pytest.raises(SettingsError, match="is no pin: write it as"):
        parse(text)


def test_a_pi_is_known_by_its_device_tree(tmp_path):
    assert not is_pi(tmp_path)
    file = tmp_path / "sys/firmware/devicetree/base/compatible"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"xunlong,orangepi-zero2w\0allwinner,sun50i-h618\0")
    assert not is_pi(tmp_path)
    file.write_bytes(b"raspberrypi,4-model-b\0brcm,bcm2711\0")
    assert is_pi(tmp_path)


def test_a_led_of_one_colour_is_lit_for_each():
    assert [is_lit("led", *colour) for colour in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]] == [0, 1, 1, 1]
    assert [is_lit(f"led_{part}", 0, 1, 0) for part in ("red", "green", "blue")] == [0, 1, 0]
