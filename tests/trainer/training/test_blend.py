from __future__ import annotations

import pytest
import torch

from tests.trainer.training.made import same
from trainer.training.blend import best_blend, middle, mixed
from trainer.training.checkpoint import Epoch
from trainer.training.choice import Rates
from trainer.training.loop import Trained
from trainer.training.recipe import Recipe

STOCK = {"a": torch.tensor([0.1, 2.0]), "b": torch.tensor(3.0)}
TUNED = {"a": torch.tensor([1.1, -2.0]), "b": torch.tensor(4.0)}
MANY = 10**12  # words: the least difference counts


class Told:
    """A validation that knows the rates of each share."""

    def __init__(self, rates):
        self._rates = rates
        self.asked = []

    def measure(self, state, *, short):
        share = round(float(state["a"][0]) - 0.1, 3)
        self.asked.append((share, short))
        return self._rates[share]


def rated(wer, general_wer=None, words=MANY):
    return Rates(wer, words, general_wer)


def trained(*rates):
    log = tuple(
        Epoch(number, None, 0.0, None, each.wer, each.words, each.general_wer, 1.0)
        for number, each in enumerate(rates)
    )
    return Trained(TUNED, log[-1], log)


def blended(rates, found, **recipe):
    told = Told(rates)
    return best_blend(STOCK, found, told, Recipe(**recipe), lambda _what, _done: None), told


def test_the_ends_of_a_mixture_are_the_weights_themselves():
    assert same(mixed(STOCK, TUNED, 0.0), STOCK)
    assert same(mixed(STOCK, TUNED, 1.0), TUNED)


def test_a_mixture_lies_between():
    quarter = mixed(STOCK, TUNED, 0.25)
    assert torch.allclose(quarter["a"], torch.tensor([0.35, 1.0]))
    assert float(quarter["b"]) == 3.25


def test_epochs_are_judged_by_the_mixture_nearest_to_half():
    assert middle(Recipe(blends=(0.1, 0.4, 1.0))) == 0.4
    assert middle(Recipe(blends=(1.0,))) == 1.0


@pytest.mark.parametrize(
    ("rates", "half", "share"),
    [
        ({0.2: rated(4.0, 9.0), 1.0: rated(3.0, 9.0)}, rated(3.5, 9.0), 1.0),
        (
            {0.2: rated(4.0, 9.0), 1.0: rated(3.0, 9.0)},
            rated(3.0, 9.0),
            0.5,
        ),  # of equal ones that nearest to half
        ({0.2: rated(4.0, 9.0), 1.0: rated(3.0, 9.6)}, rated(2.0, 9.6), 0.2),  # the others forget
        ({0.2: rated(4.0, 9.6), 1.0: rated(3.0, 9.6)}, rated(2.0, 9.6), 0.0),  # all forget: stock stays
        ({0.2: rated(6.0, 9.0), 1.0: rated(6.0, 9.0)}, rated(6.0, 9.0), 0.0),
        ({0.2: rated(4.0), 1.0: rated(2.0)}, rated(3.0), 1.0),
        # Of 1000 words 20 are wrong, give or take 4.5.
        ({0.2: rated(2.4, words=1000), 1.0: rated(2.0, words=1000)}, rated(2.3, words=1000), 0.5),
    ],
)
def test_the_best_that_does_not_forget_is_taken(rates, half, share):
    stock = Rates(5.0, half.words, None if half.general_wer is None else 9.0)
    blend, told = blended(rates, trained(stock, half), blends=(1.0, 0.2, 0.5))

    assert blend.share == share
    assert same(blend.state, mixed(STOCK, TUNED, share))
    assert blend.rates == ({0.0: stock, 0.5: half} | rates)[share]
    assert told.asked == [(0.2, False), (1.0, False)]  # what training measured is known


def test_mixtures_are_measured_as_they_are_trained():
    found = trained(rated(5.0), rated(3.0))
    _, told = blended({0.9: rated(4.0)}, found, blends=(0.5, 0.9), memory="short")
    assert told.asked == [(0.9, True)]


def test_where_training_gave_nothing_it_is_stock_and_nothing_is_measured():
    log = trained(rated(5.0, 9.0), rated(6.0, 9.0)).log
    blend, told = blended({}, Trained(STOCK, log[0], log))

    assert (blend.share, blend.rates) == (0.0, rated(5.0, 9.0))
    assert same(blend.state, STOCK)
    assert told.asked == []
