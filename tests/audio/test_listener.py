from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.listener import Listener
from device.audio.sound import WINDOW, WINDOW_MS
from device.settings import MicrophoneSettings, Settings, SpeechSettings
from tests.parts import SignDetector, window


class Scene:
    """A listener, all windows that it heard, and the recordings that it gave."""

    def __init__(self, *, pre_roll=3, tail=2, limit_s=3600):
        microphone = MicrophoneSettings(
            pre_roll_ms=round(pre_roll * WINDOW_MS), tail_ms=round(tail * WINDOW_MS), max_recording_s=limit_s
        )
        self.detector = SignDetector()
        self.listener = Listener(self.detector, Settings(microphone=microphone))
        self.heard = []
        self.recordings = []

    def hear(self, windows, *, speech=True):
        for _ in range(windows):
            self.heard.append(window(len(self.heard), speech=speech))
            self._keep(self.listener.hear(self.heard[-1]))

    def press(self):
        self._keep(self.listener.begin())

    def release(self):
        self._keep(self.listener.end())

    def cut_short(self):
        self._keep(self.listener.cut_short())

    def _keep(self, recording):
        if recording is not None:
            self.recordings.append(numbers(recording.samples))


def numbers(samples):
    """Give the numbers of the windows that a recording consists of, if they are whole and unchanged."""
    blocks = samples.reshape(-1, WINDOW)
    for block in blocks:
        np.testing.assert_array_equal(block, window(abs(int(block[0])) - 1, speech=block[0] > 0))
    return [abs(int(block[0])) - 1 for block in blocks]


@given(
    dictations=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12)), min_size=1, max_size=6),
    pre_roll=st.integers(0, 5),
    tail=st.integers(0, 4),
)
def test_each_recording_is_pre_roll_held_and_tail_in_order_and_no_window_is_in_two(
    dictations, pre_roll, tail
):
    scene = Scene(pre_roll=pre_roll, tail=tail)
    moves = []
    for before, held in dictations:
        scene.hear(before)
        pressed = len(scene.heard)
        scene.press()
        scene.hear(held)
        moves.append((pressed, len(scene.heard)))
        scene.release()
    scene.hear(tail + 1)

    expected, free_from = [], 0
    presses = [pressed for pressed, _ in moves[1:]] + [len(scene.heard)]
    for (pressed, released), next_press in zip(moves, presses, strict=True):
        start = max(free_from, pressed - pre_roll)
        free_from = min(released + tail, next_press)
        expected.append(list(range(start, free_from)))
    assert scene.recordings == expected
    assert scene.detector.resets == len(expected)


def test_the_user_is_listened_to_until_the_release_and_recorded_until_the_tail():
    scene = Scene(tail=2)
    states = []

    def note():
        states.append((scene.listener.listening, scene.listener.recording))

    note()
    scene.press()
    note()
    scene.hear(2)
    scene.release()
    note()
    scene.hear(1)
    note()
    scene.hear(1)
    note()
    assert states == [(False, False), (True, True), (False, True), (False, True), (False, False)]


def test_the_limit_counts_the_pre_roll_and_ends_the_recording():
    scene = Scene(pre_roll=3, limit_s=1)
    scene.hear(5)
    scene.press()
    scene.hear(28)
    assert scene.recordings == []
    assert not scene.listener.hit_limit
    scene.hear(1)
    assert scene.recordings == [list(range(2, 34))]
    assert scene.listener.hit_limit
    assert not scene.listener.recording
    scene.press()
    assert not scene.listener.hit_limit


def test_a_tail_may_pass_the_limit():
    scene = Scene(tail=4, limit_s=1)
    scene.press()
    scene.hear(31)
    scene.release()
    scene.hear(4)
    assert scene.recordings == [list(range(35))]
    assert not scene.listener.hit_limit


@pytest.mark.parametrize("released", [False, True])
def test_cut_short_gives_what_was_heard(released):
    scene = Scene()
    scene.hear(5)
    scene.press()
    scene.hear(4)
    if released:
        scene.release()
    scene.cut_short()
    scene.cut_short()
    assert scene.recordings == [list(range(2, 9))]
    assert not scene.listener.recording


def test_sound_from_before_a_cut_opens_no_recording():
    scene = Scene()
    scene.hear(5)
    scene.cut_short()
    scene.hear(1)
    scene.press()
    scene.hear(1)
    scene.release()
    scene.hear(2)
    assert scene.recordings == [[5, 6, 7, 8]]


SILENT = 3
"""Windows of silence after which nobody is in mid-syllable."""

