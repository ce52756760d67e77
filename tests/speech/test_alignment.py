from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.app import load_detector
from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ
from device.demo import SENTENCE
from device.settings import RecognitionSettings, SpeechSettings
from device.speech.alignment import passages_of, words_of
from device.speech.live import LiveRecogniser
from device.speech.recogniser import PieceRecogniser

SAID = [" Wait", " here", ".", " New", " line", ".", " Go", " on", "."]

texts = st.lists(st.sampled_from([" a", " well", "ing", ".", ",", " -", "\ufffd", "é", " ", ""]), max_size=12)


def moments(*times_s: float | None) -> list[tuple[int, float]]:
    """Say each token at its time, those without one never."""
    return [(number, time_s) for number, time_s in enumerate(times_s) if time_s is not None]


def passages(tokens, said, joints_s):
    return passages_of(words_of(tokens), tokens, said, joints_s)


@given(texts)
def test_every_token_is_in_one_word(tokens):
    words = words_of(tokens)
    assert [number for word in words for number in word] == list(range(len(tokens)))
    assert all(word for word in words) or not tokens
    assert all(tokens[word.start].startswith(" ") for word in words[1:])


@given(
    texts,
    st.lists(st.tuples(st.integers(0, 11), st.floats(0, 30)), max_size=40),
    st.lists(st.floats(0, 30), max_size=5).map(sorted),
)
def test_passages_never_fall_whatever_the_model_attends_to(tokens, said, joints_s):
    given = passages(tokens, said, joints_s)
    assert len(given) == len(words_of(tokens))
    assert given == sorted(given)
    assert set(given) <= set(range(len(joints_s) + 1))


def test_a_word_is_in_the_passage_that_it_is_said_in():
    said = moments(0.2, 0.6, 1.0, 1.3, 1.6, 2.0, 2.4, 2.7, 3.0)
    assert passages(SAID, said, [1.2, 2.2]) == [0, 0, 1, 1, 2, 2]


def test_a_word_that_begins_in_the_pause_before_is_behind_it():
    said = [(0, 0.3), (1, 0.9), (1, 1.5)]
    assert passages([" yes", " no"], said, [1.0]) == [0, 1]


def test_the_marks_of_a_word_do_not_move_it_over_the_pause_behind_it():
    said = [(0, 0.3), (1, 1.9), (2, 2.5)]
    assert passages([" yes", ".", " no"], said, [1.0]) == [0, 1]


@pytest.mark.parametrize("word", [" -", " ..."])
def test_marks_alone_stay_with_the_word_before(word):
    assert passages([" yes", word, " no"], moments(0.3, 1.5, 2.5), [1.0]) == [0, 0, 1]


def test_letters_of_several_tokens_have_their_time():
    assert passages([" da", " \ufffd", "\ufffd"], moments(0.3, 1.4, 1.6), [1.0]) == [0, 1]


def test_the_real_model_finds_each_sentence_between_its_pauses(real_engine, demo):
    quiet = np.zeros(int(1.2 * SAMPLE_RATE_HZ), np.float32)
    made = record(np.concatenate([demo, quiet, demo, quiet, demo, quiet]), load_detector(), SpeechSettings())
    settings = RecognitionSettings(threads=1)
    asked: list[str] = []

    def always(text: str, _language: str) -> bool:
        asked.append(text)
        return True

    together = LiveRecogniser(PieceRecogniser(real_engine, settings)).recognise(made)
    parted = LiveRecogniser(PieceRecogniser(real_engine, settings, always)).recognise(made)
    assert len(together.segments) == 1
    assert parted.text == together.text
    assert asked == [together.text]
    assert len(parted.segments) == len(made.passages) == 3
    for segment, passage in zip(parted.segments, made.passages, strict=True):
        assert sorted(segment.text.lower().split())[-3:] == sorted(SENTENCE.lower().split())[-3:]
        assert segment.start_s == pytest.approx(passage.speech_start / SAMPLE_RATE_HZ, abs=0.001)
    (alone,) = record(demo, load_detector(), SpeechSettings()).passages
    pause_s = 1.2 + (alone.speech_start + len(demo) - alone.speech_end) / SAMPLE_RATE_HZ
    for before, after in pairwise(parted.segments):
        assert after.start_s - before.end_s == pytest.approx(pause_s, abs=0.15)
