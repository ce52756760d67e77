"""What the user means by the button, held or tapped, once or more. Pure but for the state it keeps."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

from device.events import ButtonMoved

if TYPE_CHECKING:
    from device.settings import ButtonSettings


class Gesture(Enum):
    """What the button asks for.

    What presses recorded in doubt was not meant to be recorded when `UNDO`, `AGAIN`, one of the `NEXT_...`,
    `HANDS_FREE` or `FORGET_CORRECTIONS` comes of them. A `SETTLE` behind those is for a recording that still
    runs. A `PAIR` or one `..._IN_SILENCE` is for a press with which nothing was said, and any other one goes
    on as if there had been none.
    """

    START = "start recording"
    END = "end recording"
    SETTLE = "what was recorded in doubt is a dictation"
    UNDO = "take the last dictation back"
    AGAIN = "type the last dictation again"
    NEXT_HOST = "type into the next host"
    NEXT_LANGUAGE = "speak the next language"
    NEXT_MODEL = "recognise with the next model"
    PAIR = "let a host pair"
    CONFIRM = "let the host pair that asks to"
    MUTE = "mute the microphone, or end that"
    HANDS_FREE = "open the microphone for dictations that begin by themselves, or end that"
    HANDS_FREE_IN_SILENCE = "the same, if nothing was said"
    FORGET_CORRECTIONS = "delete the corrections that are kept"
    FORGET_IN_SILENCE = "delete them, by a press with which nothing was said"


_ACTIONS = {
    "undo": Gesture.UNDO,
    "again": Gesture.AGAIN,
    "next_host": Gesture.NEXT_HOST,
    "hands_free": Gesture.HANDS_FREE,
    "next_language": Gesture.NEXT_LANGUAGE,
    "next_model": Gesture.NEXT_MODEL,
    "forget_corrections": Gesture.FORGET_CORRECTIONS,
}
_LONG = {
    "pair": Gesture.PAIR,
    "hands_free": Gesture.HANDS_FREE_IN_SILENCE,
    "forget_corrections": Gesture.FORGET_IN_SILENCE,
}


class Debouncer:
    """Takes the first edge at once and looks only `debounce_ms` later where the contact is then.

    A mechanical contact bounces for some milliseconds (Ganssle, A Guide to Debouncing, 2004: 1.6 ms on
    average, rarely over 10), so taking the first edge costs the user no delay. What counts is when the
    contact moved, not when a busy device comes to hear of it.
    """

    def __init__(self, debounce_ms: float) -> None:
        self._debounce_s = debounce_ms / 1000
        self._pressed = self._contact = False  # what counts, and what the contact says
        self._moved_s = self._quiet_from_s = -math.inf

    @property
    def due_s(self) -> float | None:
        """When it counts where the contact is, if it stays there; `None` if it counts already."""
        return max(self._moved_s, self._quiet_from_s) if self._contact != self._pressed else None

    def move(self, move: ButtonMoved) -> list[ButtonMoved]:
        """Give the button's moves that count now that its contact has moved."""
        moves = self.wait(move.at_s)
        self._contact, self._moved_s = move.pressed, move.at_s
        return moves + self.wait(move.at_s)

    def wait(self, until_s: float) -> list[ButtonMoved]:
        """Give the button's move that counts if its contact has not moved until then."""
        due_s = self.due_s
        if due_s is None or until_s < due_s:
            return []
        self._pressed, self._quiet_from_s = self._contact, due_s + self._debounce_s
        return [ButtonMoved(self._pressed, due_s)]


