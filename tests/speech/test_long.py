"""Recordings longer than Whisper's window, with the real detector and the real model."""

from __future__ import annotations

import re

import numpy as np
import pytest

from device.audio.recording import record
from device.audio.sound import samples_in, seconds
from device.demo import SENTENCE
from device.settings import RecognitionSettings, SpeechSettings
from device.speech.detector import SileroDetector
from device.speech.live import LiveRecogniser
from device.speech.recogniser import PieceRecogniser

pytestmark = pytest.mark.model

NOISE = np.random.default_rng(1).standard_normal(samples_in(10_000)).astype(np.float32)


def words(text):
    return re.findall(r"[a-z']+", text.lower())


READ = words(SENTENCE)


def joined(demo, pauses_s, level=1e-3):
    """Give the demo once before each pause, with faint noise in the pauses."""
    return np.concatenate(
        [part for pause in pauses_s for part in (demo, level * NOISE[: samples_in(1000 * pause)])]
    )


def recognise(engine, samples):
    recording = record(samples, SileroDetector(), SpeechSettings())
    return recording, LiveRecogniser(PieceRecogniser(engine, RecognitionSettings())).recognise(recording)


def test_the_demo_is_recognised_word_for_word(real_engine, demo):
    _recording, transcript = recognise(real_engine, demo)
    assert words(transcript.text) == READ


def test_every_sentence_between_pauses_is_there_once(real_engine, demo):
    pauses_s = [0.3, 1.0, 3.0, 0.8, 2.5, 0.5, 2.2, 1.5, 0.4, 2.8, 1.2, 3.0, 0.6, 2.4, 0.3, 2.0]
    samples = joined(demo, pauses_s)
    assert seconds(len(samples)) > 70
    _recording, transcript = recognise(real_engine, samples)
    assert words(transcript.text) == READ * len(pauses_s)


def test_nothing_is_in_the_pauses(real_engine, demo):
    samples = joined(demo, [9, 9, 9, 9])
    _recording, transcript = recognise(real_engine, samples)
    assert len(transcript.segments) == 4
    assert words(transcript.text) == READ * 4
    assert len(transcript.text.split()) <= 4 * (len(SENTENCE.split()) + 1)
    period = seconds(len(demo)) + 9
    for number, segment in enumerate(transcript.segments):
        assert number * period <= segment.start_s < segment.end_s < number * period + 4


def test_nothing_is_lost_or_doubled_where_a_cut_is_forced(real_engine, demo):
    # Too short to be pauses: the whole minute is one passage.
    pauses_s = [0.1] * 20
    spoken_only = demo[samples_in(250) : -samples_in(350)]
    recording, transcript = recognise(real_engine, joined(spoken_only, pauses_s))
    assert len(recording.passages) == 1
    assert len(transcript.segments) > 1
    for segment in transcript.segments:
        spoken = words(segment.text)
        assert spoken == READ * (len(spoken) // len(READ))
    # So much repetition makes the smallest model lose count, but by no more than one a piece.
    assert len(words(transcript.text)) / len(READ) == pytest.approx(len(pauses_s), abs=2)
