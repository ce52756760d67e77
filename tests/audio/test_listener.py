from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.listener import Listener
from device.audio.sound import WINDOW, WINDOW_MS
from device.settings import MicrophoneSettings, Settings
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

    def hear(self, windows):
        for _ in range(windows):
            self.heard.append(window(len(self.heard), speech=True))
            self._keep(self.listener.hear(self.heard[-1]))

    def press(self):
        self._keep(self.listener.begin())

    def cut_short(self):
        self._keep(self.listener.cut_short())

    def _keep(self, recording):
        if recording is not None:
            self.recordings.append(numbers(recording.samples))


def numbers(samples):
    """Give the numbers of the windows that a recording consists of, if they are whole and unchanged."""
    blocks = samples.reshape(-1, WINDOW)
    for block in blocks:
        np.testing.assert_array_equal(block, window(int(block[0]) - 1, speech=True))
    return [int(block[0]) - 1 for block in blocks]


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
        scene.listener.end()
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
    scene.listener.end()
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
    scene.listener.end()
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
        scene.listener.end()
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
    scene.listener.end()
    scene.hear(2)
    assert scene.recordings == [[5, 6, 7, 8]]
