"""The button's moves, and the time between them, read as gestures."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from device.events import DecisionDue
from device.gestures import Debouncer, Gestures

if TYPE_CHECKING:
    from device.events import ButtonMoved, Event, Post
    from device.gestures import Gesture
    from device.settings import ButtonSettings


class Presses:
    """Debounces the button and keeps the time for its gestures. Used on the event loop only."""

    def __init__(self, settings: ButtonSettings, post: Post) -> None:
        """Begin with the button up.

        Args:
            settings: How the button is understood.
            post: Puts on the queue what has to come back to `read` later.
        """
        self._debouncer = Debouncer(settings.debounce_ms)
        self._gestures = Gestures(settings)
        self._settling = _Alarm(post)
        self._deciding = _Alarm(post)

    @property
    def in_doubt(self) -> bool:
        """Whether the latest press may still be one of a double or triple press."""
        return self._gestures.in_doubt

    @property
    def may_switch_host(self) -> bool:
        """Whether the latest press may still be one of those that ask for the next host."""
        return self._gestures.may_switch_host

    @property
    def several(self) -> bool:
        """Whether the latest press came so soon after a short one that they may belong together."""
        return self._gestures.taps > 0

    def read(
        self, event: ButtonMoved | DecisionDue, *, recording: bool, asked: bool = False
    ) -> list[Gesture]:
        """Give what the user asks for, in this order.

        Args:
            event: The button's contact moved, or time has passed.
            recording: Whether a recording runs.
            asked: Whether a host asks to pair.
        """
        if isinstance(event, DecisionDue):
            gestures = self._gestures.wait(event.at_s)
        else:
            gestures = self._move(event, recording=recording, asked=asked)
        self._deciding.cancel()
        if (due_s := self._gestures.due_s) is not None:
            self._deciding.set(due_s, DecisionDue(due_s))
        return gestures

    def _move(self, move: ButtonMoved, *, recording: bool, asked: bool) -> list[Gesture]:
        self._settling.cancel()
        if again := self._debouncer.look_again(move):
            self._settling.set(again.at_s, again)
        elif self._debouncer.take(move):
            return self._gestures.read(move, recording=recording, asked=asked)
        return []


class _Alarm:
    """Puts an event on the queue when its time has come."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at_s: float, event: Event) -> None:
        """Have an event put there at this time, on the clock of `time.monotonic`."""
        self._timer = asyncio.get_running_loop().call_later(at_s - time.monotonic(), self._post, event)

    def cancel(self) -> None:
        """Have nothing put there."""
        if self._timer:
            self._timer.cancel()
