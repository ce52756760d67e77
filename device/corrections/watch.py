"""Which dictations were taken back, and which one stayed in their place. Sound is held here, in memory only.

What is held, and how long at most: what is not typed yet, for `TYPED_WITHIN_S`; the last dictation, for
`UNDONE_WITHIN_S` after that; those that were taken back, until one that stays is certain, or none came in
`AGAIN_WITHIN_S`. All together are at most eight sounds of 1 MB. Pure but for the state it keeps.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device.audio.recording import Recording

UNDONE_WITHIN_S = 60.0
"""Whoever reads what was typed and finds it wrong has taken it back by then. One stays that was not."""

AGAIN_WITHIN_S = 60.0
"""So soon after the first was taken back the second one begins: later, it is likely something else."""

LONGEST_S = 30.0
"""Of a recording. Whisper learns from no longer ones (30 s is its window), and 30 s take up 1 MB."""

TYPED_WITHIN_S = 120.0
"""What is not recognised and typed by then waits for something: its sound is not held until that comes."""

_MOST_UNDONE = 3
"""In the place of one: who has said it four times gives up."""

_MOST_UNTYPED = 4
"""Dictations that are recognised or typed still, beside the last one."""


@dataclass(slots=True)
class Heard:
    """One dictation, and its sound.

    Attributes:
        number: The dictation's.
        sound: Of 16 bits.
        speech_s: How long somebody speaks in it.
        text: What was understood, once it is typed.
        is_pure: The sound says this text and nothing else, such as a command.
        at_s: When it was recorded, typed or taken back, whatever came last, on the clock of `time.monotonic`.
    """

    number: int
    sound: NDArray[np.int16] = field(repr=False)  # no log and no traceback shall show it
    speech_s: float
    at_s: float
    text: str = field(default="", repr=False)
    is_pure: bool = True


@dataclass(frozen=True, slots=True)
class SpokenAgain:
    """Dictations that were taken back, and the one that stayed after them."""

    undone: tuple[Heard, ...]
    stays: Heard


class Watch:
    """Follows the dictations by their numbers. Each call says what is certain since then."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._untyped: deque[Heard] = deque(maxlen=_MOST_UNTYPED)
        self._last: Heard | None = None
        self._undone: deque[Heard] = deque(maxlen=_MOST_UNDONE)
        self._taken_back: set[int] = set()  # of those that are not typed yet
        self._typed_to = 0

    @property
    def held(self) -> int:
        """How many sounds are held."""
        return len(self._untyped) + len(self._undone) + (self._last is not None)

    @property
    def due_s(self) -> float:
        """When `passed` is to be called next; infinity when nothing is held."""
        return min(self._untyped_due_s, self._last_due_s, self._undone_due_s)

    def recorded(self, number: int, recording: Recording, released_s: float) -> None:
        """Hold the sound of a dictation that is over.

        Args:
            number: The dictation's.
            recording: It.
            released_s: When the user ended it.
        """
        length_s = seconds(len(recording.samples))
        if self._undone and released_s - length_s > self._undone[-1].at_s + AGAIN_WITHIN_S:
            self._undone.clear()
        if length_s <= LONGEST_S:
            self._untyped.append(Heard(number, _of_16_bits(recording), _speech_s(recording), released_s))

    def typed(self, number: int, text: str, at_s: float, *, is_pure: bool) -> SpokenAgain | None:
        """Note that nothing more is to come of a dictation; give what is certain by that.

        Args:
            number: The dictation's.
            text: What was understood of it; empty where nothing was, or only a command.
            at_s: Now.
            is_pure: The sound says this text and nothing else.
        """
        heard = next((each for each in self._untyped if each.number == number), None)
        self._untyped = deque((each for each in self._untyped if each is not heard), _MOST_UNTYPED)
        is_undone = number in self._taken_back
        self._taken_back.discard(number)
        self._typed_to = max(self._typed_to, number)
        if not text:
            return None
        # Only the last one can be taken back: the one before stays.
        certain = self._decided()
        if heard is None:
            self._undone.clear()
            return certain
        heard.text, heard.is_pure, heard.at_s = text, is_pure, at_s
        if is_undone:
            self._undone.append(heard)
        else:
            self._last = heard
        return certain

    def undone(self, number: int, at_s: float) -> None:
        """Note that a dictation was taken back, whether it is typed already or not."""
        if self._last and self._last.number == number:
            self._last.at_s = at_s
            self._undone.append(self._last)
            self._last = None
        elif number > self._typed_to or any(each.number == number for each in self._untyped):
            self._taken_back.add(number)

    def restored(self, number: int, at_s: float) -> None:
        """Note that a dictation which was taken back is typed again as it was."""
        self._taken_back.discard(number)
        if self._undone and self._undone[-1].number == number:
            self._last = self._undone.pop()
            self._last.at_s = at_s

    def passed(self, now_s: float) -> SpokenAgain | None:
        """Note that time has passed; give what is certain by that, and forget what will not be."""
        certain = self._decided() if now_s >= self._last_due_s else None
        while now_s >= self._untyped_due_s:
            self._untyped.popleft()
        if now_s >= self._undone_due_s:
            self._undone.clear()
        return certain

    def forget(self) -> None:
        """Hold nothing of all that was heard so far."""
        self._untyped.clear()
        self._undone.clear()
        self._last = None

    @property
    def _untyped_due_s(self) -> float:
        return self._untyped[0].at_s + TYPED_WITHIN_S if self._untyped else math.inf

    @property
    def _last_due_s(self) -> float:
        return self._last.at_s + UNDONE_WITHIN_S if self._last else math.inf

    @property
    def _undone_due_s(self) -> float:
        """When none comes any more, unless one is being recognised: it may be as long as any."""
        if not self._undone or self._last or self._untyped:
            return math.inf
        return self._undone[-1].at_s + AGAIN_WITHIN_S + LONGEST_S

    def _decided(self) -> SpokenAgain | None:
        last, undone = self._last, tuple(self._undone)
        if last is None:
            return None
        self._last = None
        self._undone.clear()
        return SpokenAgain(undone, last) if undone else None


def _of_16_bits(recording: Recording) -> NDArray[np.int16]:
    """Give a copy: the recording's own array has room for the longest there can be."""
    return np.round(np.clip(recording.samples, -1, 1) * np.iinfo(np.int16).max).astype(np.int16)


def _speech_s(recording: Recording) -> float:
    return seconds(sum(each.spoken for each in recording.passages))
