from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.rates import Edits
from trainer.evaluation.significance import difference, difference_interval, permutation_p

few = st.lists(st.integers(-4, 4), max_size=9)
counts = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 9))


def sides(triples: list[tuple[int, int, int]]) -> tuple[list[Edits], list[Edits]]:
    """Give the edits of two systems from errors of one, errors of the other, words."""
    return [Edits(a, of) for a, _, of in triples], [Edits(b, of) for _, b, of in triples]


@given(differences=few)
def test_p_is_the_share_of_all_signs_that_are_as_far_from_nothing(differences):
    observed = abs(sum(differences))
    sums = [
        abs(sum(sign * each for sign, each in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    assert permutation_p(differences) == pytest.approx(sum(each >= observed for each in sums) / len(sums))


@given(differences=st.lists(st.integers(-9, 9), max_size=200))
def test_p_is_a_probability_and_has_no_side(differences):
    p = permutation_p(differences)
    assert 0 < p <= 1
    assert permutation_p([-each for each in differences]) == p
    assert permutation_p([*differences, 0, 0]) == p  # where both are alike, a sign changes nothing


@pytest.mark.parametrize("better", [1, 5, 10, 60])
def test_always_better_by_one_is_as_probable_as_so_many_heads(better):
    assert permutation_p([-1] * better) == pytest.approx(2 ** (1 - better))


@given(better=st.integers(0, 40), worse=st.integers(0, 40))
def test_differences_of_one_make_it_the_sign_test(better, worse):
    n, k = better + worse, max(better, worse)
    tail = sum(math.comb(n, heads) for heads in range(k, n + 1)) / 2**n
    assert permutation_p([-1] * better + [1] * worse) == pytest.approx(min(1.0, 2 * tail))


def test_thousands_of_gains_make_p_small_but_never_nothing():
    assert 0 < permutation_p([-1] * 3000) < 1e-300


def test_under_the_null_p_is_below_a_twentieth_in_a_twentieth_of_cases():
    generator = np.random.default_rng(5)
    ps = [permutation_p([int(d) for d in generator.integers(-3, 4, size=40)]) for _ in range(600)]
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(0.05, abs=0.025)


@given(triples=st.lists(counts, min_size=1, max_size=15))
def test_what_is_alike_does_not_differ(triples):
    stock, _ = sides(triples)
    assert difference(stock, stock) == 0
    assert difference_interval(stock, stock) == (0, 0)


@given(triples=st.lists(counts, min_size=1, max_size=15))
def test_the_difference_turns_round_with_its_sides(triples):
    stock, other = sides(triples)
    low, high = difference_interval(stock, other)
    assert difference(stock, other) == -difference(other, stock)
    assert difference_interval(other, stock) == pytest.approx((-high, -low))
    assert low <= high


def test_pairs_that_rise_and_fall_together_make_a_narrow_interval():
    generator = np.random.default_rng(2)
    hard = generator.integers(0, 9, size=200)
    stock = [Edits(int(each) + 1, 10) for each in hard]
    other = [Edits(int(each), 10) for each in hard]
    assert difference(stock, other) == -10
    assert difference_interval(stock, other) == pytest.approx((-10, -10))
