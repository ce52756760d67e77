"""A recording cut into pieces that Whisper can take: at pauses, and where there is none at quiet places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import samples_in, seconds
from device.speech.features import MAX_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.audio.endpointing import Passage
    from device.audio.recording import Recording
    from device.audio.sound import Samples

PARAGRAPH_MS = 2_000
"""A pause that a listener takes for the end of a thought. Joined over it, Whisper mixes the thoughts."""

HANGOVER_MS = 32
"""So much is heard after the last window of speech: a voice fades.

On 307 utterances 0, 32, 64 and 200 ms gave word error rates within 0.03 points of each other: the detector
itself lets go of a voice later than a listener does.
"""

_LOUDNESS_MS = 20
"""Loudness is compared over stretches of this length: a pitch period of the lowest voice fits twice."""

_QUIET = np.zeros(samples_in(200), dtype=np.float32)
"""What stands in for a pause that was not recorded."""

LONGEST = MAX_SAMPLES - len(_QUIET)
"""Samples of speech in one piece at most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Passages that are recognised together.

    Attributes:
        passages: In order. What lies between them is silence and never reaches the recogniser.
    """

    passages: tuple[Passage, ...]

    @property
    def length(self) -> int:
        """Samples of speech in it."""
        return sum(min(passage.end, self.end) - passage.start for passage in self.passages)

    @property
    def spoken(self) -> int:
        """Samples that held speech, pauses left out."""
        return sum(passage.spoken for passage in self.passages)

    @property
    def speech_probability(self) -> float:
        """Highest probability that the detector gave to a window of it, 0 to 1."""
        return max(passage.speech_probability for passage in self.passages)

    @property
    def start(self) -> int:
        """Its first sample."""
        return self.passages[0].start

    @property
    def end(self) -> int:
        """One past its last sample.

        It does not depend on how long the silence is that follows: what was recognised when it began holds
        when it lasts.
        """
        return _faded(self.passages[-1])

    def sound(self, samples: Samples) -> Samples:
        """Give its speech out of the recording's samples, with quiet before it where the recording has none.

        Whisper mishears words that begin with its window. It is the engine that lets them end in quiet.
        """
        before = _QUIET if self.start == 0 else _QUIET[:0]
        spoken = [samples[passage.start : min(passage.end, self.end)] for passage in self.passages]
        return np.concatenate([before, *spoken])

    def joints_s(self) -> list[float]:
        """Give where in its sound each passage but the first begins, in seconds."""
        quiet = len(_QUIET) if self.start == 0 else 0
        lengths = (passage.end - passage.start for passage in self.passages[:-1])
        return [seconds(joint) for joint in accumulate(lengths, initial=quiet)][1:]

    def parts(self, first: Sequence[int]) -> list[Piece]:
        """Cut it at pauses into parts that begin with the passages of these numbers."""
        return [Piece(self.passages[start:end]) for start, end in pairwise([*first, len(self.passages)])]


def cut(recording: Recording) -> list[Piece]:
    """Cut a recording into pieces of at most 30 s; each sample of each passage is in exactly one piece."""
    parts: list[list[Passage]] = []
    for passage in recording.passages:
        if not parts or passage.start - parts[-1][-1].end >= samples_in(PARAGRAPH_MS):
            parts.append([])
        parts[-1] += _cut_where_quiet(passage, recording.samples)
    return [piece for part in parts for piece in _cut_at_pauses(Piece(tuple(part)))]


def halves(piece: Piece, samples: Samples) -> list[Piece]:
    """Cut a piece in two at its longest pause, or where there is none at the quietest place of its middle."""
    if len(piece.passages) > 1:
        where = _longest_pause(piece)
        return [Piece(piece.passages[:where]), Piece(piece.passages[where:])]
    passage = replace(piece.passages[0], end=piece.end)
    third = (passage.end - passage.start) // 3
    middle = quietest(samples, passage.start + third, passage.end - third)
    return [Piece((part,)) for part in _cut_passage(passage, middle)]


def _cut_at_pauses(piece: Piece) -> list[Piece]:
    """Cut a piece that is longer than the window at its longest pause, until each part fits."""
    if piece.length <= LONGEST or len(piece.passages) == 1:
        return [piece]
    where = _longest_pause(piece)
    before, after = Piece(piece.passages[:where]), Piece(piece.passages[where:])
    return _cut_at_pauses(before) + _cut_at_pauses(after)


def _longest_pause(piece: Piece) -> int:
    """Give the index of the passage behind the longest pause, of equal ones that nearest the middle."""
    pauses = [after.start - before.end for before, after in pairwise(piece.passages)]
    middle = len(piece.passages) / 2
    return max(range(1, len(piece.passages)), key=lambda index: (pauses[index - 1], -abs(index - middle)))


def _cut_where_quiet(passage: Passage, samples: Samples) -> list[Passage]:
    """Cut a passage that is longer than the window at its quietest place, away from its ends."""
    parts = []
    while (end := _faded(passage)) - passage.start > LONGEST:
        # Late, but not at the very end: both sides stay long, for their context.
        last = min(passage.start + LONGEST, end - LONGEST // 6)
        part, passage = _cut_passage(passage, quietest(samples, last - LONGEST // 3, last))
        parts.append(part)
    return [*parts, passage]


def _faded(passage: Passage) -> int:
    """Give where a passage ends when it is the last of a piece."""
    return min(passage.end, passage.speech_end + samples_in(HANGOVER_MS))


def _cut_passage(passage: Passage, middle: int) -> tuple[Passage, Passage]:
    """Cut a passage in two; how much of each side was spoken is not known, so both get their share."""
    spoken = passage.spoken * (middle - passage.start) // (passage.end - passage.start)
    return (
        replace(passage, end=middle, speech_end=middle, spoken=spoken),
        replace(
            passage,
            start=middle,
            speech_end=max(middle, passage.speech_end),
            spoken=passage.spoken - spoken,
            speech_start=middle,
        ),
    )


def quietest(samples: Samples, start: int, end: int) -> int:
    """Give the middle of the quietest 20 ms between two samples."""
    span = min(samples_in(_LOUDNESS_MS), end - start)
    power = np.concatenate(([0.0], np.cumsum(samples[start:end].astype(np.float64) ** 2)))
    return start + int(np.argmin(power[span:] - power[:-span])) + span // 2
