"""The button's moves, and the time between them, read as gestures."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from device.events import DecisionDue
from device.gestures import Debouncer, Gesture, Gestures

if TYPE_CHECKING:
    from device.events import ButtonMoved, FurtherButtonMoved, Post
    from device.settings import ButtonSettings


class Presses:
    """Debounces the button and keeps the time for its gestures. Used on the event loop only."""

    def __init__(self, settings: ButtonSettings, post: Post) -> None:
        """Begin with the button up.

        Args:
            settings: How the button is understood.
            post: Puts on the queue what has to come back to `debounced` later.
        """
        self._debouncer = Debouncer(settings.debounce_ms)
        self._gestures = Gestures(settings)
        self._alarm = _Alarm(post)

    @property
    def in_doubt(self) -> bool:
        """Whether the latest press may still be one of a double or triple press."""
        return self._gestures.in_doubt

    @property
    def is_down(self) -> bool:
        """Whether the button is held."""
        return self._gestures.is_down

    @property
    def may_switch_host(self) -> bool:
        """Whether the latest press may still be one of those that ask for the next host."""
        return self._gestures.may_switch_host

    @property
    def several(self) -> bool:
        """Whether the latest press came so soon after a short one that they may belong together."""
        return self._gestures.taps > 0

    def debounced(self, event: ButtonMoved | DecisionDue) -> list[ButtonMoved | DecisionDue]:
        """Give what the button did without its bouncing, to be read one after another.

        Args:
            event: The button's contact moved, or time has passed.
        """
        events: list[ButtonMoved | DecisionDue] = []
        if isinstance(event, DecisionDue):
            events += [*self._debouncer.wait(event.at_s), event]
        else:
            events += self._debouncer.move(event)
        self._alarm.set(self._debouncer.due_s, self._gestures.due_s)
        return events

    def read(
        self, event: ButtonMoved | DecisionDue, *, recording: bool, asked: bool = False
    ) -> list[Gesture]:
        """Give what the user asks for, in this order.

        Args:
            event: The button moved, or time has passed.
            recording: Whether a recording runs.
            asked: Whether a host asks to pair.
        """
        if isinstance(event, DecisionDue):
            gestures = self._gestures.wait(event.at_s)
        else:
            gestures = self._gestures.read(event, recording=recording, asked=asked)
        self._alarm.set(self._debouncer.due_s, self._gestures.due_s)
        return gestures


class FurtherPresses:
    """The presses of the buttons that each mean one thing. Used on the event loop only."""

    def __init__(self, settings: ButtonSettings, post: Post) -> None:
        """Begin with all of them up; the arguments are those of `Presses`."""
        self._debouncers = defaultdict[Gesture, Debouncer](partial(Debouncer, settings.debounce_ms))
        self._alarm = _Alarm(post)

    def read(self, event: FurtherButtonMoved | DecisionDue) -> list[Gesture]:
        """Give what the user asks for, in this order.

        Args:
            event: One of the buttons' contacts moved, or time has passed.
        """
        if isinstance(event, DecisionDue):
            moves = [
                (asks, move) for asks, each in self._debouncers.items() for move in each.wait(event.at_s)
            ]
        else:
            moves = [(event.asks, move) for move in self._debouncers[event.asks].move(event.move)]
        self._alarm.set(*(each.due_s for each in self._debouncers.values()))
        return [asks for asks, move in moves if move.pressed]


class _Alarm:
    """Puts an event on the queue when it means something that no button has moved."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._timer: asyncio.TimerHandle | None = None

    def set(self, *dues_s: float | None) -> None:
        """Do so at the first of these times, on the clock of `time.monotonic`; not at those set before."""
        if self._timer is not None:
            self._timer.cancel()
        if times_s := [due_s for due_s in dues_s if due_s is not None]:
            event = DecisionDue(min(times_s))
            delay_s = event.at_s - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._post, event)
