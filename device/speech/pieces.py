"""A recording cut into pieces that Whisper can take: at pauses, and where there is none at quiet places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import samples_in
from device.speech.features import MAX_SAMPLES

if TYPE_CHECKING:
    from device.audio.endpointing import Passage
    from device.audio.recording import Recording
    from device.audio.sound import Samples

PARAGRAPH_MS = 2_000
"""A pause that a listener takes for the end of a thought. Joined over it, Whisper mixes the thoughts."""

_LOUDNESS_MS = 20
"""Loudness is compared over stretches of this length: a pitch period of the lowest voice fits twice."""

_QUIET = np.zeros(samples_in(200), dtype=np.float32)
"""What stands in for a pause that was not recorded."""

LONGEST = MAX_SAMPLES - 2 * len(_QUIET)
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
        return sum(passage.end - passage.start for passage in self.passages)

    @property
    def spoken(self) -> int:
        """Samples that held speech, pauses left out."""
        return sum(passage.spoken for passage in self.passages)

    @property
    def speech_probability(self) -> float:
        """Highest probability that the detector gave to a window of it, 0 to 1."""
        return max(passage.speech_probability for passage in self.passages)

    def sound(self, samples: Samples) -> Samples:
        """Give its speech out of the recording's samples, with quiet at a side where the recording has none.

        Whisper mishears words that begin or end with its window.
        """
        before = _QUIET if self.passages[0].start == 0 else _QUIET[:0]
        after = _QUIET if self.passages[-1].end == len(samples) else _QUIET[:0]
        spoken = [samples[passage.start : passage.end] for passage in self.passages]
        return np.concatenate([before, *spoken, after])


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
    (passage,) = piece.passages
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
    while passage.end - passage.start > LONGEST:
        # Late, but not at the very end: both sides stay long, for their context.
        last = min(passage.start + LONGEST, passage.end - LONGEST // 6)
        part, passage = _cut_passage(passage, quietest(samples, last - LONGEST // 3, last))
        parts.append(part)
    return [*parts, passage]


def _cut_passage(passage: Passage, middle: int) -> tuple[Passage, Passage]:
    """Cut a passage in two; how much of each side was spoken is not known, so both get their share."""
    spoken = passage.spoken * (middle - passage.start) // (passage.end - passage.start)
    return (
        replace(passage, end=middle, spoken=spoken),
        replace(passage, start=middle, spoken=passage.spoken - spoken),
    )


def quietest(samples: Samples, start: int, end: int) -> int:
    """Give the middle of the quietest 20 ms between two samples."""
    span = min(samples_in(_LOUDNESS_MS), end - start)
    power = np.concatenate(([0.0], np.cumsum(samples[start:end].astype(np.float64) ** 2)))
    return start + int(np.argmin(power[span:] - power[:-span])) + span // 2
