from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.sound import WINDOW_MS, seconds
from device.events import Anticipated
from device.foresight import Foresight
from device.recordings import Recordings
from device.speech.pieces import HANGOVER_MS
from tests.parts import SETTINGS, SPOKEN, SignDetector, transcript, window

HANGOVER = round(HANGOVER_MS / WINDOW_MS)

LONG_SILENCE = 40
"""Windows after which the passage before is over."""


class Desk:
    """A transcriber and a recogniser that do nothing, and what the foresight asked of them.

    Attributes:
        asked: What it wanted to have recognised.
        is_idle: Whether the transcriber has nothing else to do.
        cost: Of a second of sound, in milliseconds.
    """

    def __init__(self, *, in_speech=False):
        self.asked = []
        self.is_idle = True
        self.cost = 0.0
        self.recordings = Recordings(SignDetector(), SETTINGS)
        self.foresight = Foresight(self.recordings, self, self, in_speech=in_speech)
        self._heard = 0

    def anticipate(self, recording):
        assert self.is_idle
        self.asked.append(recording)

    def cost_ms(self, duration_s):
        return self.cost * duration_s

    def press(self):
        self.foresight.begin()
        return self.recordings.begin(in_doubt=False)

    def hear(self, windows, *, speech):
        for _ in range(windows):
            self._heard += 1
            self.recordings.hear(window(self._heard, speech=speech))
            self.foresight.look()

    def speak(self, windows=SPOKEN):
        self.hear(windows, speech=True)

    def pause(self, windows=HANGOVER):
        self.hear(windows, speech=False)

    def understand(self, text):
        """Give what is stable when the last that was asked is understood so."""
        return self.foresight.take(Anticipated(self.asked[-1], transcript(text)))


@pytest.fixture
def desk():
    desk = Desk()
    desk.press()
    return desk


def test_what_was_said_is_recognised_when_the_voice_has_faded(desk):
    desk.speak()
    desk.pause(HANGOVER - 1)
    assert not desk.asked
    desk.pause(1)
    (recording,) = desk.asked
    samples = desk.recordings.so_far().samples
    np.testing.assert_array_equal(recording.samples, samples)
    assert len(recording.passages) == 1


def test_a_silence_is_recognised_once_however_long_it_is(desk):
    desk.speak()
    desk.pause(5 * LONG_SILENCE)
    assert len(desk.asked) == 1


runs = st.lists(st.tuples(st.integers(SPOKEN, 30), st.integers(HANGOVER, 60)), max_size=8)


@given(runs, st.integers(0, 60))
def test_each_silence_is_recognised_once_and_none_before_anybody_spoke(runs, before):
    desk = Desk()
    desk.press()
    desk.pause(before)
    for number, (speech, silence) in enumerate(runs):
        assert len(desk.asked) == number
        desk.speak(speech)
        desk.pause(silence)
    assert len(desk.asked) == len(runs)


@given(st.lists(st.integers(1, 60), max_size=8))
def test_a_pause_in_which_the_voice_does_not_fade_is_no_silence(runs):
    desk = Desk()
    desk.press()
    for speech in runs:
        desk.speak(speech)
        desk.pause(HANGOVER - 1)
    assert not desk.asked


def test_nothing_is_asked_while_nothing_is_recorded():
    desk = Desk(in_speech=True)
    desk.speak(100)
    desk.pause(100)
    assert not desk.asked
    assert not desk.recordings.end()
    desk.speak(100)
    assert not desk.asked


def test_a_busy_transcriber_is_asked_when_it_is_idle_again(desk):
    desk.speak()
    desk.is_idle = False
    desk.pause(10)
    assert not desk.asked
    desk.is_idle = True
    desk.pause(1)
    assert len(desk.asked) == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 40)), max_size=12), st.booleans())
def test_a_busy_transcriber_is_never_asked(moves, in_speech):
    desk = Desk(in_speech=in_speech)
    desk.press()
    for speech, desk.is_idle, windows in moves:
        asked = len(desk.asked)
        desk.hear(windows, speech=speech)
        assert desk.is_idle or len(desk.asked) == asked


def test_what_was_said_while_the_transcriber_was_busy_is_not_overlooked(desk):
    desk.speak()
    desk.pause()
    desk.is_idle = False
    desk.speak()
    desk.pause()
    desk.is_idle = True
    desk.pause(1)
    first, second = desk.asked
    assert len(second.samples) > len(first.samples)


@pytest.mark.parametrize(("cost", "waits"), [(100.0, False), (2000.0, True)])
def test_only_where_it_is_dear_it_waits_until_the_user_has_likely_said_all(desk, cost, waits):
    desk.cost = cost
    desk.speak(62)
    desk.pause(2 * HANGOVER)
    assert bool(desk.asked) != waits
    desk.pause(62)
    assert len(desk.asked) == 1


def test_another_recording_begins_anew(desk):
    desk.speak()
    desk.pause()
    desk.recordings.end()
    desk.pause(LONG_SILENCE)
    desk.press()
    desk.pause()
    assert len(desk.asked) == 1
    desk.speak()
    desk.pause()
    first, second = desk.asked
    assert len(second.passages) == 1
    assert second.samples[0] != first.samples[0]


def test_in_mid_speech_nothing_is_asked_where_that_is_not_wanted(desk):
    desk.speak(500)
    assert not desk.asked


def lengths_s(desk):
    return [seconds(len(recording.samples)) for recording in desk.asked]


def test_in_mid_speech_it_is_asked_about_once_a_second():
    desk = Desk(in_speech=True)
    desk.press()
    desk.speak(round(10_500 / WINDOW_MS))
    assert lengths_s(desk) == pytest.approx(range(1, 11), abs=0.25)
    assert np.diff([0, *lengths_s(desk)]).min() >= 1


@given(st.integers(0, 2000), st.integers(100, 600))
def test_no_more_than_a_quarter_of_the_time_in_which_the_user_speaks_is_spent(cost, windows):
    desk = Desk(in_speech=True)
    desk.cost = cost
    desk.press()
    desk.speak(windows)
    spent_s = sum(desk.cost_ms(length) / 1000 for length in lengths_s(desk))
    assert spent_s <= desk.recordings.duration_s / 4


def test_in_mid_speech_too_a_silence_is_recognised_once():
    desk = Desk(in_speech=True)
    desk.press()
    desk.speak(SPOKEN)
    desk.pause(300)
    assert len(desk.asked) == 1


def test_what_two_in_a_row_agree_on_is_stable(desk):
    said = []
    for text in ("A superb", "A superlative day", "A superlative day in May."):
        desk.speak()
        desk.pause()
        said.append(desk.understand(text))
    assert said == ["", "A", "A superlative day"]


def test_what_another_recording_said_is_not_stable(desk):
    desk.speak()
    desk.pause()
    desk.understand("Mr. Gregson.")
    late = Anticipated(desk.asked[-1], transcript("Mr. Gregson."))
    desk.press()
    assert desk.foresight.take(late) == ""
    desk.speak()
    desk.pause()
    assert desk.understand("Mr. Gregson.") == ""
    assert desk.foresight.take(late) == ""


def test_when_the_recording_is_over_its_transcript_alone_counts(desk):
    for _ in range(2):
        desk.speak()
        desk.pause()
        desk.understand("Mr. Gregson.")
    desk.pause(2)
    assert not desk.recordings.end()
    desk.pause(3)
    assert not desk.recordings.recording
    assert desk.understand("Mr. Gregson.") == ""
