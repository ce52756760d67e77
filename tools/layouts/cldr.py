"""Makes a table from a keyboard of Unicode CLDR.

CLDR dropped its keyboards after release 44. Release 43 has an archive of them alone, in which the folder
`keyboards` holds windows/ and osx/: the layouts as of Windows 10 and macOS 10.9.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from device.keyboard.reports import Keystroke
from tools.layouts.cldr_keyboard import read_keyboard
from tools.layouts.table import Table, cost, differing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from device.keyboard.layout import Keystrokes
    from tools.layouts.cldr_keyboard import CldrKeyboard, Held, Output

KEYBOARDS = Path(__file__).parents[2] / "build" / "cldr-keyboards"
"""Where the folder `keyboards` of CLDR 43 is to lie; the project does not carry it."""

_ROWS = {
    "E": (*range(0x1E, 0x28), 0x2D, 0x2E),
    "D": (0x14, 0x1A, 0x08, 0x15, 0x17, 0x1C, 0x18, 0x0C, 0x12, 0x13, 0x2F, 0x30),
    "C": (0x04, 0x16, 0x07, 0x09, 0x0A, 0x0B, 0x0D, 0x0E, 0x0F, 0x33, 0x34),
    "B": (0x1D, 0x1B, 0x06, 0x19, 0x05, 0x11, 0x10, 0x36, 0x37, 0x38),
}

_OTHERS = {"E00": 0x35, "D13": 0x31, "C12": 0x31, "B00": 0x64, "B11": 0x87, "A03": 0x2C}

USAGES = _OTHERS | {
    f"{row}{column:02}": usage for row, usages in _ROWS.items() for column, usage in enumerate(usages, 1)
}
"""ISO positions (ISO/IEC 9995-1) as usages (HID Usage Tables 1.5, page 0x07).

The key that is D13 or C12 by the keyboard's shape is the backslash of an ANSI one. B11 is beside the right
Shift of Brazilian keyboards.
"""


class Source(NamedTuple):
    """A layout, and where it comes from.

    Attributes:
        name: As in Saykey's settings.
        title: As the operating system calls it in English.
        languages: CLDR codes of the languages that are mainly written with it.
        keyboard: CLDR's locale and variant of it, such as "en/dvorak".
    """

    name: str
    title: str
    languages: str
    keyboard: str


def table_of(
    source: Source, folder: Path, system: str, levels: Mapping[int, Held], usages: Mapping[str, int]
) -> Table:
    """Make the table of one layout.

    Args:
        source: The layout.
        folder: CLDR's keyboards of the operating system.
        system: The operating system and whatever else the table holds for, for the origin.
        levels: Modifiers of a report, and as which CLDR knows them.
        usages: The keys by their ISO positions.

    Raises:
        SaykeyError: CLDR's file is missing.
    """
    locale, _, variant = source.keyboard.partition("/")
    path = folder / f"{locale}-t-k0-{folder.name}{variant and '-'}{variant}.xml"
    keyboard = read_keyboard(path)
    keys = _typed(keyboard, levels, usages)
    caps = _typed(keyboard, {modifiers: held | {"caps"} for modifiers, held in levels.items()}, usages)
    origin = f"Unicode CLDR 43, keyboards/{folder.name}/{path.name} ({system})"
    return Table(source.title, tuple(source.languages.split()), origin, keys, differing(keys, caps))


def _typed(
    keyboard: CldrKeyboard, levels: Mapping[int, Held], usages: Mapping[str, int]
) -> dict[str, Keystrokes]:
    """Give the best keystrokes for each character."""
    waiting = keyboard.waiting()
    combining: dict[str, Keystrokes] = {}
    typed: dict[str, Keystrokes] = {}
    for keystroke, output in _strokes(keyboard, levels, usages):
        if output.combines:
            _keep(combining, output.text, (keystroke,))
        if not (output.combines and output.text in waiting):
            _keep(typed, output.text, (keystroke,))
    for begun, becomes in keyboard.transforms.items():
        if all(character in combining for character in begun):
            _keep(typed, becomes, tuple(combining[character][0] for character in begun))
    return {text: keystrokes for text, keystrokes in typed.items() if _is_one_character(text)}


def _strokes(
    keyboard: CldrKeyboard, levels: Mapping[int, Held], usages: Mapping[str, int]
) -> Iterator[tuple[Keystroke, Output]]:
    for modifiers, held in levels.items():
        for position, output in keyboard.outputs(held).items():
            if position in usages:
                yield Keystroke(usages[position], modifiers), output


def _keep(best: dict[str, Keystrokes], text: str, keystrokes: Keystrokes) -> None:
    if text not in best or cost(keystrokes) < cost(best[text]):
        best[text] = keystrokes


def _is_one_character(text: str) -> bool:
    """Tell ligatures apart, and what is no character elsewhere: controls, Apple's logo."""
    return len(text) == 1 and unicodedata.category(text) not in {"Cc", "Cn", "Co", "Cs"}
