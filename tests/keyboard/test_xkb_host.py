"""The oracle itself, by reports written by hand from what is printed on keys."""

from __future__ import annotations

import pytest

from device.errors import SaykeyError
from tests.keyboard.xkb_host import XkbHost
from tools.layouts.xkb import Compose, Keymap


def host(layout: str, variant: str = "", options: str = "", **locks: bool) -> XkbHost:
    try:
        return XkbHost(Keymap(layout, variant, options), **locks)
    except SaykeyError as error:
        pytest.skip(str(error))


def typed(host: XkbHost, *reports: str) -> str:
    """Type reports written as "modifiers keys", such as "02 04"; "-" is all keys up."""
    for written in reports:
        modifiers, *keys = bytes.fromhex(written.replace("-", "00"))
        host.read(bytes((modifiers, 0, *keys)).ljust(8, b"\0"))
    return host.text


@pytest.mark.parametrize(
    ("layout", "reports", "text"),
    [
        ("us", ["00 04", "-", "02 04", "02", "-"], "aA"),
        ("us", ["00 04", "00 05", "-"], "ab"),  # the first key comes up as the second goes down
        ("us", ["00 04", "00 05 04", "00 05", "-"], "ab"),  # a key that stays down is not pressed again
        ("us", ["00 05", "00 05 04", "00 04", "-"], "ba"),
        ("us", ["02 04", "00 05", "-"], "Ab"),  # modifiers are read before keys
        ("de", ["40 14", "-"], "@"),
        ("de", ["00 1c", "00 1d", "-"], "zy"),
        ("de", ["00 35", "-", "00 08", "-"], "ê"),
        ("de", ["00 35", "-", "00 2c", "-"], "^"),
        ("de", ["00 35", "-", "00 07", "-", "00 07", "-"], "d"),  # no such letter: both keys are lost
        ("fr", ["00 14", "00 1e", "-", "02 1e", "-"], "a&1"),
        ("us", ["00 1e", "00 01", "-"], "1"),  # an error is no key
        ("us", ["00 28", "00 2b", "-"], "\n\t"),
        ("us", ["00 04", "00 05", "00 2a", "-"], "a"),
    ],
)
def test_reads_keys_as_a_linux_computer(layout, reports, text):
    reader = host(layout)
    assert typed(reader, *reports) == text
    assert reader.is_at_rest


def test_caps_lock_turns_letters_and_lights_its_led():
    reader = host("us")
    assert typed(reader, "00 39", "-", "00 04", "-", "02 04", "00 1e", "-") == "Aa1"
    assert reader.leds == 2
    typed(reader, "00 39", "-")
    assert reader.leds == 0


def test_locks_can_be_set_before():
    reader = host("us", caps=True, num=True)
    assert reader.leds == 3
    assert typed(reader, "00 04", "00 59", "-") == "A1"
    typed(reader, "00 53", "-")
    assert reader.leds == 2


def test_a_dead_key_waits_for_the_next():
    reader = host("de")
    assert typed(reader, "00 35", "-") == ""
    assert not reader.is_at_rest


def test_a_key_that_is_down_is_no_rest():
    reader = host("us")
    typed(reader, "00 04")
    assert not reader.is_at_rest


def test_a_code_is_entered_by_ctrl_shift_u():
    digits = ["00 1e", "00 09", "00 23", "00 27", "-", "00 27"]  # 1f600
    assert typed(host("us"), "03 18", "03", "-", *digits, "00 2c", "-") == "😀"
    assert typed(host("us"), "03 18", "-", *digits, "00 28", "-") == "😀"
    assert typed(host("us"), "03 18", "-", "00 08", "00 2a", "-", "00 08", "00 26", "00 28", "-") == "é"


def test_a_code_ends_when_ctrl_or_shift_comes_up():
    assert typed(host("us"), "03 18", "03", "03 08", "03", "03 04", "03", "01", "-") == "ê"
    assert typed(host("fr"), "03 18", "03", "03 08", "03", "03 26", "-") == "é"
    assert typed(host("us"), "03 18", "-", "02 08", "-", "00 26", "-") == "\x0e9"


def test_a_code_begins_with_a_capital_letter_only():
    with pytest.raises(AssertionError):
        typed(host("us", caps=True), "03 18")


@pytest.mark.parametrize(
    "reports",
    [["01 06"], ["04 04"], ["08 04"], ["03 18", "01 1e"], ["03 18", "03 1e"], ["03 18", "-", "00 0a"]],
)
def test_what_is_no_text_is_an_error(reports):
    with pytest.raises(AssertionError):
        typed(host("us"), *reports)


def test_two_layouts_are_switched_by_their_toggle():
    reader = host("ru,us", ",", "grp:alt_shift_toggle")
    assert typed(reader, "00 04", "-", "06", "-", "00 04", "-", "04", "06", "-", "00 04", "-") == "фaф"


@pytest.mark.parametrize("cluster", ["é", "e\u0301", "👩\u200d🚀", "🇨🇭", "👍🏽", "\u0928\u0940"])
def test_backspace_takes_a_whole_character(cluster):
    reader = host("us")
    reader.text = "a" + cluster
    assert typed(reader, "00 2a", "-") == "a"


def test_what_is_not_there_is_said():
    host("us")
    with pytest.raises(SaykeyError, match="no layout 'xx'"):
        Keymap("xx")
    with pytest.raises(SaykeyError, match="libx11-data"):
        Compose("xx_XX.UTF-8")
