"""Which keys type which characters, as the host's layout reads them.

The tables in `tables/` are data, one file for a layout of an operating system, made by `tools/layouts`.
A keystroke is written as the key's usage in hexadecimal behind its modifiers, such as "shift+altgr+1f";
a character that takes several has them with spaces between.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from device.errors import SettingsError
from device.keyboard.reports import LEFT_ALT, LEFT_CTRL, LEFT_GUI, LEFT_SHIFT, RIGHT_ALT, Keystroke

if TYPE_CHECKING:
    from collections.abc import Mapping

Keystrokes = tuple[Keystroke, ...]

MODIFIERS = {"ctrl": LEFT_CTRL, "shift": LEFT_SHIFT, "alt": LEFT_ALT, "super": LEFT_GUI, "altgr": RIGHT_ALT}
"""The names of modifiers in tables and settings."""

TABLES = Path(__file__).with_name("tables")

SYSTEMS = ("linux", "windows", "macos")
"""The operating systems that have tables of their own."""

# Whose tables an operating system reads by, where it has none of its own. An iPad reads a keyboard as a
# Mac does, and Android's keymaps follow Linux's.
_TABLES_OF = {"ios": "macos", "android": "linux", "other": "linux"}


@dataclass(frozen=True, slots=True)
class Layout:
    """A keyboard layout of the host.

    Attributes:
        name: As in the settings, such as "de".
        title: For people, such as "German".
        languages: Codes of the languages that are written with it, such as "de".
        origin: Where the table comes from.
        keys: The keystrokes of each character that can be typed; more than one where a dead key is needed.
        with_caps: The same while Caps Lock is on, of the characters for which that differs; none for those
            that cannot be typed then.
        caps_lock_key: Whether the Caps Lock key is one. Colemak has Backspace there.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    origin: str
    keys: Mapping[str, Keystrokes]
    with_caps: Mapping[str, Keystrokes]
    caps_lock_key: bool = True

    def keystrokes(self, character: str, *, caps: bool = False) -> Keystrokes | None:
        """Give the keystrokes that type a character, or `None` when there are none.

        Args:
            character: One code point.
            caps: Whether Caps Lock is on.
        """
        if caps and character in self.with_caps:
            return self.with_caps[character] or None
        return self.keys.get(character)


def layouts(system: str) -> list[str]:
    """Give the names of the layouts that there are for an operating system, in alphabetical order."""
    return sorted(path.stem for path in _folder(system).glob("*.toml"))


@cache
def layout_named(system: str, name: str) -> Layout:
    """Find a layout of an operating system.

    Args:
        system: As in the settings, such as "linux".
        name: As in the settings, such as "de".

    Raises:
        SettingsError: There is no such layout.
    """
    known = layouts(system)
    if name not in known:
        raise SettingsError(f"there is no layout {name!r} for {system}: choose one of {', '.join(known)}")
    table = tomllib.loads((_folder(system) / f"{name}.toml").read_text(encoding="utf-8"))
    return Layout(
        name,
        table["title"],
        tuple(table["languages"]),
        table["origin"],
        _keys(table["keys"]),
        _keys(table["caps"]),
        table.get("caps_lock_key", True),
    )


def keystroke(written: str) -> Keystroke:
    """Read a keystroke as tables and settings write it, such as "shift+04"; the key may be missing.

    Raises:
        ValueError: It is none.
    """
    *modifiers, last = written.split("+")
    usage = 0
    if last in MODIFIERS:
        modifiers.append(last)
    else:
        usage = int(last, 16)
    if unknown := set(modifiers) - MODIFIERS.keys():
        raise ValueError(f"no modifier is called {unknown.pop()!r}")
    return Keystroke(usage, sum({MODIFIERS[modifier] for modifier in modifiers}))


def _folder(system: str) -> Path:
    return TABLES / _TABLES_OF.get(system, system)


def _keys(section: Mapping[str, str]) -> Mapping[str, Keystrokes]:
    return MappingProxyType(
        {character: tuple(map(keystroke, written.split())) for character, written in section.items()}
    )
