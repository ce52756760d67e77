"""How far a text is from what was said: edits, error rates with their intervals, alignments."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESAMPLES = 1000
"""Bootstrap samples behind an interval (Bisani and Ney 2004 take as many)."""

Op = tuple[Literal["equal", "substitute", "delete", "insert"], str, str]
"""One step from the reference to the hypothesis: what is done, the reference's word, the hypothesis's word.

A word that is missing, or that is too many, faces an empty one.
"""


class Edits(NamedTuple):
    """How many words or characters are wrong, of how many."""

    errors: int
    of: int


def normalised(text: str) -> str:
    """Give text as Whisper's English normaliser writes it: what it leaves out or joins is no error.

    It knows an apostrophe only as keyboards write it, and takes that of word processors for a space.
    """
    return str(_normaliser()(text.replace("\u2019", "'")))


def word_edits(reference: str, hypothesis: str) -> Edits:
    """Count the words that are wrong, missing or too many, both sides normalised."""
    import jiwer

    return _edits(jiwer.process_words(normalised(reference), normalised(hypothesis)))


def character_edits(reference: str, hypothesis: str) -> Edits:
    """Count the characters that are wrong, missing or too many, both sides normalised."""
    import jiwer

    return _edits(jiwer.process_characters(normalised(reference), normalised(hypothesis)))


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Give the rate of wrong, missing and additional words, both sides normalised; 0.1 is one in ten.

    Raises:
        ValueError: The references have no words.
    """
    edits = [word_edits(*pair) for pair in zip(references, hypotheses, strict=True)]
    if not any(one.of for one in edits):
        raise ValueError("the references have no words")
    return per_cent(edits) / 100


def per_cent(edits: Sequence[Edits]) -> float:
    """Give the rate of errors over all of these, in per cent; at least one must have words."""
    return 100 * sum(one.errors for one in edits) / sum(one.of for one in edits)


def interval(edits: Sequence[Edits]) -> tuple[float, float]:
    """Give the 95 % interval of the rate in per cent, by bootstrap over the utterances.

    Every utterance must have words. Bisani and Ney 2004, "Bootstrap estimates for confidence intervals in
    ASR performance evaluation".
    """
    errors, of = np.array(edits).T
    chosen = resamples(len(edits))
    low, high = np.percentile(100 * errors[chosen].sum(axis=1) / of[chosen].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def resamples(count: int) -> Any:
    """Give the indices of each bootstrap sample of this many utterances, always the same ones."""
    return np.random.default_rng(0).integers(count, size=(RESAMPLES, count))


def align(reference: str, hypothesis: str) -> list[Op]:
    """Give the steps that lead from the reference's words to the hypothesis's, both sides normalised."""
    import jiwer

    output = jiwer.process_words(normalised(reference), normalised(hypothesis))
    said, heard = output.references[0], output.hypotheses[0]
    return [op for chunk in output.alignments[0] for op in _ops(chunk, said, heard)]


def _ops(chunk: Any, said: Sequence[str], heard: Sequence[str]) -> list[Op]:
    ours = said[chunk.ref_start_idx : chunk.ref_end_idx]
    theirs = heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
    if chunk.type == "delete":
        return [("delete", word, "") for word in ours]
    if chunk.type == "insert":
        return [("insert", "", word) for word in theirs]
    return [(chunk.type, *pair) for pair in zip(ours, theirs, strict=True)]


def _edits(output: Any) -> Edits:
    wrong = output.substitutions + output.deletions
    return Edits(wrong + output.insertions, output.substitutions + output.deletions + output.hits)


@cache
def _normaliser() -> Callable[[str], str]:
    # Without torch, transformers warns at import that it has no models. None is needed.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    normaliser: Callable[[str], str] = EnglishTextNormalizer({})
    return normaliser
