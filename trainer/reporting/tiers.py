"""How error rates rise with noise, each line over the same recordings from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trainer.evaluation.rates import Edits, per_cent, word_edits
from trainer.evaluation.results import CLEAN
from trainer.reporting.verdict import stock_name, tuned_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.evaluation.results import Evaluation, Result

TITLES = {"personal": "your own speech", "words": "your words", "general": "general speech"}
"""What the parts are called."""


class NoiseLines(NamedTuple):
    """The word error rates of one part by tier, in per cent.

    Attributes:
        title: The part.
        utterances: Recordings in each tier.
        tiers: Clean, then by falling signal-to-noise ratio.
        stock: Stock's rates; empty where it was not measured.
        tuned: The tuned model's; empty where none was.
    """

    title: str
    utterances: int
    tiers: tuple[str, ...]
    stock: tuple[float, ...]
    tuned: tuple[float, ...]


def noise_lines(evaluation: Evaluation) -> list[NoiseLines]:
    """Give the lines of every part of which recordings were measured with noise too.

    Only a sample of the general recordings is: the clean ones beside it are those of the sample.
    """
    noisy = {(one.set, one.id) for one in evaluation.results if one.tier != CLEAN}
    results = [one for one in evaluation.results if (one.set, one.id) in noisy]
    models = (stock_name(evaluation), tuned_name(evaluation) or "")
    lines = (_lines(title, role, results, models) for role, title in TITLES.items())
    return [one for one in lines if one.utterances]


def _lines(title: str, role: str, results: Sequence[Result], models: tuple[str, str]) -> NoiseLines:
    edits: dict[tuple[str, str], list[Edits]] = {}
    for one in results:
        if one.role == role and one.model in models:
            found = word_edits(one.reference, one.text)
            if found.of:
                edits.setdefault((one.model, one.tier), []).append(found)
    tiers = tuple(sorted({tier for _, tier in edits}, key=_noisiness))
    stock, tuned = (
        tuple(per_cent(edits[name, tier]) for tier in tiers if (name, tier) in edits) for name in models
    )
    complete = (rates if len(rates) == len(tiers) else () for rates in (stock, tuned))
    return NoiseLines(title, max(map(len, edits.values()), default=0), tiers, *complete)


def _noisiness(tier: str) -> float:
    """Sort by the signal-to-noise ratio, which of clean sound is without end."""
    return -float("inf") if tier == CLEAN else -float(tier)
