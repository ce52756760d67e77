from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.training.choice import Rates, choose, forgets, standard_error

rate = st.builds(Rates, st.floats(0, 100), st.just(500), st.floats(0, 100))


@given(st.lists(rate, min_size=1, max_size=8), st.floats(0, 5))
def test_nothing_is_chosen_that_is_clearly_worse_than_stock(rates, tolerance):
    found = choose(rates, list(range(len(rates))), tolerance)

    assert rates[found].wer <= rates[0].wer + standard_error(*rates[0][:2])
    assert not forgets(rates[0], rates[found], tolerance)


@given(st.lists(rate, min_size=2, max_size=8))
def test_what_is_added_is_chosen_or_changes_nothing(rates):
    """So that an epoch's weights need to be kept only when it ends as the best."""
    before = choose(rates[:-1], list(range(len(rates) - 1)), 0.5)

    assert choose(rates, list(range(len(rates))), 0.5) in {before, len(rates) - 1}


def test_the_standard_error_is_that_of_a_count():
    assert standard_error(4.0, 1000) == pytest.approx(100 * math.sqrt(40) / 1000)
    assert standard_error(0.0, 1000) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("stock", "now", "answer"),
    [(9.0, 9.5, False), (9.0, 9.51, True), (9.0, 3.0, False), (None, 9.0, False), (9.0, None, False)],
)
def test_forgetting_is_to_be_worse_than_the_tolerance(stock, now, answer):
    assert forgets(Rates(5.0, 100, stock), Rates(5.0, 100, now), 0.5) is answer


def test_what_chance_may_do_to_a_few_words_is_not_forgetting():
    stock = Rates(5.0, 100, 4.0, 100)

    assert not forgets(stock, Rates(5.0, 100, 6.0, 100), 0.5)  # two words more of a hundred
    assert forgets(stock, Rates(5.0, 100, 6.1, 100), 0.5)
