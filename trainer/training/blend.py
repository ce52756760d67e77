"""Mixtures of stock and trained weights: less learned, less forgotten, often better than both.

Wortsman et al., Robust fine-tuning of zero-shot models, 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from trainer.training.choice import HALF, Rates, choose

if TYPE_CHECKING:
    from trainer.progress import Report
    from trainer.training.adapters import State
    from trainer.training.loop import Trained
    from trainer.training.recipe import Recipe
    from trainer.training.validation import Validation


class Blend(NamedTuple):
    """A mixture, and how good it is.

    Attributes:
        share: Of the trained weights; the rest is stock. 0 where training gave nothing better.
        state: The weights.
        rates: On the validation split.
    """

    share: float
    state: State
    rates: Rates


def mixed(stock: State, trained: State, share: float) -> State:
    """Give weights between two sets of them, `share` of the way from the first to the second."""
    if share == 1.0:
        return trained
    return {name: torch.lerp(each, trained[name], share) for name, each in stock.items()}


def middle(recipe: Recipe) -> float:
    """Give the share of the recipe's that is nearest to half: by its mixture each epoch is judged."""
    return min(recipe.blends, key=lambda share: abs(share - HALF))


def best_blend(
    stock: State, trained: Trained, validation: Validation, recipe: Recipe, report: Report
) -> Blend:
    """Give the mixture to keep, by the validation split: see `choice.choose`.

    Args:
        stock: The weights before.
        trained: What training gave.
        validation: What measures.
        recipe: Which mixtures, and how much worse others may be understood.
        report: Told how far it is.
    """
    blends = [Blend(0.0, stock, trained.log[0].rates)]
    shares = sorted(recipe.blends) if trained.best.epoch else []
    for done, share in enumerate(shares, 1):
        state = mixed(stock, trained.state, share)
        is_known = share == middle(recipe) and recipe.soup == 1
        rates = trained.best.rates if is_known else validation.measure(state, short=recipe.memory == "short")
        blends.append(Blend(share, state, rates))
        report("Blending with stock", done / len(shares))
    preference = [-abs(blend.share - HALF) for blend in blends]
    return blends[choose([blend.rates for blend in blends], preference, recipe.tolerance)]
