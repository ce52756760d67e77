from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.dealing import LEAST_VALIDATION, dealt, lesson, write_lesson
from trainer.dataset import Utterance, load_manifest
from trainer.evaluation.rates import normalised

TEXTS = ("Yes.", "yes", "No.", "One two.", "1, 2", "Three.", "Four.", "Five.", "Six.", "Seven.")


def of(texts):
    return [Utterance(f"{n:03}", Path(f"{n}.flac"), text, "own", "me") for n, text in enumerate(texts)]


utterances = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=60).map(of)
counts = st.integers(2, 5)


@given(utterances, counts, st.integers(0, 9))
def test_every_recording_is_in_one_fold_with_all_of_its_text(utterances, folds, seed):
    found = dealt(utterances, folds, seed)

    assert len(found) == folds
    assert sorted(each.id for fold in found for each in fold) == [each.id for each in utterances]
    texts = [{normalised(each.text) for each in fold} for fold in found]
    assert sum(map(len, texts)) == len(set().union(*texts))


@given(utterances, counts)
def test_the_dealing_does_not_depend_on_the_order_of_the_list(utterances, folds):
    assert dealt(utterances, folds, 1) == dealt(utterances[::-1], folds, 1)


@given(utterances, counts, st.one_of(st.none(), st.integers(1, 60)))
def test_what_tests_is_the_fold_and_nothing_of_it_is_learned(utterances, count, amount):
    folds = dealt(utterances, count, 1)

    found = lesson(folds, 1, amount, 1)

    split = {
        name: [each.id for each in found if each.split == name] for name in ("train", "validation", "test")
    }
    others = len(utterances) - len(folds[1])
    assert split["test"] == [each.id for each in folds[1]]
    assert len(split["train"] + split["validation"]) == min(others, others if amount is None else amount)
    assert not {*split["train"], *split["validation"]} & {*split["test"]}
    assert len(split["validation"]) >= min(LEAST_VALIDATION, others, amount or others)


def test_a_smaller_amount_is_part_of_a_larger_one():
    folds = dealt(of([f"Sentence {number}." for number in range(80)]), 4, 1)

    few, more = ({each.id for each in lesson(folds, 0, amount, 1)} for amount in (20, 40))

    assert few < more


@pytest.fixture
def sound(tmp_path):
    file = tmp_path / "sounds" / "a.flac"
    file.parent.mkdir()
    file.touch()
    return file


def test_a_lesson_is_a_folder_that_is_read_as_any(sound, tmp_path):
    said = Utterance("a", sound, "Hëllo.", "own", "me", "validation")

    write_lesson([said], tmp_path / "lesson")

    assert load_manifest(tmp_path / "lesson") == [said]
