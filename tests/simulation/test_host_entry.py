"""Characters entered by their code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.keyboard import layout as tables
from device.keyboard.layout import layout_named
from device.keyboard.reports import LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, RIGHT_ALT
from device.simulation.host_layout import host_layout
from device.simulation.virtual_host import CAPS_LOCK_LED, NUM_LOCK_LED, VirtualHost

START = LEFT_CTRL | LEFT_SHIFT
U, SPACE, ENTER, BACKSPACE, ESCAPE = 0x18, 0x2C, 0x28, 0x2A, 0x29
US = layout_named("linux", "us")
KEYPAD = {"0": 0x62, **{str(digit): 0x58 + digit for digit in range(1, 10)}}
CHARACTERS = st.characters(min_codepoint=1, exclude_categories=["Cs"])


def down(host, usage=0, modifiers=0):
    host.receive(bytes((modifiers, 0, usage, 0, 0, 0, 0, 0)))


def tap(host, usage, modifiers=0):
    down(host, usage, modifiers)
    down(host)


def write(host, text, table=US):
    for character in text:
        for key in table.keystrokes(character):
            tap(host, key.usage, key.modifiers)


def with_u(host, code, end=SPACE):
    tap(host, U, START)
    write(host, code)
    tap(host, end)


@pytest.fixture
def linux():
    return VirtualHost("linux")


@given(st.text(CHARACTERS, max_size=5))
def test_linux_takes_any_character(text):
    host = VirtualHost("linux")
    for character in text:
        with_u(host, f"{ord(character):x}")
        write(host, "x")
    assert host.text == "".join(character + "x" for character in text)


def test_linux_takes_leading_zeros_and_enter(linux):
    with_u(linux, "0020ac", ENTER)
    assert linux.text == "€"


def test_linux_takes_the_keypads_digits(linux):
    linux.leds = NUM_LOCK_LED
    tap(linux, U, START)
    for digit in "263":
        tap(linux, KEYPAD[digit])
    write(linux, "a ")
    assert linux.text == "☺"


@pytest.mark.parametrize("code", ["0", "d800", "dfff", "110000", "ffffff"])
def test_linux_types_nothing_for_a_code_of_no_character(linux, code):
    with_u(linux, code)
    write(linux, "x")
    assert linux.text == "x"


def test_linux_swallows_what_is_no_digit_and_more_than_six(linux):
    with_u(linux, "0x0,0;041ff")
    assert linux.text == "A"


def test_linux_waits_for_a_first_digit(linux):
    tap(linux, U, START)
    write(linux, " 41 ")
    assert linux.text == "A"


def test_linux_lets_a_code_be_corrected_and_given_up(linux):
    tap(linux, U, START)
    write(linux, "42")
    tap(linux, BACKSPACE)
    write(linux, "1 ")
    assert linux.text == "A"
    tap(linux, U, START)
    write(linux, "4")
    tap(linux, ESCAPE)
    tap(linux, U, START)
    tap(linux, BACKSPACE)
    write(linux, "x")
    assert linux.text == "Ax"


def test_linux_begins_anew_at_another_ctrl_shift_u(linux):
    tap(linux, U, START)
    with_u(linux, "41")
    assert linux.text == "A"


def test_linux_ends_a_code_when_shift_comes_up_after_a_digit():
    # As on a French keyboard, whose digits need Shift: the second digit is text already.
    host = VirtualHost("linux", "fr")
    french = layout_named("linux", "fr")
    tap(host, U, START)
    write(host, "41", french)
    assert host.text == "\x041"


def test_linux_takes_digits_with_ctrl_and_shift_held_to_the_end():
    host = VirtualHost("linux", "fr")
    french = layout_named("linux", "fr")
    for key in (french.keystrokes(character)[0] for character in "U20AC"):
        down(host, key.usage, START)
        down(host, 0, START)
    assert host.text == ""
    down(host)
    assert host.text == "€"


def test_linux_reads_the_characters_of_its_layout(linux):
    # With Shift held the digits of a US keyboard are none.
    for usage in (U, 0x21, 0x1E):
        down(linux, usage, START)
    down(linux)
    write(linux, "41 ")
    assert linux.text == "A"


def test_linux_does_not_begin_with_caps_lock_on(linux):
    linux.leds = CAPS_LOCK_LED
    tap(linux, U, START)
    tap(linux, 0x1E)
    assert linux.text == "1"


def test_linux_swallows_shortcuts_in_a_code(linux):
    tap(linux, U, START)
    tap(linux, 0x1E, LEFT_CTRL)
    write(linux, "41 ")
    assert linux.text == "A"


def test_linux_reads_a_code_after_a_dead_key_on_its_own():
    host = VirtualHost("linux", "us-intl")
    tap(host, U, START)
    tap(host, 0x34)  # a dead key: no digit
    write(host, "41")
    tap(host, SPACE)
    assert host.text == "A"


@pytest.mark.parametrize("system", ["other", "android"])
def test_other_systems_take_ctrl_shift_u_for_a_shortcut(system):
    host = VirtualHost(system)
    with_u(host, "41")
    assert host.text == "41 "


MINI = """
title = "Mini"
languages = ["{language}"]
origin = "made up"
[keys]
" " = "2c"
{letters}
[caps]
"""
LETTERS = "\n".join(
    f'"{character}" = "{usage:02x}"'
    for usage, character in enumerate("abcdefghijklmnopqrstuvwxyz1234567890", 4)
)


@pytest.fixture
def layouts(tmp_path, monkeypatch):
    """Have layouts of Windows and macOS."""
    for path, language in {
        "windows/english": "en",
        "windows/czech": "cs",
        "windows/greek": "el",
        "macos/english": "en",
        "macos/unicode-hex": "en",
    }.items():
        file = tmp_path / f"{path}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(MINI.format(language=language, letters=LETTERS), encoding="utf-8")
    monkeypatch.setattr(tables, "TABLES", tmp_path)
    host_layout.cache_clear()
    yield
    host_layout.cache_clear()


@pytest.fixture
def windows(layouts):
    host = VirtualHost("windows", "english")
    host.leds = NUM_LOCK_LED
    return host


def with_alt(host, code):
    for digit in code:
        down(host, 0, LEFT_ALT)
        down(host, KEYPAD[digit], LEFT_ALT)
    down(host)


@pytest.mark.parametrize(
    ("layout", "page"), [("english", "cp1252"), ("czech", "cp1250"), ("greek", "cp1253")]
)
def test_windows_takes_every_character_of_its_code_page(layouts, layout, page):
    host = VirtualHost("windows", layout)
    host.leds = NUM_LOCK_LED
    characters = bytes(range(1, 256)).decode(page, "ignore")
    for character in characters:
        with_alt(host, f"{character.encode(page)[0]:04}")
    assert host.text == characters


def test_windows_types_a_code_when_alt_comes_up(windows):
    for digit in "0128":
        down(windows, KEYPAD[digit], LEFT_ALT)
        down(windows, 0, LEFT_ALT)
    assert windows.text == ""
    down(windows, 0x04)
    assert windows.text == "€a"


def test_windows_takes_codes_without_a_zero_from_msdos(windows):
    with_alt(windows, "130")
    with_alt(windows, "0386")  # 130 and 256
    with_alt(windows, "0256")
    assert windows.text == "é\N{SINGLE LOW-9 QUOTATION MARK}"


def test_windows_needs_num_lock_for_codes(windows):
    windows.leds = 0
    with_alt(windows, "0128")
    assert windows.text == ""


def test_windows_forgets_a_code_at_another_key(windows):
    for digit in "01":
        down(windows, KEYPAD[digit], LEFT_ALT)
    down(windows, 0x04, LEFT_ALT)
    with_alt(windows, "065")
    assert windows.text == "A"


def test_windows_types_digits_without_alt(windows):
    tap(windows, KEYPAD["1"])
    tap(windows, KEYPAD["2"], RIGHT_ALT)
    tap(windows, KEYPAD["3"], LEFT_ALT | LEFT_CTRL)
    assert windows.text == "12"


def test_windows_types_what_there_is_of_a_code_when_the_cable_is_pulled(windows):
    for digit in "065":
        down(windows, KEYPAD[digit], LEFT_ALT)
    windows.release_all()
    assert windows.text == "A"


def with_option(host, code, option=RIGHT_ALT):
    table = layout_named("macos", "unicode-hex")
    for digit in code:
        for key in table.keystrokes(digit):
            down(host, key.usage, option)
            down(host, 0, option)


@pytest.mark.parametrize("option", [LEFT_ALT, RIGHT_ALT])
def test_macos_takes_utf16_while_option_is_held(layouts, option):
    host = VirtualHost("macos", "unicode-hex")
    text = "aé€漢🙂👍"
    with_option(host, text.encode("utf-16-be").hex(), option)
    assert host.text == text
    down(host)
    tap(host, 0x04)
    assert host.text == text + "a"


def test_macos_drops_what_is_not_complete(layouts):
    host = VirtualHost("macos", "unicode-hex")
    with_option(host, "20a")
    down(host)
    with_option(host, "c20x20ac")
    down(host)
    assert host.text == "€"
    with_option(host, "d83d")
    assert host.text == "€"
    down(host)
    assert host.text == "€\ufffd"


def test_macos_takes_codes_in_that_layout_only(layouts):
    host = VirtualHost("macos", "english")
    with_option(host, "20ac")
    assert host.text == ""