SHORTEST = math.ceil(SpeechSettings().min_speech_duration_ms / WINDOW_MS)

LONG_SILENCE = math.ceil(SpeechSettings().min_silence_duration_ms / WINDOW_MS)


LATE = 3
"""Windows that are heard after the release in any case, since they may be from before it."""


@given(
    before=st.integers(0, 60),
    spoken=st.integers(SHORTEST, 40),
    quiet=st.integers(0, 60),
    tail=st.integers(0, 12),
    after=st.lists(st.booleans(), min_size=13, max_size=13),
)
def test_the_recording_ends_when_the_user_is_silent_and_at_the_latest_with_the_tail(
    before, spoken, quiet, tail, after
):
    scene = Scene(tail=tail)
    scene.press()
    scene.hear(before, speech=False)
    scene.hear(spoken)
    scene.hear(quiet, speech=False)
    scene.release()
    released = len(scene.heard)
    heard = [True] * spoken + [False] * quiet
    for speech in after:
        scene.hear(1, speech=speech)
    (recording,) = scene.recordings
    waited = len(recording) - released
    assert recording == list(range(len(recording)))

    def silent(windows):
        return not any((heard + after[:windows])[-SILENT:])

    assert waited == next(
        windows for windows in range(14) if windows >= tail or (windows >= LATE and silent(windows))
    )


@given(st.integers(SHORTEST, 40), st.integers(SILENT, 20))
def test_it_is_known_at_the_release_that_the_user_is_silent(spoken, quiet):
    scene = Scene(tail=12)
    scene.press()
    scene.hear(spoken)
    scene.hear(quiet, speech=False)
    assert not scene.listener.silent
    scene.release()
    assert scene.listener.silent
    scene.hear(1)
    assert not scene.listener.silent


def test_a_word_that_was_under_way_in_the_sound_system_is_recorded():
    scene = Scene(tail=6)
    scene.press()
    scene.hear(20)
    scene.hear(10, speech=False)
    scene.release()
    scene.hear(2, speech=False)
    scene.hear(2)
    scene.hear(SILENT, speech=False)
    assert scene.recordings == [list(range(36))]


@given(st.integers(0, SILENT - 1), st.integers(1, 8), st.integers(0, 8))
def test_a_syllable_under_way_at_the_release_is_recorded_to_its_end(quiet, syllable, rest):
    scene = Scene(tail=20)
    scene.press()
    scene.hear(10)
    scene.hear(quiet, speech=False)
    scene.release()
    scene.hear(syllable)
    scene.hear(SILENT + rest, speech=False)
    assert scene.recordings == [list(range(10 + quiet + syllable + SILENT))]


def test_who_has_not_spoken_yet_is_waited_for():
    scene = Scene(tail=12)
    scene.press()
    scene.hear(50, speech=False)
    scene.release()
    assert scene.recordings == []
    scene.hear(12, speech=False)
    assert scene.recordings == [list(range(62))]


@given(
    st.lists(
        st.tuples(st.sampled_from(["press", "release", "cut_short", "speech", "quiet"]), st.integers(1, 12))
    )
)
def test_no_window_is_in_two_recordings_and_all_are_in_order(moves):
    scene = Scene(pre_roll=3, tail=4)
    for move, windows in moves:
        if move in ("speech", "quiet"):
            scene.hear(windows, speech=move == "speech")
        elif move != "release" or scene.listener.listening:
            getattr(scene, move)()
    scene.cut_short()
    everything = [number for recording in scene.recordings for number in recording]
    assert everything == sorted(set(everything))
    for recording in scene.recordings:
        assert recording == list(range(recording[0], recording[0] + len(recording))) if recording else True


def test_how_long_it_is_and_how_long_nobody_spoke_is_known_while_it_is_recorded():
    scene = Scene(pre_roll=3)
    scene.hear(10)
    assert (scene.listener.duration_s, scene.listener.quiet_ms) == (0, 0)
    assert len(scene.listener.so_far().samples) == 0
    scene.press()
    scene.hear(7)
    scene.hear(5, speech=False)
    assert scene.listener.duration_s == pytest.approx(15 * WINDOW_MS / 1000)
    assert scene.listener.quiet_ms == pytest.approx(5 * WINDOW_MS)
    assert numbers(scene.listener.so_far().samples) == list(range(7, 22))
    assert scene.recordings == []
    scene.release()
    scene.hear(2, speech=False)
    assert (scene.listener.duration_s, scene.listener.quiet_ms) == (0, 0)
