"""Characters beyond the layout, entered by their code, as each operating system lets them be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.keyboard.reports import LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, NO_KEY, RIGHT_ALT, Keystroke

if TYPE_CHECKING:
    from device.keyboard.layout import Keystrokes, Layout

_KEYPAD = {"0": 0x62, **{str(digit): 0x58 + digit for digit in range(1, 10)}}
"""Usages of the keypad's digits (HID Usage Tables 1.5, page 0x07)."""

# Alt and a code with a leading zero give a character of the code page of the layout's language
# (Microsoft, "Windows Code Pages"): 1252 but for these.
_CODE_PAGES = {
    **dict.fromkeys(("bs", "cs", "hr", "hu", "pl", "ro", "sk", "sl", "sr-Latn"), "cp1250"),
    **dict.fromkeys(("be", "bg", "mk", "ru", "sr", "uk"), "cp1251"),
    "el": "cp1253",
    "tr": "cp1254",
    "he": "cp1255",
    **dict.fromkeys(("et", "lt", "lv"), "cp1257"),
}


def by_code(character: str, system: str, layout: Layout) -> Keystrokes | None:
    """Give the keystrokes that enter a character by its code while Caps Lock is off.

    Args:
        character: One code point.
        system: The host's operating system. On Windows, Num Lock must be on.
        layout: The layout that is active there.

    Returns:
        `None` when the system has no such way, or not for this character. With `NO_KEY` at the end, the keys
        count only together, while their modifiers stay down.
    """
    match system:
        case "linux":
            return _ctrl_shift_u(character, layout)
        case "windows":
            return _alt_and_keypad(character, layout)
        case "macos" if layout.name == "unicode-hex":
            return _unicode_hex_input(character, layout)
    return None


def _ctrl_shift_u(character: str, layout: Layout) -> Keystrokes | None:
    """Enter by hexadecimal code: Ctrl+Shift+U and the digits.

    Space ends it, or the release of Ctrl and Shift where those stay down for digits that need Shift, as on
    a French layout (GTK 4, gtkimcontextsimple.c; IBus, ibusenginesimple.c).
    """
    code = f"{ord(character):x}"
    start = _keys("u", layout)
    if not _all_have(0, start):
        return None
    held = LEFT_CTRL | LEFT_SHIFT
    if _all_have(0, plain := _keys(code + " ", layout)):
        return (*_with(held, start), *plain)
    if _all_have(LEFT_SHIFT, shifted := _keys(code.upper(), layout)):
        return (*_with(held, start), *_with(held, shifted), NO_KEY)
    return None


def _alt_and_keypad(character: str, layout: Layout) -> Keystrokes | None:
    """Enter by decimal code of the code page: the digits on the keypad while Alt is down."""
    page = next((_CODE_PAGES[each] for each in layout.languages if each in _CODE_PAGES), "cp1252")
    try:
        code = character.encode(page)[0]
    except UnicodeEncodeError:
        return None
    digits = (Keystroke(_KEYPAD[digit], LEFT_ALT) for digit in f"{code:04}")
    return (*digits, NO_KEY)  # only when Alt comes up does the host type it


def _unicode_hex_input(character: str, layout: Layout) -> Keystrokes | None:
    """Enter the UTF-16 code units, each as four hexadecimal digits, while Option is down."""
    digits = _keys(character.encode("utf-16-be").hex(), layout)
    return (*_with(RIGHT_ALT, digits), NO_KEY) if _all_have(0, digits) else None


def _keys(characters: str, layout: Layout) -> Keystrokes:
    """Give one keystroke for each character, or nothing: a dead key would end the entry of a code."""
    parts = [layout.keystrokes(character) for character in characters]
    found = tuple(part[0] for part in parts if part is not None and len(part) == 1)
    return found if len(found) == len(parts) else ()


def _all_have(modifiers: int, keys: Keystrokes) -> bool:
    return bool(keys) and all(key.modifiers == modifiers for key in keys)


def _with(modifiers: int, keys: Keystrokes) -> Keystrokes:
    return tuple(Keystroke(key.usage, modifiers) for key in keys)
