from __future__ import annotations

import queue

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.sound import WINDOW, samples_in
from device.events import ButtonMoved, MicrophoneLost, MicrophoneReady, SoundHeard
from device.settings import ButtonSettings, MicrophoneSettings, Settings
from device.simulation.scripted_button import ScriptedButton
from device.simulation.wav_microphone import WavMicrophone

TAIL_MS = 70

PRE_ROLL_MS = 90


class Desk:
    """A microphone and its button, started, and the queue on which both post."""

    def __init__(self, *, fast=True, mode="hold"):
        settings = Settings(
            button=ButtonSettings(mode=mode, debounce_ms=1, tap_ms=3),
            microphone=MicrophoneSettings(pre_roll_ms=PRE_ROLL_MS, tail_ms=TAIL_MS),
        )
        self.events = queue.SimpleQueue()
        self.button = ScriptedButton()
        self.microphone = WavMicrophone(settings, self.button, fast=fast)

    def __enter__(self):
        self.button.start(self.events.put)
        self.microphone.start(self.events.put)
        return self

    def __exit__(self, *_error):
        self.microphone.stop()
        self.button.stop()

    def next(self, kind):
        """Give the next event of this kind."""
        while not isinstance(event := self.events.get(timeout=10), kind):
            pass
        return event

    def dictation(self):
        """Give what is heard before the press, while the button is down, and in the tail."""
        before = self.heard_until_the_button_moves(pressed=True)
        during = self.heard_until_the_button_moves(pressed=False)
        tail = []
        while sum(map(len, tail)) < samples_in(TAIL_MS):
            tail.append(self.next(SoundHeard).samples)
        return before, during, np.concatenate(tail)

    def heard_until_the_button_moves(self, *, pressed):
        windows = [np.empty(0, np.float32)]
        while isinstance(event := self.events.get(timeout=10), SoundHeard | MicrophoneReady):
            if isinstance(event, SoundHeard):
                assert event.samples.shape == (WINDOW,)
                assert event.samples.dtype == np.float32
                windows.append(event.samples)
        assert isinstance(event, ButtonMoved)
        assert event.pressed is pressed
        return np.concatenate(windows)


def recording(samples, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 1, samples).astype(np.float32)


@pytest.mark.parametrize("fast", [True, False])
def test_a_dictation_is_silence_press_the_whole_sound_release_silence(fast):
    sound = recording(5 * WINDOW + 100)
    with Desk(fast=fast) as desk:
        desk.microphone.play(sound)
        before, during, tail = desk.dictation()
    assert before.size >= samples_in(PRE_ROLL_MS)
    assert not before.any()
    np.testing.assert_array_equal(during[: sound.size], sound)
    assert during.size == 6 * WINDOW
    assert not during[sound.size :].any()
    assert not tail.any()


@given(lengths=st.lists(st.integers(1, 3 * WINDOW), min_size=1, max_size=4))
def test_dictations_follow_each_other_in_order_and_none_loses_a_sample(lengths):
    sounds = [recording(length, seed) for seed, length in enumerate(lengths)]
    with Desk() as desk:
        for sound in sounds:
            desk.microphone.play(sound)
        for sound in sounds:
            before, during, _tail = desk.dictation()
            assert before.size >= samples_in(PRE_ROLL_MS)
            np.testing.assert_array_equal(during[: sound.size], sound)


def test_after_a_dictation_the_silence_goes_on_in_real_time():
    with Desk() as desk:
        desk.microphone.play(recording(WINDOW))
        desk.dictation()
        assert not any(desk.next(SoundHeard).samples.any() for _ in range(10))


def test_in_toggle_mode_the_button_is_tapped_at_both_ends():
    sound = recording(WINDOW)
    with Desk(mode="toggle") as desk:
        desk.microphone.play(sound)
        desk.heard_until_the_button_moves(pressed=True)
        assert desk.heard_until_the_button_moves(pressed=False).size == 0
        np.testing.assert_array_equal(desk.heard_until_the_button_moves(pressed=True), sound)
        assert desk.heard_until_the_button_moves(pressed=False).size == 0


@pytest.mark.parametrize(("mode", "at_least_ms"), [("hold", 2), ("both", 5)])
def test_a_press_lasts_longer_than_a_bounce_or_a_tap(mode, at_least_ms):
    with Desk(mode=mode) as desk:
        desk.microphone.play(recording(1))
        pressed, released = desk.next(ButtonMoved), desk.next(ButtonMoved)
    assert released.at_s - pressed.at_s >= at_least_ms / 1000


def test_a_lost_microphone_is_silent_until_it_is_back_and_the_button_still_moves():
    desk = Desk()
    heard = []

    def post(event):
        heard.append(event)
        desk.events.put(event)
        if isinstance(event, SoundHeard) and event.samples[0] == sound[WINDOW]:
            desk.microphone.lose()

    sound = recording(20 * WINDOW)
    desk.button.start(post)
    desk.microphone.start(post)
    desk.microphone.play(sound)
    assert desk.next(ButtonMoved).pressed
    assert not desk.next(ButtonMoved).pressed
    at_loss = next(index for index, event in enumerate(heard) if isinstance(event, MicrophoneLost))
    assert [type(event) for event in heard[at_loss:]] == [MicrophoneLost, ButtonMoved]

    desk.microphone.bring_back()
    assert isinstance(desk.next(MicrophoneReady | SoundHeard), MicrophoneReady)
    desk.microphone.play(sound)
    desk.next(ButtonMoved)
    np.testing.assert_array_equal(desk.next(SoundHeard).samples, sound[:WINDOW])
    desk.microphone.stop()


def test_a_microphone_that_is_missing_at_the_start_says_so_and_comes():
    desk = Desk()
    desk.microphone.lose()
    with desk:
        assert isinstance(desk.events.get(timeout=10), MicrophoneLost)
        desk.microphone.lose()
        desk.microphone.bring_back()
        assert isinstance(desk.events.get(timeout=10), MicrophoneReady)
        desk.next(SoundHeard)


@pytest.mark.parametrize("fast", [True, False])
def test_nothing_is_posted_after_stop_even_in_mid_recording(fast):
    with Desk(fast=fast) as desk:
        desk.microphone.play(recording(2_000 * WINDOW))
        desk.next(ButtonMoved)
        desk.next(SoundHeard)
    posted = desk.events.qsize()
    desk.microphone.lose()
    desk.button.press()
    assert desk.events.qsize() == posted


def test_stop_before_start_does_nothing():
    Desk().microphone.stop()


def test_the_button_chatters_and_rests_where_it_was():
    events = []
    button = ScriptedButton()
    button.press()
    button.start(events.append)
    button.bounce()
    button.release()
    assert [event.pressed for event in events] == [False, True, False, True, False]
    times_s = [event.at_s for event in events]
    assert times_s == sorted(times_s)


def test_it_can_be_opened_again():
    with Desk() as desk:
        desk.next(SoundHeard)
        desk.microphone.stop()
        desk.microphone.start(desk.events.put)
        desk.next(MicrophoneReady)
        desk.next(SoundHeard)
