"""The chord that switches a virtual host's layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.keyboard.reports import Keystroke


class Toggle:
    """Watches for the chord: down exactly, then released.

    Attributes:
        armed: The chord is down, and nothing else was since its first key went down.
    """

    def __init__(self, chord: Keystroke) -> None:
        """Watch for a chord; one of no key and no modifier never comes."""
        self.armed = False
        self._chord = (chord.modifiers, {chord.usage} - {0})
        self._down: tuple[int, set[int]] = (0, set())

    def follow(self, modifiers: int, keys: tuple[int, ...]) -> bool:
        """Take in what is down now; say whether the layout switches."""
        before, self._down = self._down, (modifiers, set(keys))
        was_armed, self.armed = self.armed, False
        if self._down == self._chord:
            # After more than the chord was down, such as Ctrl+Shift+U, what is left of it means nothing.
            self.armed = was_armed or (before != self._chord and self._is_part(*before))
            return False
        return was_armed and self._is_part(*self._down)

    def _is_part(self, modifiers: int, keys: set[int]) -> bool:
        return not modifiers & ~self._chord[0] and keys <= self._chord[1]
