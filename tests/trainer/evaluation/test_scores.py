from __future__ import annotations

import pytest

from trainer.evaluation.results import Result
from trainer.evaluation.scores import ALL_GENERAL, score


def heard(reference: str, *texts: str, name: str = "mine", role: str = "personal", tier: str = "clean"):
    """What each of the models made of red recording."""
    return [
        Result(model, name, role, tier, reference, "1.wav", "", reference, text, 1.0, 0.1)
        for model, text in zip(("stock", "tuned"), texts, strict=False)
    ]


def test_each_set_has_its_score():
    results = [
        *heard("red green blue black", "red green blue back", name="b"),
        *heard("pink grey", "Pink, grey.", name="b"),
        *heard("white", "", name="a"),
    ]
    (b, a), comparisons = score(results)
    assert (a.set, a.utterances, a.wer, a.cer) == ("a", 1, 100, 100)
    assert (b.set, b.utterances, b.wer) == ("b", 2, pytest.approx(100 / 6))
    assert (b.wer_low, b.wer_high) == (0, 25)
    assert comparisons == []


def test_silent_recordings_count_what_is_invented_for_them():
    results = [
        *heard("", "", "", role="silence"),
        *heard("[noise]", "Thank you.", "", role="silence"),
        *heard("yes", "yes", "no"),
    ]
    scores, (only,) = score(results)
    stock_spoken, _, stock, tuned = scores
    assert (stock.utterances, stock.wer, stock.wer_low, stock.wer_high, stock.cer) == (0, *[None] * 4)
    assert (stock.silent, stock.invented) == (2, len("Thank you."))
    assert (tuned.silent, tuned.invented) == (2, 0)
    assert (stock_spoken.utterances, stock_spoken.wer, stock_spoken.silent) == (1, 0, 0)
    assert only.role == "personal"  # nothing that was said can be compared in silence


def test_models_are_compared_with_the_first_on_the_same_utterances():
    results = [
        *heard("red green blue black", "red green", "red green blue black"),
        *heard("white pink", "white sink", "white pink"),
        *heard("grey brown", "grey brown", "grey crown"),
    ]
    _, (only,) = score(results)
    assert (only.model, only.stock_errors, only.errors, only.words) == ("tuned", 3, 1, 8)
    assert only.difference == -25
    assert only.low <= -25 <= only.high
    assert only.p == 0.75  # of -2, -1 and 1, 6 of 8 choices of signs have a sum as far from 0 as -2


def test_alike_models_do_not_differ():
    _, (only,) = score(heard("red green", "red grain", "red grain"))
    assert (only.difference, only.low, only.high, only.p) == (0, 0, 0, 1)


def test_tiers_are_scored_each_for_itself():
    scores, _ = score([*heard("red green", "red green"), *heard("red green", "red", tier="5")])
    assert [(each.tier, each.wer) for each in scores] == [("clean", 0), ("5", 50)]


def test_several_general_sets_are_also_scored_together():
    results = [
        *heard("red green", "red", "red green", name="a", role="general"),
        *heard("blue black", "blue", "blue", name="b", role="general"),
        *heard("white pink", "white", "white pink"),
    ]
    scores, comparisons = score(results)
    (together,) = [each for each in comparisons if each.set == ALL_GENERAL]
    assert (together.stock_errors, together.errors, together.words) == (2, 1, 4)
    assert {each.set for each in scores} == {"a", "b", ALL_GENERAL, "mine"}
    alone, _ = score([each for each in results if each.set != "b"])
    assert {each.set for each in alone} == {"a", "mine"}


def test_nothing_has_no_scores():
    assert score([]) == ([], [])
