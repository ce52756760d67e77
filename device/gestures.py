"""What the user means by the button: debounced presses, held or tapped. Pure but for the state it keeps."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from device.events import ButtonMoved

if TYPE_CHECKING:
    from device.settings import ButtonSettings


class Gesture(Enum):
    """What a move of the button asks for."""

    START = "start recording"
    END = "end recording"


class Debouncer:
    """Takes the first edge at once and ignores what the contact does for `debounce_ms` after it.

    A mechanical contact bounces for some milliseconds (Ganssle, A Guide to Debouncing, 2004: 1.6 ms on
    average, rarely over 10), so taking the first edge costs the user no delay.
    """

    def __init__(self, debounce_ms: float) -> None:
        self._debounce_s = debounce_ms / 1000
        self._pressed = False
        self._quiet_from_s = float("-inf")
        self._latest_s = float("-inf")

    def look_again(self, move: ButtonMoved) -> ButtonMoved | None:
        """Give the move to look at when the contact is quiet, if this one may be a bounce; else `None`."""
        if self._is_overtaken(move) or move.at_s >= self._quiet_from_s:
            return None
        return ButtonMoved(move.pressed, self._quiet_from_s)

    def take(self, move: ButtonMoved) -> bool:
        """Say whether the button really changed, with all bouncing over."""
        if self._is_overtaken(move) or move.at_s < self._quiet_from_s:
            return False
        self._latest_s = move.at_s
        if move.pressed == self._pressed:
            return False
        self._pressed, self._quiet_from_s = move.pressed, move.at_s + self._debounce_s
        return True

    def _is_overtaken(self, move: ButtonMoved) -> bool:
        # A second look that was already on the queue when the contact moved on.
        return move.at_s < self._latest_s


class Gestures:
    """Reads debounced moves by the mode: hold to talk, tap to begin and end, or both."""

    def __init__(self, settings: ButtonSettings) -> None:
        self._settings = settings
        self._began_s = 0.0  # when the press that began this recording was made
        self._latched = False

    def read(self, move: ButtonMoved, *, recording: bool) -> Gesture | None:
        """Give what a move asks for.

        Args:
            move: A move that was not a bounce.
            recording: Whether a recording runs. It may have ended by itself.
        """
        if move.pressed:
            if recording:
                return Gesture.END
            self._began_s, self._latched = move.at_s, self._settings.mode == "toggle"
            return Gesture.START
        if self._latched or not recording:
            return None
        held_ms = 1000 * (move.at_s - self._began_s)
        if self._settings.mode == "both" and held_ms < self._settings.tap_ms:
            self._latched = True
            return None
        return Gesture.END
