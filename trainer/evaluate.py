"""How well the device understands: error rates of its own path on recordings with known text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trainer.dataset import Utterance, load_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from device.settings import Settings

__all__ = [
    "Score",
    "Utterance",
    "evaluate",
    "load_manifest",
    "normalised",
    "recogniser",
    "score",
    "word_error_rate",
]

RESAMPLES = 1000
"""Bootstrap samples behind an interval."""


class Edits(NamedTuple):
    """How many words or characters are wrong, of how many."""

    errors: int
    of: int


@dataclass(frozen=True, slots=True)
class Score:
    """What came of one set.

    Attributes:
        set: Its name.
        utterances: Recordings with speech.
        wer: Word error rate in per cent; `None` without speech.
        wer_low: Lower end of its 95 % interval, by bootstrap over the utterances.
        wer_high: Upper end.
        cer: Character error rate in per cent; `None` without speech.
        silent: Recordings without speech.
        invented: Characters that were recognised in these.
    """

    set: str
    utterances: int
    wer: float | None
    wer_low: float | None
    wer_high: float | None
    cer: float | None
    silent: int
    invented: int


def normalised(text: str) -> str:
    """Give text as Whisper's English normaliser writes it: what it leaves out or joins is no error."""
    return str(_normaliser()(text))


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Give the rate of wrong, missing and additional words, both sides normalised; 0.1 is one in ten.

    Raises:
        ValueError: The references have no words.
    """
    edits = [_word_edits(*pair) for pair in zip(references, hypotheses, strict=True)]
    if not any(one.of for one in edits):
        raise ValueError("the references have no words")
    return _per_cent(edits) / 100


def recogniser(settings: Settings) -> Callable[[Path], str]:
    """Give what recognises a sound file as the device would.

    Raises:
        ModelError: The model or the speech detector cannot be loaded.
    """
    from device.app import load_detector, load_recogniser
    from device.commands.transcribe import transcribe

    detector, model = load_detector(), load_recogniser(settings)
    return lambda file: transcribe(file, detector, model, settings).text


def evaluate(
    utterances: Iterable[Utterance], recognise: Callable[[Path], str]
) -> Iterator[tuple[Utterance, str]]:
    """Recognise one utterance after the other; give each with its text.

    Raises:
        SoundError: A file cannot be read.
    """
    for utterance in utterances:
        yield utterance, recognise(utterance.path)


def score(results: Iterable[tuple[Utterance, str]]) -> list[Score]:
    """Give the score of each set, in the order of their names."""
    sets: dict[str, list[tuple[str, str]]] = {}
    for utterance, text in results:
        sets.setdefault(utterance.set, []).append((utterance.text, text))
    return [_score(name, pairs) for name, pairs in sorted(sets.items())]


def _score(name: str, pairs: list[tuple[str, str]]) -> Score:
    # What a person wrote may hold no words for the normaliser, such as "[noise]".
    spoken = [pair for pair in pairs if normalised(pair[0])]
    invented = [text for reference, text in pairs if not normalised(reference)]
    wer, low, high, cer = None, None, None, None
    if spoken:
        words = [_word_edits(*pair) for pair in spoken]
        wer, cer = _per_cent(words), _per_cent([_character_edits(*pair) for pair in spoken])
        low, high = _interval(words)
    return Score(name, len(spoken), wer, low, high, cer, len(invented), sum(map(len, invented)))


def _word_edits(reference: str, hypothesis: str) -> Edits:
    import jiwer

    return _edits(jiwer.process_words(normalised(reference), normalised(hypothesis)))


def _character_edits(reference: str, hypothesis: str) -> Edits:
    import jiwer

    return _edits(jiwer.process_characters(normalised(reference), normalised(hypothesis)))


def _edits(output: Any) -> Edits:
    wrong = output.substitutions + output.deletions
    return Edits(wrong + output.insertions, output.substitutions + output.deletions + output.hits)


def _per_cent(edits: list[Edits]) -> float:
    return 100 * sum(one.errors for one in edits) / sum(one.of for one in edits)


def _interval(edits: list[Edits]) -> tuple[float, float]:
    """Give the 95 % interval of the rate in per cent, by bootstrap over the utterances."""
    errors, of = np.array(edits).T
    chosen = np.random.default_rng(0).integers(len(edits), size=(RESAMPLES, len(edits)))
    low, high = np.percentile(100 * errors[chosen].sum(axis=1) / of[chosen].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


@cache
def _normaliser() -> Callable[[str], str]:
    # Without torch, transformers warns at import that it has no models. None is needed.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    normaliser: Callable[[str], str] = EnglishTextNormalizer({})
    return normaliser
