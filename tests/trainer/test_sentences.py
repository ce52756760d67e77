from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.sentences import MOST, carriers
from trainer.words import Word


def position(sentence: str, word: str) -> str:
    if sentence.lower().startswith(word.lower()):
        return "beginning"
    return "end" if sentence.rstrip(".?").endswith(word) else "middle"


@given(st.integers(0, 90), st.integers())
def test_sentences_differ_carry_the_word_and_are_the_same_again(count, seed):
    sentences = carriers(Word("Kubernetes"), count, seed)
    assert len(set(sentences)) == count
    assert all(sentence.count("Kubernetes") == 1 for sentence in sentences)
    assert not any("<" in sentence or ".." in sentence for sentence in sentences)
    assert sentences == carriers(Word("Kubernetes"), 90, seed)[:count]


@given(st.integers(), st.integers(1, 20))
def test_the_word_is_as_often_at_the_beginning_in_the_middle_and_at_the_end(seed, thirds):
    places = Counter(position(each, "Kubernetes") for each in carriers(Word("Kubernetes"), 3 * thirds, seed))
    assert places == {"beginning": thirds, "middle": thirds, "end": thirds}


def test_words_and_seeds_have_sentences_of_their_own():
    first = carriers(Word("one"), 30, 0)
    assert first != carriers(Word("one"), 30, 1)
    assert first != [sentence.replace("two", "one") for sentence in carriers(Word("two"), 30, 0)]


@pytest.mark.parametrize(
    ("word", "beginning"), [("kubectl", "Kubectl "), ("iPhone", "iPhone "), ("NASA", "NASA "), ("3d", "3d ")]
)
def test_a_sentence_begins_with_a_capital_unless_the_word_has_a_case_of_its_own(word, beginning):
    assert sum(sentence.startswith(beginning) for sentence in carriers(Word(word), 9, 0)) == 3


def test_a_word_that_ends_in_a_full_stop_ends_the_sentence():
    assert any(sentence.endswith("Acme Inc.") for sentence in carriers(Word("Acme Inc."), 9, 0))
    assert not any(".." in sentence for sentence in carriers(Word("Acme Inc."), 90, 0))


def test_there_are_as_many_as_promised_and_no_more():
    assert len(set(carriers(Word("x"), MOST, 0))) == MOST
    with pytest.raises(ValueError, match=f"{MOST} sentences"):
        carriers(Word("x"), MOST + 1, 0)