class Gestures:
    """Reads debounced moves by the mode: hold to talk, tap to begin and end, or both.

    A press asks for a recording at once, whatever it turns out to be. It is in doubt while it may still be
    one of a double or triple press: as long as it is short, and then until it is too late for the next one.
    A press that ends a recording is never in doubt, nor is it a long one, so that no press means two things.
    """

    def __init__(self, settings: ButtonSettings) -> None:
        tap_s, self._gap_s = settings.tap_ms / 1000, settings.gap_ms / 1000
        self._tap_s = min(tap_s, self._gap_s)  # behind a longer press, any other one is too late
        self._latches_under_s = {"hold": 0.0, "both": tap_s, "toggle": float("inf")}[settings.mode]
        actions = {2: settings.double_press, 3: settings.triple_press}
        self._actions = {taps: _ACTIONS[action] for taps, action in actions.items() if action != "none"}
        self._long = _LONG.get(settings.long_press)
        self._long_s = settings.long_press_s if self._long else math.inf
        self._taps = 0
        self._in_doubt = False
        self._pressed = False
        self._pressed_s = 0.0
        self._ends_after_s = 0.0  # a press that lasts as long ends its recording when it ends
        self._long_at_s = math.inf  # when the button is held for a long press

    @property
    def in_doubt(self) -> bool:
        """Whether the latest press may still be one of a double or triple press."""
        return self._in_doubt

    @property
    def is_down(self) -> bool:
        """Whether the button is held, and not for an answer."""
        return self._pressed

    @property
    def may_switch_host(self) -> bool:
        """Whether the latest press may still be one of those that ask for the next host."""
        return self._in_doubt and Gesture.NEXT_HOST in self._actions.values()

    @property
    def taps(self) -> int:
        """How many short presses came just before, which may belong together with the latest one."""
        return self._taps

    @property
    def due_s(self) -> float | None:
        """When it means something that the button has not moved before; `None` if it never does."""
        due_s = min(self._certain_at_s, self._long_at_s)
        return due_s if due_s < math.inf else None

    def wait(self, until_s: float) -> list[Gesture]:
        """Give what it means that the button has not moved until then."""
        gestures = self._decide() if until_s >= self._certain_at_s else []
        if self._long and until_s >= self._long_at_s:
            self._long_at_s = math.inf
            gestures.append(self._long)
        return gestures

    def read(self, move: ButtonMoved, *, recording: bool, asked: bool = False) -> list[Gesture]:
        """Give what a move asks for, in this order.

        Args:
            move: A move that was not a bounce.
            recording: Whether a recording runs. It may have ended by itself.
            asked: Whether a host asks to pair. A press is the answer then, and nothing else.
        """
        gestures = self.wait(move.at_s)
        if move.pressed and asked:
            gestures += [*(self._decide() if self._in_doubt else ()), Gesture.CONFIRM]
        elif move.pressed:
            self._pressed, self._pressed_s = True, move.at_s
            gestures += self._press(recording=recording)
        elif self._pressed:
            self._pressed, self._long_at_s = False, math.inf
            gestures += self._release(move.at_s - self._pressed_s, recording=recording)
        return gestures

    @property
    def _certain_at_s(self) -> float:
        """When the doubt ends if the button does not move before."""
        if not self._in_doubt:
            return math.inf
        return self._pressed_s + (self._tap_s if self._pressed else self._gap_s)

    def _press(self, *, recording: bool) -> list[Gesture]:
        if recording and not self._taps:
            self._ends_after_s = float("inf")
            return [Gesture.END]
        self._in_doubt = bool(self._actions)
        self._long_at_s = self._pressed_s + self._long_s
        # Where a tap left its recording open, this press is the second tap, or a hold that goes on with it.
        self._ends_after_s = 0.0 if recording else self._latches_under_s
        return [] if recording else [Gesture.START]

    def _release(self, held_s: float, *, recording: bool) -> list[Gesture]:
        self._taps += self._in_doubt
        ends = recording and (self._taps > 1 or held_s >= self._ends_after_s)
        gestures = [Gesture.END] if ends else []
        if self._in_doubt and self._taps == max(self._actions):
            gestures += self._decide()
        return gestures

    def _decide(self) -> list[Gesture]:
        action = self._actions.get(self._taps)
        self._taps, self._in_doubt = 0, False
        if action is None:
            return [Gesture.SETTLE]
        return [action, Gesture.SETTLE] if self._pressed else [action]  # a long press came behind the others
