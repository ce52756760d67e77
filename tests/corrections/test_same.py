from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.corrections.same import is_same, letters, likeness
from tests.corrections.made import MISHEARD, OTHER, SAID

words = st.text("abc xyz", max_size=12)


def distance(first: str, second: str) -> int:
    """Give the distance of Levenshtein as its definition has it."""
    if not (first and second):
        return len(first) + len(second)
    return min(
        distance(first[1:], second) + 1,
        distance(first, second[1:]) + 1,
        distance(first[1:], second[1:]) + (first[0] != second[0]),
    )


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_likeness_is_by_the_distance_of_levenshtein(first, second):
    longer = max(len(first), len(second), 1)
    assert likeness(first, second) == pytest.approx(1 - distance(first, second) / longer)


@given(words, words)
def test_it_is_as_like_in_both_directions(first, second):
    assert likeness(first, second) == likeness(second, first)
    assert is_same(first, second, 1.0, 1.5) == is_same(second, first, 1.5, 1.0)


@pytest.mark.parametrize(
    ("undone", "stays"),
    [
        (MISHEARD, SAID),
        ("Wreck a nice beach.", "Recognize speech."),
        ("Meet me at the knight's hotel at 9.", "Meet me at the Knightsbridge Hotel at 9."),
        ("Das ist eine Grösse", "Das war seine Größe."),
    ],
)
def test_what_was_misheard_is_the_same_sentence(undone, stays):
    assert is_same(undone, stays, 2.0, 2.5)


@pytest.mark.parametrize(
    ("undone", "stays"),
    [
        (OTHER, SAID),
        ("I'll be late.", "See you tomorrow."),
        ("Yes.", "No."),
        ("", SAID),
        (SAID, ""),
        ("...", "?!"),
    ],
)
def test_something_else_is_not(undone, stays):
    assert not is_same(undone, stays, 2.0, 2.5)


def test_what_was_heard_alike_both_times_teaches_nothing():
    assert not is_same("i scream, for ICE cream", SAID, 2.0, 2.0)


@pytest.mark.parametrize(("first_s", "second_s"), [(1.0, 2.1), (2.1, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_nor_is_what_takes_more_than_twice_as_long(first_s, second_s):
    assert is_same(MISHEARD, SAID, 1.0, 2.0)
    assert not is_same(MISHEARD, SAID, first_s, second_s)


def test_neither_case_nor_accents_nor_signs_count():
    assert letters("Größe — Crème brûlée, 25!") == "grossecremebrulee25"
