from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.rates import (
    Edits,
    align,
    character_edits,
    interval,
    per_cent,
    word_edits,
    word_error_rate,
)

words = st.lists(st.sampled_from(["red", "green", "blue", "black"]), max_size=6)


def distance(ours: list[str] | str, theirs: list[str] | str) -> int:
    """Levenshtein's distance, straight from its definition."""
    if not ours or not theirs:
        return len(ours) + len(theirs)
    if ours[0] == theirs[0]:
        return distance(ours[1:], theirs[1:])
    return 1 + min(distance(ours[1:], theirs), distance(ours, theirs[1:]), distance(ours[1:], theirs[1:]))


@given(pairs=st.lists(st.tuples(words, words), min_size=1, max_size=4))
def test_word_error_rate_is_the_edit_distance_by_the_words(pairs):
    references, hypotheses = ([" ".join(side) for side in sides] for sides in zip(*pairs, strict=True))
    count = sum(len(reference) for reference, _ in pairs)
    if count:
        errors = sum(distance(*pair) for pair in pairs)
        assert word_error_rate(references, hypotheses) == pytest.approx(errors / count)
    else:
        with pytest.raises(ValueError, match="no words"):
            word_error_rate(references, hypotheses)


@given(reference=words, hypothesis=words)
def test_edits_count_words_also_where_nothing_was_said(reference, hypothesis):
    edits = word_edits(" ".join(reference), " ".join(hypothesis))
    assert edits == (distance(reference, hypothesis), len(reference))


def test_characters_are_counted_with_their_spaces():
    assert character_edits("red car", "read ca") == (distance("red car", "read ca"), 7)
    assert character_edits("", "hi") == (2, 0)


def test_what_people_write_in_two_ways_is_no_error():
    assert word_error_rate(["Mr. Smith didn't pay twenty dollars!"], ["mister smith did not pay $20"]) == 0
    assert word_error_rate(["It\u2019s Anna\u2019s, isn\u2019t it?"], ["it's Anna's, isn't it"]) == 0


@given(reference=words, hypothesis=words)
def test_an_alignment_leads_from_one_to_the_other_in_as_few_steps_as_there_are_errors(reference, hypothesis):
    ops = align(" ".join(reference), " ".join(hypothesis))
    assert [said for kind, said, _ in ops if kind != "insert"] == reference
    assert [heard for kind, _, heard in ops if kind != "delete"] == hypothesis
    assert all((kind == "equal") == (said == heard) for kind, said, heard in ops)
    assert sum(kind != "equal" for kind, _, _ in ops) == distance(reference, hypothesis)


def test_what_has_no_partner_faces_nothing():
    ops = align("The red, green blue!", "red grey blue now")
    assert ops == [
        ("delete", "the", ""),
        ("equal", "red", "red"),
        ("substitute", "green", "grey"),
        ("equal", "blue", "blue"),
        ("insert", "", "now"),
    ]


@given(edits=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=20))
def test_the_interval_holds_the_rate_and_is_the_same_again(edits):
    edits = [Edits(*each) for each in edits]
    low, high = interval(edits)
    rates = [100 * each.errors / each.of for each in edits]
    assert min(rates) - 1e-9 <= low <= high <= max(rates) + 1e-9
    assert (low, high) == interval(edits)


def test_the_interval_is_as_wide_as_theory_says():
    right = np.random.default_rng(1).random(400) < 0.8
    edits = [Edits(int(not each), 1) for each in right]
    low, high = interval(edits)
    p = per_cent(edits) / 100
    assert high - low == pytest.approx(2 * 1.96 * 100 * math.sqrt(p * (1 - p) / len(edits)), rel=0.1)
