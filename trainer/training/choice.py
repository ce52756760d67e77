"""Which of several weights to keep, when a few recordings must say which are best."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

HALF = 0.5
"""Half-way between stock and trained weights: over many tasks a mixture as good as the best, or nearly so
(Wortsman et al., Robust fine-tuning of zero-shot models, 2022)."""


class Rates(NamedTuple):
    """Word error rates in per cent.

    Attributes:
        wer: On the owner's validation split.
        words: Words that are said there.
        general_wer: On other people's speech; `None` where there is none.
        general_words: Words that are said in that.
    """

    wer: float
    words: int
    general_wer: float | None = None
    general_words: int = 0


def standard_error(wer: float, words: int) -> float:
    """Give by how many points a rate would differ on as many other words.

    Errors are taken to fall as by Poisson's law, of which there is at least one.
    """
    return 100 * sqrt(max(1.0, wer * words / 100)) / words


def pooled(rates: Rates) -> tuple[float, int]:
    """Give the word error rate of the owner's and other people's speech together, and their words."""
    words = rates.words + rates.general_words
    return (rates.wer * rates.words + (rates.general_wer or 0.0) * rates.general_words) / words, words


def choose(rates: Sequence[Rates], preference: Sequence[float], tolerance: float) -> int:
    """Give the index of the rates whose weights to keep.

    A recording more or less right says little. So of all that are within a standard error of the best, that
    with the highest preference is taken (Breiman et al., Classification and regression trees, 1984, 3.4.3).
    But none that is worse than stock, for its owner by more than a standard error, or for others as `forgets`
    has it.

    Args:
        rates: The first are stock's, which is kept where nothing else will do.
        preference: What is known beforehand of each.
        tolerance: Points of word error rate by which others may be understood worse.
    """
    stock = rates[0]
    fit = [
        index
        for index, each in enumerate(rates)
        if index
        and each.wer <= stock.wer + standard_error(*stock[:2])
        and not forgets(stock, each, tolerance)
    ]
    if not fit:
        return 0
    best = min((rates[index] for index in fit), key=lambda each: each.wer)
    near = [index for index in fit if rates[index].wer <= best.wer + standard_error(*best[:2])]
    return max(near, key=lambda index: preference[index])


def forgets(stock: Rates, now: Rates, tolerance: float) -> bool:
    """Say whether other people's speech is understood worse by more than the tolerance.

    Where there is so little of it that chance makes more than that, by more than a standard error.
    """
    if stock.general_wer is None or now.general_wer is None:
        return False
    chance = standard_error(stock.general_wer, stock.general_words) if stock.general_words else 0.0
    return now.general_wer > stock.general_wer + max(tolerance, chance)
