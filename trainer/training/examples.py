"""What is learned from: the speech of each recording as the device hears it, and the tokens of its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import seconds
from device.speech.features import MAX_SAMPLES
from device.speech.pieces import Piece
from trainer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from device.ports import SpeechDetector
    from device.settings import SpeechSettings
    from device.speech.tokens import Tokens
    from trainer.dataset import Utterance
    from trainer.progress import Report

Source = Literal["personal", "general", "synthetic"]
"""Whose speech it is: the owner's, other people's, or a machine's."""

TIMESTAMP_S = 0.02
"""Step from one timestamp token to the next (Whisper, tokenizer.py)."""

_ROOM = 220
"""Tokens of text that fit: half of the decoder's context (Whisper, decoding.py), less what frames them."""


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance to learn from.

    Attributes:
        id: Its name in its list.
        source: Whose speech it is.
        start: Where its speech begins in the samples of all examples.
        length: Samples of it.
        text: The tokens of what is said.
    """

    id: str
    source: Source
    start: int
    length: int
    text: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """All that is learned from.

    Attributes:
        examples: In the order of their lists.
        samples: The speech of all, one behind the other, 16 kHz, as 16-bit integers: 2 MB a minute.
        left_out: The names of utterances that cannot be learned from, with the reason.
    """

    examples: tuple[Example, ...]
    samples: np.ndarray[tuple[int], np.dtype[np.int16]]
    left_out: tuple[tuple[str, str], ...]

    def sound(self, example: Example) -> Samples:
        """Give the speech of one example."""
        part = self.samples[example.start : example.start + example.length]
        return part.astype(np.float32) / np.float32(32768)


def gather(
    utterances: Sequence[tuple[Utterance, Source]],
    tokens: Tokens,
    detector: SpeechDetector,
    settings: SpeechSettings,
    report: Report,
) -> Examples:
    """Read the utterances, and cut each to its speech as the device would.

    Raises:
        DataError: None of them can be learned from.
        SoundError: A file cannot be read.
    """
    examples: list[Example] = []
    parts: list[np.ndarray[tuple[int], np.dtype[np.int16]]] = []
    left_out: list[tuple[str, str]] = []
    start = 0
    for done, (utterance, source) in enumerate(utterances, 1):
        speech = heard(utterance.path, detector, settings)
        said = utterance.text.strip()
        text = tuple(tokens.encode(f" {said}")) if said else ()
        if wrong := _unfit(speech, text):
            left_out.append((utterance.id, wrong))
        else:
            parts.append(np.rint(np.clip(speech, -1, 32767 / 32768) * 32768).astype(np.int16))
            examples.append(Example(utterance.id, source, start, len(speech), text))
            start += len(speech)
        report("Reading recordings", done / len(utterances))
    if not examples:
        reasons = "; ".join(f"{name}: {why}" for name, why in left_out[:3])
        raise DataError(f"There is nothing to learn from ({reasons or 'no utterance is for training'}).")
    return Examples(tuple(examples), np.concatenate(parts), tuple(left_out))


def heard(path: Path, detector: SpeechDetector, settings: SpeechSettings) -> Samples:
    """Give the speech of a recording as the device hands it to its recogniser; empty where it hears none.

    Raises:
        SoundError: The file cannot be read.
    """
    samples = read(path)
    passages = record(samples, detector, settings).passages
    return Piece(passages).sound(samples) if passages else samples[:0]


def _unfit(speech: Samples, text: Sequence[int]) -> str:
    if not len(speech):
        return "no speech is heard in it"
    if len(speech) > MAX_SAMPLES:
        return f"its speech lasts {seconds(len(speech)):.0f} s, and Whisper hears 30"
    if len(text) > _ROOM:
        return f"its text has {len(text)} tokens, and Whisper writes {_ROOM} at a time"
    return "" if text else "it has no text"


def framed(
    text: Sequence[int], tokens: Tokens, language: str | None, length_s: float | None
) -> tuple[list[int], int]:
    """Give what the decoder writes for some speech.

    Args:
        text: The tokens of what is said.
        tokens: The model's vocabulary.
        language: Its code, or `None` for an English-only model.
        length_s: How long the speech is, if the text shall be framed by the times at which it begins and
            ends; `None` for no times.

    Returns:
        The tokens from the prompt's first to the end, and how many of them are the prompt.
    """
    prompt = tokens.prompt(language, "", "")
    if length_s is None:
        return [*prompt, *text, tokens.end], len(prompt)
    first = prompt.pop() + 1  # the timestamps follow the token that asks for none
    last = first + round(length_s / TIMESTAMP_S)
    return [*prompt, first, *text, last, tokens.end], len(prompt)
