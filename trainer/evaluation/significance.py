"""Whether one model is better than another on the same utterances, or only luckier."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.rates import resamples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.evaluation.rates import Edits

CHANCE = 0.05
"""A difference that chance gives less often than this is taken for real."""


def permutation_p(differences: Sequence[int]) -> float:
    """Give the two-sided p of a paired permutation test, exactly: above 0, at most 1.

    If two systems are alike, each utterance's difference could as well have the other sign. p is the share of
    all choices of signs whose sum is at least as far from 0 as the one that was seen (Fisher's test; Noreen
    1989, "Computer-Intensive Methods for Testing Hypotheses", draws signs at random instead). The choices are
    not listed: their sums' distribution is built up one utterance at a time (Pagano and Tritchler 1983, "On
    obtaining permutation distributions in polynomial time"). The signs as they were seen are among them, so
    that no p is 0 (Phipson and Smyth 2010).

    Args:
        differences: Errors of one system less those of the other, one number an utterance.
    """
    observed = abs(sum(differences))
    if not observed:
        return 1.0
    steps = [abs(each) for each in differences if each]
    middle = sum(steps)
    chances = np.zeros(2 * middle + 1)  # of each sum from -middle to middle
    chances[middle] = 1.0
    for step in steps:
        chances = (np.roll(chances, step) + np.roll(chances, -step)) / 2
    tails = 2 * float(chances[middle + observed :].sum())
    return min(1.0, max(tails, sys.float_info.min))


def difference(stock: Sequence[Edits], other: Sequence[Edits]) -> float:
    """Give the other's error rate less stock's, in points."""
    errors = sum(one.errors for one in other) - sum(one.errors for one in stock)
    return 100 * errors / sum(one.of for one in stock)


def difference_interval(stock: Sequence[Edits], other: Sequence[Edits]) -> tuple[float, float]:
    """Give the 95 % interval of the difference in points, by paired bootstrap over the utterances.

    Every utterance must have words. Both systems are resampled together, as in Koehn 2004, "Statistical
    significance tests for machine translation evaluation", and in Bisani and Ney 2004 for word error rates.
    """
    gains = np.array([ours.errors - theirs.errors for theirs, ours in zip(stock, other, strict=True)])
    of = np.array([one.of for one in stock])
    chosen = resamples(len(of))
    low, high = np.percentile(100 * gains[chosen].sum(axis=1) / of[chosen].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)
