from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
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
    recorder = Recorder(ScriptedDetector(probabilities), SPEECH, 200)
    heard = [window(number, speech=True) for number in range(len(probabilities))]
    for number, each in enumerate(heard):
        assert recorder.windows == number
        recorder.hear(each)
    recording = recorder.so_far()
    assert len(recording.samples) == len(heard) * WINDOW
    if heard:
        np.testing.assert_array_equal(recording.samples, np.concatenate(heard))
    expected = pad(endpoint(probabilities, SPEECH), len(recording.samples), SPEECH.speech_pad_ms)
    assert recording.passages == expected


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 300)), min_size=1, max_size=6),
    st.sets(st.integers(0, 900)),
)
def test_what_was_given_before_does_not_change_when_more_is_heard(runs, moments):
    recorder = Recorder(SignDetector(), SPEECH, 2000)
    given_before, sums = [], []
    heard = [speech for speech, windows in runs for _ in range(windows)]
    for number, speech in enumerate(heard):
        recorder.hear(window(number, speech=speech))
        if number in moments:
            given_before.append(recorder.so_far())
            sums.append(given_before[-1].samples.astype(np.float64).sum())
    final = recorder.so_far()
    for before, its_sum in zip(given_before, sums, strict=True):
        length = len(before.samples)
        assert before.samples.astype(np.float64).sum() == its_sum
        np.testing.assert_array_equal(before.samples, final.samples[:length])
        settled = before.passages[:-1]
        assert final.passages[: len(settled)] == settled


@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_a_recording_that_grew_is_the_one_that_is_heard_in_one_go(heard):
    sound = np.concatenate([window(number, speech=speech) for number, speech in enumerate(heard)])
    recorder = Recorder(SignDetector(), SPEECH, 2000)
    for number in range(1, len(heard) + 1):
        recorder.hear(sound[(number - 1) * WINDOW : number * WINDOW])
        expected = record(sound[: number * WINDOW], SignDetector(), SPEECH)
        so_far = recorder.so_far()
        np.testing.assert_array_equal(so_far.samples, expected.samples)
        assert so_far.passages == expected.passages


LONG_SILENCE = math.ceil(SPEECH.min_silence_duration_ms / WINDOW_MS)

SHORTEST = math.ceil(SPEECH.min_speech_duration_ms / WINDOW_MS)

runs = st.lists(
    st.tuples(st.integers(SHORTEST, 30), st.integers(1, 2 * LONG_SILENCE)), min_size=1, max_size=6
)


@given(st.integers(0, 50), runs)
def test_it_is_known_how_long_nobody_has_spoken(before, runs):
    recorder = Recorder(SignDetector(), SPEECH, 2000)
    for _ in range(before):
        recorder.hear(window(0, speech=False))
        assert recorder.quiet_ms == 0
    for spoken, silent in runs:
        for _ in range(spoken):
            recorder.hear(window(0, speech=True))
            assert recorder.quiet_ms == 0
        for number in range(1, silent + 1):
            recorder.hear(window(0, speech=False))
            assert recorder.quiet_ms == number * WINDOW_MS


def test_a_sound_that_was_too_short_for_speech_breaks_no_silence():
    recorder = Recorder(SignDetector(), SPEECH, 2000)
    quiet = []
    for spoken, silent in ((1, LONG_SILENCE), (SHORTEST, LONG_SILENCE), (1, LONG_SILENCE)):
        for speech in [True] * spoken + [False] * silent:
            recorder.hear(window(0, speech=speech))
        quiet.append(recorder.quiet_ms / WINDOW_MS)
    assert quiet == [0, LONG_SILENCE, 1 + 2 * LONG_SILENCE]


@given(st.floats(SPEECH.neg_threshold, SPEECH.threshold, exclude_max=True))
def test_a_voice_that_fades_is_not_silent_yet(probability):
    recorder = Recorder(ScriptedDetector([1.0, probability, 0.0, probability]), SPEECH, 2000)
    quiet = []
    for number in range(4):
        recorder.hear(window(number, speech=True))
        quiet.append(recorder.quiet_ms / WINDOW_MS)
    assert quiet == [0, 0, 1, 2]


def test_a_recording_of_nothing_is_empty():
    recording = Recorder(SignDetector(), SPEECH, 2000).so_far()
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
    Recorder(detector, SPEECH, 2000)
    Recorder(detector, SPEECH, 2000)
    assert detector.resets == 2
