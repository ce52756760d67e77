"""A long recording and its text become short recordings with theirs, cut at pauses and never in a word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from device.audio.endpointing import endpoint, pad
from device.audio.recording import Recording
from device.audio.sound import WINDOW, samples_in, seconds
from device.settings import SpeechSettings
from device.speech.pieces import PARAGRAPH_MS
from trainer.errors import DataError
from trainer.progress import silent
from trainer.recording.alignment import align

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from device.audio.endpointing import Passage
    from device.audio.sound import Samples
    from device.ports import Recogniser, SpeechDetector
    from trainer.progress import Report
    from trainer.recording.alignment import Stretch

SHORTEST_S, LONGEST_S = 1.0, 28.0
"""Lengths of a clip: what is shorter has no context, and what is longer does not fit Whisper's window."""

GOOD_S = 15.0
"""Stretches are joined up to this length."""

PAUSES_MS = (400, 160)
"""How long a pause must be; the second only where there is none of the first for too long. Both are longer
than the silence before a plosive, at which a word might be cut."""

_PAD_MS = 200
"""So much of the pauses stays at the ends of a clip."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A part of the recording with its text.

    Attributes:
        start: First sample.
        end: One past the last sample.
        text: What is said in it, as it was given.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of the recording that is not used.

    Attributes:
        start_s: Where it begins, in seconds.
        end_s: Where it ends.
        text: The text that should be there.
        heard: What was recognised.
        reason: Why it is not used.
    """

    start_s: float
    end_s: float
    text: str
    heard: str
    reason: str


def read_text(file: Path) -> str:
    """Read what is said in a recording.

    Raises:
        DataError: The file cannot be read, or has no words.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise DataError(f"{file} cannot be read ({error}): give a text file in UTF-8") from error
    if not any(map(str.isalnum, text)):
        raise DataError(f"{file} has no words: write what is said in the recording")
    return text


def cut(
    samples: Samples, text: str, detector: SpeechDetector, recogniser: Recogniser, report: Report = silent
) -> tuple[list[Clip], list[LeftOut]]:
    """Cut a recording.

    Args:
        samples: All of it.
        text: What is said in it. It may leave out some of what is said, and the other way round.
        detector: Finds the pauses.
        recogniser: Says which words are between them.
        report: Told how much is recognised.

    Raises:
        ModelError: The model cannot be run.
    """
    passages = find_passages(samples, detector, report)
    recognised = []
    for passage in passages:
        recognised.append(recogniser.recognise(Recording(samples, (passage,))).text)
        report("Recognising", passage.end / len(samples))
    return clips(passages, align(text, recognised))


def clips(passages: Sequence[Passage], stretches: Sequence[Stretch]) -> tuple[list[Clip], list[LeftOut]]:
    """Join stretches to clips of a good length.

    Args:
        passages: The passages, padded.
        stretches: What is said in them.
    """
    made: list[Clip] = []
    left_out: list[LeftOut] = []
    for group in _groups(passages, stretches):
        start, end = passages[group[0].first].start, passages[group[-1].last].end
        text = " ".join(stretch.text for stretch in group)
        reason = _reason(group, seconds(end - start))
        if reason:
            heard = " ".join(stretch.heard for stretch in group)
            left_out.append(LeftOut(seconds(start), seconds(end), text, heard, reason))
        else:
            made.append(Clip(start, end, text))
    return made, left_out


def _reason(group: Sequence[Stretch], length_s: float) -> str:
    """Say why a group of stretches cannot be used; nothing where it can."""
    if not all(stretch.agrees for stretch in group):
        return "the text says something else"
    if length_s > LONGEST_S:
        return f"there is no pause that is sure for {length_s:.0f} s"
    return f"it is shorter than {SHORTEST_S:.0f} s" if length_s < SHORTEST_S else ""


def _groups(passages: Sequence[Passage], stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """Join stretches that follow each other closely and agree with their text, up to `GOOD_S`."""
    groups: list[list[Stretch]] = []
    for stretch in stretches:
        if groups and _belongs(stretch, groups[-1], passages):
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    return groups


def _belongs(stretch: Stretch, group: Sequence[Stretch], passages: Sequence[Passage]) -> bool:
    before = group[-1]
    pause = passages[stretch.first].start - passages[before.last].end
    length = passages[stretch.last].end - passages[group[0].first].start
    return (
        stretch.agrees
        and before.agrees
        and stretch.first == before.last + 1
        and pause < samples_in(PARAGRAPH_MS)
        and length <= samples_in(1000 * GOOD_S)
    )


def find_passages(samples: Samples, detector: SpeechDetector, report: Report = silent) -> list[Passage]:
    """Find what lies between the pauses, shorter pauses where that is too long otherwise."""
    detector.reset()
    probabilities = []
    for start in range(0, len(samples) - WINDOW + 1, WINDOW):
        probabilities.append(detector.probability(samples[start : start + WINDOW]))
        if start % (1000 * WINDOW) == 0:
            report("Looking for pauses", start / len(samples))
    report("Looking for pauses", 1.0)
    found = list(_between_pauses(probabilities, PAUSES_MS))
    return list(pad(found, len(samples), _PAD_MS))


def _between_pauses(probabilities: Sequence[float], pauses_ms: Sequence[int]) -> Iterator[Passage]:
    pause_ms, *shorter = pauses_ms
    settings = SpeechSettings(min_silence_duration_ms=pause_ms, min_speech_duration_ms=100)
    for passage in endpoint(probabilities, settings):
        if shorter and seconds(passage.end - passage.start) > GOOD_S:
            within = probabilities[passage.start // WINDOW : passage.end // WINDOW]
            yield from (_moved(part, passage.start) for part in _between_pauses(within, shorter))
        else:
            yield passage


def _moved(passage: Passage, by: int) -> Passage:
    return replace(
        passage, start=passage.start + by, end=passage.end + by, speech_end=passage.speech_end + by
    )
