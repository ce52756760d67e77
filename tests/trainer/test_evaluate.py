from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.demo import RECORDING, SENTENCE
from trainer.dataset import Utterance
from trainer.evaluate import evaluate, recogniser, score, word_error_rate

RARE_NAME = 0.3
"""The model spells the name in the demonstration in several ways: at most two of nine words."""

words = st.lists(st.sampled_from(["red", "green", "blue", "black"]), max_size=6)


def distance(ours: list[str], theirs: list[str]) -> int:
    """Levenshtein's distance, straight from its definition."""
    if not ours or not theirs:
        return len(ours) + len(theirs)
    if ours[0] == theirs[0]:
        return distance(ours[1:], theirs[1:])
    return 1 + min(distance(ours[1:], theirs), distance(ours, theirs[1:]), distance(ours[1:], theirs[1:]))


def spoken(text: str, name: str = "mine") -> Utterance:
    return Utterance(text, Path(text), text, name, "")


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


def test_what_people_write_in_two_ways_is_no_error():
    assert word_error_rate(["Mr. Smith didn't pay twenty dollars!"], ["mister smith did not pay $20"]) == 0


def test_each_set_has_its_score():
    results = [
        (spoken("red green blue black", "b"), "red green blue back"),
        (spoken("pink grey", "b"), "Pink, grey."),
        (spoken("white", "a"), ""),
    ]
    a, b = score(results)
    assert (a.set, a.utterances, a.wer, a.cer) == ("a", 1, 100, 100)
    assert (b.set, b.utterances, b.wer) == ("b", 2, pytest.approx(100 / 6))
    assert b.wer_low == 0
    assert b.wer_high == 25


def test_silent_recordings_count_what_is_invented_for_them():
    (only,) = score([(spoken(""), ""), (spoken("[noise]"), "Thank you."), (spoken("yes"), "yes")])
    assert (only.utterances, only.wer) == (1, 0)
    assert (only.silent, only.invented) == (2, len("Thank you."))


def test_a_set_without_speech_has_no_error_rate():
    (only,) = score([(spoken(""), "")])
    assert (only.wer, only.wer_low, only.wer_high, only.cer) == (None, None, None, None)


@given(right=st.lists(st.booleans(), min_size=1, max_size=20))
def test_the_interval_holds_the_rate_and_is_the_same_again(right):
    results = [(spoken("one two"), "one two" if each else "one") for each in right]
    (first,), (again,) = score(results), score(results)
    assert first == again
    assert first.wer_low <= first.wer <= first.wer_high


def test_every_utterance_is_recognised_once_and_in_order():
    asked: list[Path] = []

    def recognise(path: Path) -> str:
        asked.append(path)
        return str(path).upper()

    utterances = [spoken("a"), spoken("b")]
    assert list(evaluate(utterances, recognise)) == [(utterances[0], "A"), (utterances[1], "B")]
    assert asked == [Path("a"), Path("b")]


def test_the_demonstration_is_recognised_as_the_device_does(real_settings):
    assert word_error_rate([SENTENCE], [recogniser(real_settings)(RECORDING)]) < RARE_NAME
