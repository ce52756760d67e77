"""How a virtual host's layout reads keys: a table of `device/keyboard/tables`, turned round."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from device.keyboard.layout import layout_named
from device.keyboard.reports import LEFT_SHIFT, Keystroke

if TYPE_CHECKING:
    from collections.abc import Mapping

Sequence = tuple[Keystroke, ...]
"""Keystrokes that give one character: one, or dead keys and a base."""

_SPACE = Keystroke(0x2C)
_SHIFT_SPACE = Keystroke(0x2C, LEFT_SHIFT)


@dataclass(frozen=True, slots=True)
class Reading:
    """What keystrokes give while Caps Lock stays as it is.

    Attributes:
        characters: The character of each whole sequence.
        begun: Sequences that wait for another key, and give nothing yet.
    """

    characters: Mapping[Sequence, str]
    begun: frozenset[Sequence]

    def alone(self, keystroke: Keystroke) -> str:
        """Give what a keystroke types by itself; nothing for dead keys and keys without a character."""
        return self.characters.get((keystroke,), "")


@dataclass(frozen=True, slots=True)
class HostLayout:
    """A layout as the host reads it.

    Attributes:
        name: As in the settings, such as "de".
        language: The code of the language that it is made for, such as "de".
        plain: What is read while Caps Lock is off.
        caps: What is read while it is on.
    """

    name: str
    language: str
    plain: Reading
    caps: Reading


@cache
def host_layout(system: str, name: str) -> HostLayout:
    """Give a layout of an operating system.

    Args:
        system: As in the settings, such as "linux".
        name: As in the settings, such as "de".

    Raises:
        SettingsError: There is no such layout.
    """
    table = layout_named(system, name)
    same = {character: keys for character, keys in table.keys.items() if character not in table.with_caps}
    language = next(iter(table.languages), "")
    # Where both name a sequence, what is said of Caps Lock holds: so it comes last.
    return HostLayout(name, language, _reading(table.keys), _reading({**same, **table.with_caps}))


def _reading(keys: Mapping[str, Sequence]) -> Reading:
    characters = {sequence: character for character, sequence in keys.items() if sequence}
    # Tables name one way to each character; nearly every layout has this second way to the space.
    characters.setdefault((_SHIFT_SPACE,), " ")
    return Reading(
        characters, frozenset(sequence[:end] for sequence in characters for end in range(1, len(sequence)))
    )


class DeadKeys:
    """Joins accents to the letters that follow them.

    Attributes:
        waiting: The dead keys pressed so far.
    """

    def __init__(self) -> None:
        self.waiting: Sequence = ()

    def press(self, keystroke: Keystroke, reading: Reading) -> str:
        """Give what is typed now: nothing by a dead key, accent and base apart where the two do not join."""
        sequence = (*self.waiting, keystroke)
        if sequence in reading.begun:
            self.waiting = sequence
            return ""
        if sequence in reading.characters:
            self.waiting = ()
            return reading.characters[sequence]
        if not self.waiting:
            return ""
        return self.flush(reading) + self.press(keystroke, reading)

    def flush(self, reading: Reading) -> str:
        """Wait no longer; give the bare accent, as far as the layout has one."""
        waiting, self.waiting = self.waiting, ()
        return reading.characters.get((*waiting, _SPACE), "") if waiting else ""

    def take_back(self) -> bool:
        """Forget the accent that waits, as Backspace does; say whether there was one."""
        was_waiting, self.waiting = bool(self.waiting), ()
        return was_waiting
