from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.settings import RecognitionSettings
from device.speech import guards
from device.speech.guards import (
    compression_ratio,
    falls_short,
    is_speech,
    loop_start,
    loops,
    wants_second_opinion,
)

SETTINGS = RecognitionSettings(
    no_speech_threshold=0.6, log_prob_threshold=-1.0, compression_ratio_threshold=2.4
)

SENTENCES = [
    "He turned sharply, and faced Gregson across the table.",
    "No, no, no, that is not what I meant.",
    "Five, five, five, five, five, five, five.",
    "My number is five five five, five five, zero one.",
    "The cat sat on the mat, the dog sat on the rug, and the bird sat on the wire.",
    "Very, very, very good.",
]

tokens = st.lists(st.integers(0, 20), max_size=40)
units = st.lists(st.integers(0, 20), min_size=1, max_size=30)


def repeats(tokens, start, period):
    """Say whether all tokens from some place on are those that came so much earlier."""
    return list(tokens[start:]) == list(tokens[start - period : -period])


@given(tokens, units, st.integers(5, 12), st.integers(0, 29))
def test_a_loop_is_cut_to_its_first_turn(prefix, unit, turns, broken_off):
    assume(len(unit) * turns >= 16)
    looping = [*prefix, *unit * turns, *unit[: broken_off % len(unit)]]
    start = loop_start(looping)
    assert start is not None
    # The end of the prefix may look like a turn of its own, so that even less is left.
    assert start <= len(prefix) + len(unit)
    # What was cut off only repeats what is left.
    assert any(repeats(looping, start, period) for period in range(1, len(unit) + 1))


def test_a_loop_that_breaks_off_in_mid_turn_leaves_one_turn():
    assert loop_start([1, 2, *[7, 8, 9] * 5, 7, 8]) == 5


def test_the_words_before_a_loop_stay():
    assert loop_start([1, 2, 3, *[7] * 20]) == 4


@pytest.mark.parametrize(
    "said", [[], [7], [7] * 3, [7] * 11, [*[7, 8, 9, 10] * 3], [*[7] * 20, 8], [1, 2, 3, 4] * 2 + [5] * 4]
)
def test_what_people_repeat_is_no_loop(said):
    assert loop_start(said) is None


@given(st.lists(st.integers(0, 50_000), unique=True, max_size=200))
def test_without_repetition_there_is_no_loop(said):
    assert loop_start(said) is None


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_no_loop(sentence, decoded):
    words = sentence.lower().split()
    tokens = tuple(words.index(word) for word in words)
    assert not loops(decoded(text=sentence, tokens=tokens), SETTINGS)


@pytest.mark.model
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_in_real_tokens_is_no_loop(sentence, decoded, real_engine):
    tokens = tuple(real_engine._tokens.encode(" " + sentence))
    assert real_engine.text(tokens) == sentence
    assert not loops(decoded(text=sentence, tokens=tokens), SETTINGS)


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(SENTENCES))
def test_the_compression_ratio_is_that_of_faster_whisper(text):
    from faster_whisper.transcribe import get_compression_ratio

    assert compression_ratio(text) == get_compression_ratio(text)


@pytest.mark.parametrize(
    ("changes", "looping"),
    [
        ({}, False),
        ({"capped": True}, True),
        ({"tokens": (7,) * 20}, True),
        ({"text": "I do not know. " * 20}, True),
    ],
)
def test_what_is_a_loop(decoded, changes, looping):
    assert loops(decoded(**changes), SETTINGS) is looping


def test_a_second_opinion_is_wanted_in_doubt_only(decoded):
    limit = guards.SECOND_OPINION_LOGPROB
    assert not wants_second_opinion(decoded(avg_logprob=limit + 0.01), SETTINGS)
    assert wants_second_opinion(decoded(avg_logprob=limit - 0.01), SETTINGS)
    assert wants_second_opinion(decoded(capped=True), SETTINGS)
    assert wants_second_opinion(decoded(tokens=(7,) * 20), SETTINGS)


@pytest.mark.parametrize(
    ("short", "characters", "spoken_s"),
    [(False, 1, 1), (True, 1, 20), (False, 21, 2), (False, 301, 20), (True, 99, 20)],
)
def test_what_falls_short_of_what_was_spoken(*, short, characters, spoken_s):
    assert falls_short("a" * characters, spoken_s) is short


SURE, FAINT = guards.FAINT_SPEECH, guards.FAINT_SPEECH - 0.01
GOOD, POOR = guards.FAINT_SPEECH_LOGPROB, guards.FAINT_SPEECH_LOGPROB - 0.01


@pytest.mark.parametrize(
    ("believed", "text", "no_speech_prob", "avg_logprob", "speech_probability"),
    [
        (True, "Yes.", 0.01, -0.05, 1.0),
        (True, "5", 0.01, -0.05, 1.0),
        (True, "Да.", 0.01, -0.05, 1.0),
        (False, "", 0.01, -0.05, 1.0),
        (False, "...", 0.01, -0.05, 1.0),
        (False, "♪ ♪", 0.01, -0.05, 1.0),
        (True, "Yes.", 0.6, -1.5, SURE),
        (True, "Yes.", 0.9, -1.0, SURE),
        (False, "Yes.", 0.61, -1.01, SURE),
        (True, "Yes.", 0.01, POOR, SURE),
        (True, "Yes.", 0.01, GOOD, FAINT),
        (False, "Yes.", 0.01, POOR, FAINT),
    ],
)
def test_what_is_speech(decoded, *, believed, text, no_speech_prob, avg_logprob, speech_probability):
    result = decoded(text=text, no_speech_prob=no_speech_prob, avg_logprob=avg_logprob)
    assert is_speech(result, speech_probability, SETTINGS) is believed
