"""A layout's table, and the one way in which it is written as TOML."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from device.keyboard.layout import MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device.keyboard.layout import Keystrokes

_NOT_ON_EVERY_KEYBOARD = {0x64, 0x87, 0x89}
"""The keys that ISO, Brazilian and Japanese keyboards have more than American ones: hosts read them by the
kind of keyboard that they believe in."""

_LETTERS = range(0x04, 0x1E)

_ORDER = ("ctrl", "shift", "alt", "altgr", "super")


@dataclass(frozen=True, slots=True)
class Table:
    """What a table's file holds.

    Attributes:
        title: The layout's name for people, such as "German".
        languages: CLDR codes of the languages that are mainly written with it, such as "de".
        origin: What the table was made from, with its version.
        keys: The keystrokes of each character that can be typed.
        caps: The same while Caps Lock is on, of the characters for which that differs; none for those that
            cannot be typed then.
        caps_lock_key: Whether the layout has left Caps Lock on its key.
    """

    title: str
    languages: tuple[str, ...]
    origin: str
    keys: Mapping[str, Keystrokes]
    caps: Mapping[str, Keystrokes]
    caps_lock_key: bool = True


def cost(keystrokes: Keystrokes) -> tuple[object, ...]:
    """Rank one way to type a character among others: the least is the best.

    Fewest keystrokes come first, then keys that every keyboard has, then fewest modifiers, then Shift before
    AltGr, then keys that are no letters in Latin layouts, then the lowest usages. Where a layout has a sign
    twice, the one beside a letter is the extra, and comes and goes with versions: "@" of xkb-data's se.
    """
    return (
        len(keystrokes),
        sum(each.usage in _NOT_ON_EVERY_KEYBOARD for each in keystrokes),
        sum(each.modifiers.bit_count() for each in keystrokes),
        tuple(each.modifiers for each in keystrokes),
        tuple((each.usage in _LETTERS, each.usage) for each in keystrokes),
    )


def differing(keys: Mapping[str, Keystrokes], with_caps: Mapping[str, Keystrokes]) -> dict[str, Keystrokes]:
    """Give a table's `caps` from all that can be typed with Caps Lock off and on.

    What can be typed with Caps Lock alone is left out: the keyboard never switches it on.
    """
    return {each: with_caps.get(each, ()) for each in keys if with_caps.get(each) != keys[each]}


def written(table: Table, system: str) -> str:
    """Give the text of a table's file.

    Args:
        table: The table.
        system: Its operating system, by whose name it is made anew.

    Raises:
        ValueError: It claims a control character or something longer than a code point.
    """
    languages = ", ".join(map(_quoted, table.languages))
    return "\n".join(
        (
            f"# Made by `python -m tools.layouts {system}`. Do not edit.",
            f"title = {_quoted(table.title)}",
            f"languages = [{languages}]",
            f"origin = {_quoted(table.origin)}",
            *(() if table.caps_lock_key else ("caps_lock_key = false",)),
            *_section("keys", table.keys),
            *_section("caps", table.caps),
            "",
        )
    )


def write(path: Path, table: Table) -> None:
    """Write a table's file, whole or not at all; the folder's name is the operating system's.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(written(table, path.parent.name).encode())
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise


def _section(name: str, keys: Mapping[str, Keystrokes]) -> list[str]:
    return ["", f"[{name}]", *(f"{_key(each)} = {_quoted(_strokes(keys[each]))}" for each in sorted(keys))]


def _key(character: str) -> str:
    if len(character) != 1 or unicodedata.category(character) in {"Cc", "Cs", "Cn"}:
        raise ValueError(f"{character!a} is not one character that can be typed")
    return _quoted(character)


def _strokes(keystrokes: Keystrokes) -> str:
    return " ".join(
        "+".join((*(name for name in _ORDER if each.modifiers & MODIFIERS[name]), f"{each.usage:02x}"))
        for each in keystrokes
    )


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character != " " and unicodedata.category(character)[0] in "CMZ":
        # It cannot be seen, or would join the quotation mark.
        code = ord(character)
        return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
    return character
