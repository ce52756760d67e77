from __future__ import annotations

from itertools import takewhile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.endpointing import endpoint
from device.audio.listener import Listener
from device.audio.onset import BEFORE_MS, LOOK_BACK_MS, SpeechOnset, WakeWordOnset
from device.audio.sound import WINDOW_MS
from device.settings import HandsFreeSettings, MicrophoneSettings, Settings, SpeechSettings
from tests.parts import SignDetector, window

BEFORE = round(BEFORE_MS / WINDOW_MS + 0.5)
SPEECH = SpeechSettings()


def windows_of(kinds):
    """Make windows, each unlike all others, from whether each is speech."""
    return [window(number, speech=speech) for number, speech in enumerate(kinds)]


def began(kinds, settings=SPEECH):
    """Give the number of the window at which a dictation begins, and the windows that it begins with."""
    onset = SpeechOnset(SignDetector(), settings)
    onset.reset([])
    for number, each in enumerate(windows_of(kinds)):
        before = onset.hear(each)
        if before is not None:
            return number, [abs(int(one[0])) - 1 for one in before]
    return None


sounds = st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=12).map(
    lambda runs: [speech for speech, length in runs for _ in range(length)]
)


@given(sounds)
def test_it_begins_where_it_would_be_speech_in_any_dictation(kinds):
    found = began(kinds)
    passages = endpoint(map(float, kinds), SPEECH)
    assert (found is None) == (not passages)
    if found:
        at, before = found
        assert before[-1] == at
        first = passages[0].start // 512
        shortest = at - round(LOOK_BACK_MS / WINDOW_MS + 0.5) + 1
        assert before[0] == max(0, first - BEFORE, shortest)
        assert before == list(range(before[0], at + 1))


@given(sounds, st.integers(100, 1000))
def test_it_begins_only_after_so_much_speech(kinds, shortest_ms):
    found = began(kinds, SpeechSettings(min_speech_duration_ms=shortest_ms))
    if found:
        assert sum(kinds[: found[0] + 1]) * WINDOW_MS >= shortest_ms


def test_what_was_heard_before_a_reset_is_forgotten():
    onset = SpeechOnset(SignDetector(), SPEECH)
    onset.reset([])
    heard = windows_of([True] * 7 + [False] * 2 + [True] * 8)
    for each in heard[:7]:
        assert onset.hear(each) is None
    onset.reset(heard[7:9])
    assert [onset.hear(each) is None for each in heard[9:]] == [True] * 7 + [False]
    onset.reset(heard[7:9])
    (before,) = [each for each in map(onset.hear, heard[9:]) if each is not None]
    np.testing.assert_array_equal(before, heard[7:])


class Named:
    def __init__(self, heard):
        self._heard = heard
        self.resets = 0

    def reset(self):
        self.resets += 1

    def heard(self, _):
        return self._heard.pop(0)


def test_the_wake_word_is_no_part_of_the_dictation():
    onset = WakeWordOnset(Named([False, True]))
    assert [onset.hear(each) for each in windows_of([True, True])] == [None, []]


class Scene:
    """A listener that begins by itself, and the recordings that it gave, as numbers of windows."""

    def __init__(self, *, silence_ms=400, limit_s=300):
        settings = Settings(
            microphone=MicrophoneSettings(max_recording_s=limit_s),
            hands_free=HandsFreeSettings(silence_ms=silence_ms),
        )
        self.listener = Listener(SignDetector(), settings)
        self.onset = SpeechOnset(SignDetector(), settings.speech)
        self.listener.watch(self.onset)
        self.recordings = []

    def hear(self, kinds):
        for each in windows_of(kinds):
            recording = self.listener.hear(each)
            if recording:
                self.recordings.append([abs(int(one)) - 1 for one in recording.samples[::512]])
        return self.recordings


@given(sounds, st.integers(300, 1500), st.integers(3, 300))
def test_every_word_is_in_one_recording_and_each_ends_with_silence_or_at_its_limit(
    kinds, silence_ms, limit_s
):
    scene = Scene(silence_ms=silence_ms, limit_s=limit_s)
    silent = [False] * 200
    recordings = scene.hear([*kinds, *silent])
    assert not scene.listener.recording
    recorded = [number for recording in recordings for number in recording]
    for number, speech in enumerate(kinds):
        assert not speech or recorded.count(number) <= 1
    for recording in recordings:
        assert recording == list(range(recording[0], recording[-1] + 1))
        recorded_kinds = [*kinds, *silent][recording[0] : recording[-1] + 1]
        quiet = sum(1 for _ in takewhile(lambda speech: not speech, reversed(recorded_kinds)))
        # A click in the silence delays the end, but only until it is certain that it was no word.
        enough_ms = min(silence_ms, SPEECH.min_silence_duration_ms)
        assert quiet * WINDOW_MS >= enough_ms or len(recording) * WINDOW_MS >= 1000 * limit_s
    for passage in endpoint(map(float, kinds), SPEECH):
        spoken = [
            number for number in range(passage.start // 512, passage.speech_end // 512) if kinds[number]
        ]
        assert sum(number in recorded for number in spoken) * WINDOW_MS >= min(
            len(spoken) * WINDOW_MS, LOOK_BACK_MS / 2
        )


def test_who_stops_watching_keeps_nothing_of_what_was_heard():
    scene = Scene()
    scene.hear([False] * 50)
    assert scene.onset._heard._windows
    scene.listener.watch(None)
    assert not scene.onset._heard._windows
    assert scene.hear([True] * 50) == []


@pytest.mark.parametrize("press_at", [5, 20])
def test_a_press_takes_over_from_what_began_by_itself_and_no_sound_is_in_both(press_at):
    scene = Scene()
    scene.hear([True] * press_at)
    before = scene.listener.begin()
    assert (before is not None) == (press_at > 8)
    assert not scene.listener.by_itself
    assert scene.listener.duration_s * 1000 == pytest.approx(0 if before else press_at * WINDOW_MS)
