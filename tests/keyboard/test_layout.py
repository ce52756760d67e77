import string

import pytest

from device.errors import SettingsError
from device.keyboard.layout import layout_named
from device.keyboard.reports import LEFT_SHIFT, Keystroke

PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]


def test_us_types_all_of_printable_ascii_with_one_key_each():
    us = layout_named("us")
    strokes = [us.keystrokes(character) for character in PRINTABLE]
    assert all(stroke is not None and len(stroke) == 1 for stroke in strokes)
    assert len(set(strokes)) == len(PRINTABLE)
    assert set(us.keys) == set(PRINTABLE)


def test_us_keys_as_the_usage_tables_have_them():
    us = layout_named("us")
    assert us.keystrokes("a") == (Keystroke(0x04),)
    assert us.keystrokes("Z") == (Keystroke(0x1D, LEFT_SHIFT),)
    assert us.keystrokes("0") == (Keystroke(0x27),)
    assert us.keystrokes('"') == (Keystroke(0x34, LEFT_SHIFT),)
    assert us.keystrokes("|") == (Keystroke(0x31, LEFT_SHIFT),)


@pytest.mark.parametrize("control", [*map(chr, range(0x20)), "\x7f"])
def test_control_characters_are_not_typed_unless_asked_for(control):
    assert layout_named("us").keystrokes(control) is None


def test_enter_and_tab_are_typed_when_asked_for_each_by_itself():
    with_enter = layout_named("us", controls="\n")
    assert with_enter.keystrokes("\n") == (Keystroke(0x28),)
    assert with_enter.keystrokes("\t") is None
    assert layout_named("us", controls="\t").keystrokes("\t") == (Keystroke(0x2B),)
    assert layout_named("us").keystrokes("\n") is None


def test_letters_beyond_the_layout_have_no_keys():
    assert not any(layout_named("us").keystrokes(letter) for letter in "éß€漢")


def test_an_unknown_layout_says_which_there_are():
    with pytest.raises(SettingsError, match="'klingon'"):
        layout_named("klingon")


def test_letters_use_the_same_key_for_both_cases():
    us = layout_named("us")
    for lower, upper in zip(string.ascii_lowercase, string.ascii_uppercase, strict=True):
        ((plain,), (shifted,)) = us.keys[lower], us.keys[upper]
        assert plain.usage == shifted.usage
