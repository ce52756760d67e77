from __future__ import annotations

from collections import Counter

import jiwer
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.trainer.reporting.made import SAID, Said, evaluation, model, results
from trainer.evaluation.rates import normalised
from trainer.evaluation.results import Evaluation
from trainer.reporting.heard import changed, confusions, heard, worst

words = st.lists(st.sampled_from(["red", "green", "blue", "black"]), max_size=5).map(" ".join)
said = st.lists(st.tuples(words, words, words), max_size=6)


def made(texts) -> Evaluation:
    found = results(tuple(Said(f"u{number}", *three) for number, three in enumerate(texts)))
    return Evaluation((model("stock"), model("tuned")), tuple(found), (), (), ())


def test_recordings_without_speech_and_under_noise_are_left_out():
    assert [one.result.id for one in heard(evaluation())] == [one.id for one in SAID if one.reference]


def test_the_owners_worst_come_first_then_the_most_errors():
    found = worst(heard(evaluation()))
    assert [(one.result.id, one.tuned.errors) for one in found] == [("m4", 1), ("m5", 1), ("g1", 1)]
    assert [one.result.id for one in worst(heard(evaluation()), 1)] == ["m4"]


def test_changes_are_those_with_fewer_or_more_errors():
    recordings = heard(evaluation())
    assert {one.result.id for one in changed(recordings, 1)} == {"m1", "m2", "m3", "g2", "w1"}
    assert [one.result.id for one in changed(recordings, -1)] == ["m4", "g1"]


def test_confusions_say_what_was_gained_and_lost():
    found = {(one.said, one.heard): (one.stock, one.tuned) for one in confusions(heard(evaluation()))}
    assert found["gantry", "country"] == (2, 0)
    assert found["read", "red"] == (0, 1)
    assert confusions(heard(evaluation()))[0][:2] == ("gantry", "country")


def test_where_nothing_was_tuned_stock_is_shown():
    whole = evaluation([one for one in results() if one.model == "stock"])
    recordings = heard(replace(whole, models=whole.models[:1]))
    assert {one.result.model for one in recordings} == {"stock"}
    assert not changed(recordings, 1)
    assert worst(recordings)


@given(texts=said)
def test_errors_are_those_that_jiwer_counts(texts):
    for one in heard(made(texts)):
        counted = jiwer.process_words(normalised(one.result.reference), normalised(one.result.text))
        assert one.tuned.errors == counted.substitutions + counted.deletions + counted.insertions
        assert one.words == len(normalised(one.result.reference).split())


@given(texts=said)
def test_every_recording_is_better_worse_or_as_before(texts):
    recordings = heard(made(texts))
    better, worse = ({one.result.id for one in changed(recordings, sign)} for sign in (1, -1))
    assert not better & worse
    same = {one.result.id for one in recordings} - better - worse
    assert all(one.stock.errors == one.tuned.errors for one in recordings if one.result.id in same)


@given(texts=said)
def test_every_substitution_is_in_one_confusion(texts):
    recordings = heard(made(texts))
    for side in ("stock", "tuned"):
        ops = Counter(op[1:] for one in recordings for op in getattr(one, side).ops if op[0] == "substitute")
        assert Counter({one[:2]: getattr(one, side) for one in confusions(recordings)}) == ops
