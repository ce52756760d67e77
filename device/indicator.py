"""What a LED shows: a colour and a rhythm for each state, and several indicators at once.

The table in docs/hardware.md is this one.

Each rhythm is told from all others without its colour, for a LED of one colour and for people who do not see
red and green apart. No state flashes more than three times in any one second (WCAG 2.2, 2.3.1).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from device.errors import SaykeyError
from device.ports import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.ports import Indicator

log = logging.getLogger(__name__)

SHORT_S, LONG_S = 0.25, 0.45
"""A flash or gap is at most the first or at least the second: what lies between could be taken for either."""


class Colour(NamedTuple):
    """How bright each part is, 0 to 1."""

    red: float
    green: float
    blue: float


DARK = Colour(0, 0, 0)
RED, GREEN, BLUE = Colour(1, 0, 0), Colour(0, 1, 0), Colour(0, 0, 1)
YELLOW, MAGENTA, CYAN, WHITE = Colour(1, 1, 0), Colour(1, 0, 1), Colour(0, 1, 1), Colour(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a state looks.

    Attributes:
        colour: Of the flashes.
        rhythm: Seconds of light and of dark in turn, over and over. Empty: always lit.
    """

    colour: Colour
    rhythm: tuple[float, ...]


_PATTERNS = {
    # Not yet: short, long.
    State.STARTING: Pattern(CYAN, (0.12, 0.2, 0.6, 0.6)),
    # All is well: dark, but for a sign of life.
    State.IDLE: Pattern(GREEN, (0.06, 3.94)),
    # It hears, and waits for a word: long, short, with long pauses.
    State.OPEN: Pattern(RED, (1.2, 0.8, 0.12, 0.8)),
    # At work: lit without end, quick flashes, lit with a blink.
    State.LISTENING: Pattern(RED, ()),
    State.RECOGNISING: Pattern(YELLOW, (0.17, 0.17)),
    State.TYPING: Pattern(BLUE, (0.5, 0.1)),
    # Over at once: long, short.
    State.NOTHING_HEARD: Pattern(YELLOW, (0.5, 0.2, 0.12, 0.68)),
    # Text waits: two short ones for the user, three for the host.
    State.WAITING: Pattern(MAGENTA, (0.12, 0.2, 0.12, 1.06)),
    State.HOST_AWAY: Pattern(MAGENTA, (0.12, 0.2, 0.12, 0.2, 0.12, 1.24)),
    # Others are asked: slow flashes; short, short, long means that you are.
    State.PAIRING: Pattern(BLUE, (1.0, 1.0)),
    State.CONFIRM: Pattern(WHITE, (0.12, 0.2, 0.12, 0.2, 0.6, 0.6)),
    # Do not pull the plug: lit, with two blinks as a drive, with three while it installs.
    State.DRIVE: Pattern(CYAN, (1.2, 0.15, 0.2, 0.15)),
    State.INSTALLING: Pattern(CYAN, (1.2, 0.15, 0.2, 0.15, 0.2, 0.15)),
    # It does not hear: two long ones. It does not work: three.
    State.MUTED: Pattern(YELLOW, (0.5, 0.2, 0.5, 1.1)),
    State.ERROR: Pattern(RED, (0.5, 0.2, 0.5, 0.2, 0.5, 1.1)),
}


def pattern(state: State) -> Pattern:
    """Give how a state looks."""
    return _PATTERNS[state]


class Lamp(Protocol):
    """A LED, of one colour or of three."""

    def set(self, red: float, green: float, blue: float) -> None:
        """Show a colour, of which each part is 0 to 1.

        Raises:
            SaykeyError: It cannot any more.
        """

    def close(self) -> None:
        """Turn it off, and give its pins back."""


class Timer(Protocol):
    """What will be called later, unless it is cancelled before."""

    def cancel(self) -> None:
        """Have it not called."""


def _without_loop(after_s: float, call: Callable[[], None]) -> Timer:
    timer = threading.Timer(after_s, call)
    timer.daemon = True  # a LED keeps no program from ending
    timer.start()
    return timer


class LampIndicator:
    """Plays the patterns on a LED. Where no event loop runs, as while a model is loaded, a thread does."""

    def __init__(
        self, lamp: Lamp, without_loop: Callable[[float, Callable[[], None]], Timer] = _without_loop
    ) -> None:
        """Begin in the dark.

        Args:
            lamp: The LED.
            without_loop: Calls something so many seconds later in another thread.
        """
        self._lamp: Lamp | None = lamp
        self._without_loop = without_loop
        self._shown: tuple[State, asyncio.AbstractEventLoop | None] | None = None
        self._next: Timer | None = None
        self._turn = threading.RLock()

    def show(self, state: State, detail: str = "") -> None:  # noqa: ARG002  a LED has no words
        """Begin a state's rhythm. One that is being played goes on, whatever the detail."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        with self._turn:
            if self._shown != (state, loop):
                self._shown = state, loop
                self._play(self._shown, 0)

    def close(self) -> None:
        """Turn it off for good."""
        with self._turn:
            lamp, self._lamp, self._shown = self._lamp, None, None
            if self._next:
                self._next.cancel()
        if lamp:
            lamp.close()

    def _play(self, played: tuple[State, asyncio.AbstractEventLoop | None], step: int) -> None:
        with self._turn:
            if self._lamp is None or played is not self._shown:  # this step comes too late
                return
            if self._next:
                self._next.cancel()
            state, loop = played
            colour, rhythm = pattern(state).colour, pattern(state).rhythm
            try:
                self._lamp.set(*(DARK if step % 2 else colour))
            except SaykeyError as error:  # the dictation goes on in the dark
                log.warning("the LED shows nothing any more: %s", error)
                lamp, self._lamp = self._lamp, None
                lamp.close()
                return
            if rhythm:
                later = loop.call_later if loop else self._without_loop
                following = (step + 1) % len(rhythm)
                self._next = later(rhythm[step], lambda: self._play(played, following))


class Indicators:
    """Several indicators that show the same."""

    def __init__(self, *each: Indicator) -> None:
        self._each = each

    def show(self, state: State, detail: str = "") -> None:
        """Show a state on all of them."""
        for indicator in self._each:
            indicator.show(state, detail)
