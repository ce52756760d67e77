from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.audio.endpointing import endpoint, pad
from device.audio.recording import PreRoll, Recorder, record
from device.audio.sound import WINDOW, WINDOW_MS
from device.settings import SpeechSettings
from tests.parts import SignDetector, window

SPEECH = SpeechSettings()


@given(st.integers(0, 2000), st.integers(0, 100))
def test_the_pre_roll_keeps_at_least_its_length_and_no_window_more(pre_roll_ms, windows):
    pre_roll = PreRoll(pre_roll_ms)
    heard = [window(number, speech=True) for number in range(windows)]
    for each in heard:
        pre_roll.hear(each)
    kept = math.ceil(pre_roll_ms / WINDOW_MS)
    taken = pre_roll.take()
    assert len(taken) == min(kept, windows)
    assert all(a is b for a, b in zip(taken, heard[windows - len(taken) :], strict=True))
    assert pre_roll.take() == []


class ScriptedDetector:
    """Says what it was told, and keeps the windows that it was asked about."""

    def __init__(self, probabilities):
        self.probabilities = iter(probabilities)
        self.windows = []

    def reset(self):
        self.windows.clear()

    def probability(self, window):
        self.windows.append(window)
        return next(self.probabilities)


@given(st.lists(st.floats(0, 1), max_size=120))
def test_a_recording_grows_with_its_passages(probabilities):
    recorder = Recorder(ScriptedDetector(probabilities), SPEECH)
    heard = [window(number, speech=True) for number in range(len(probabilities))]
    for number, each in enumerate(heard):
        assert recorder.windows == number
        recorder.hear(each)
    recording = recorder.finish()
    assert len(recording.samples) == len(heard) * WINDOW
    if heard:
        np.testing.assert_array_equal(recording.samples, np.concatenate(heard))
    expected = pad(endpoint(probabilities, SPEECH), len(recording.samples), SPEECH.speech_pad_ms)
    assert recording.passages == expected


def test_a_recording_of_nothing_is_empty():
    recording = Recorder(SignDetector(), SPEECH).finish()
    assert recording.samples.dtype == np.float32
    assert (len(recording.samples), recording.passages) == (0, ())


@given(st.integers(0, 5 * WINDOW))
def test_a_file_is_heard_whole_with_its_last_window_filled_up(length):
    samples = np.arange(1, length + 1, dtype=np.float32)
    detector = ScriptedDetector([0.0] * 6)
    recording = record(samples, detector, SPEECH)
    assert len(recording.samples) == math.ceil(length / WINDOW) * WINDOW
    np.testing.assert_array_equal(recording.samples[:length], samples)
    assert not recording.samples[length:].any()
    assert all(len(each) == WINDOW for each in detector.windows)


def test_the_detector_forgets_the_recording_before():
    detector = SignDetector()
    Recorder(detector, SPEECH)
    Recorder(detector, SPEECH)
    assert detector.resets == 2
