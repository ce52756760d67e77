from __future__ import annotations

import heapq
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.events import ButtonMoved
from device.gestures import Debouncer, Gesture, Gestures
from device.settings import ButtonSettings

DEBOUNCE_MS = 25
DEBOUNCE_S = DEBOUNCE_MS / 1000


def debounced(times, delays):
    """Give the moves that are taken of a contact that changes at these times.

    A second look is delivered late by one of the delays, as by a busy loop; when the contact moves before it
    is due it is given up, and when after that, it comes behind the contact's move.
    """
    debouncer = Debouncer(DEBOUNCE_MS)
    raw = [ButtonMoved(index % 2 == 0, at_s) for index, at_s in enumerate(times)]
    queue = [(move.at_s, number, move) for number, move in enumerate(raw)]
    heapq.heapify(queue)
    number, second = len(raw), None
    taken = []
    while queue:
        now_s, this, move = heapq.heappop(queue)
        if second and this < len(raw) and second.at_s > now_s:
            queue = [entry for entry in queue if entry[2] is not second]
            heapq.heapify(queue)
        if again := debouncer.look_again(move):
            delay_s = delays[number % len(delays)]
            heapq.heappush(queue, (again.at_s + delay_s, number, again))
            number, second = number + 1, again
        elif debouncer.take(move):
            taken.append(move)
    return raw, taken


TIMES = st.lists(st.floats(0.001, 0.08), max_size=30).map(
    lambda gaps: [1000 + sum(gaps[: index + 1]) for index in range(len(gaps))]
)
DELAYS = st.lists(st.floats(0, 0.02), min_size=1, max_size=5)


@given(TIMES, DELAYS)
def test_any_contact_is_debounced(times, delays):
    raw, taken = debounced(times, delays)
    assert [move.pressed for move in taken] == [index % 2 == 0 for index in range(len(taken))]
    assert all(b.at_s - a.at_s >= DEBOUNCE_S - 1e-9 for a, b in pairwise(taken))
    assert taken[:1] == raw[:1]
    rests = raw[-1].pressed if raw else False
    assert (taken[-1].pressed if taken else False) == rests


def test_a_clean_button_is_taken_at_once_and_as_it_is():
    raw, taken = debounced([1.0, 1.1, 1.2, 1.225], [0.0])
    assert taken == raw


def test_a_bounce_is_no_move():
    debouncer = Debouncer(DEBOUNCE_MS)
    assert debouncer.take(ButtonMoved(pressed=True, at_s=1.0))
    assert not debouncer.take(ButtonMoved(pressed=False, at_s=1.001))
    assert not debouncer.take(ButtonMoved(pressed=True, at_s=1.002))
    assert debouncer.take(ButtonMoved(pressed=False, at_s=1.1))


def test_a_release_within_the_bouncing_is_noticed_after_it():
    _, taken = debounced([1.0, 1.01], [0.0])
    assert [move.pressed for move in taken] == [True, False]
    assert taken[1].at_s == pytest.approx(1.025)


def test_a_second_look_that_was_overtaken_is_ignored():
    debouncer = Debouncer(DEBOUNCE_MS)
    assert debouncer.take(ButtonMoved(pressed=True, at_s=1.0))
    second = debouncer.look_again(ButtonMoved(pressed=False, at_s=1.02))
    later = ButtonMoved(pressed=True, at_s=1.026)
    assert debouncer.look_again(later) is None
    assert not debouncer.take(later)
    assert debouncer.look_again(second) is None
    assert not debouncer.take(second)
    assert debouncer.take(ButtonMoved(pressed=False, at_s=1.5))


def test_without_debouncing_every_move_counts():
    debouncer = Debouncer(0)
    moves = [ButtonMoved(index % 2 == 0, 1.0) for index in range(4)]
    assert all(debouncer.look_again(move) is None and debouncer.take(move) for move in moves)


class Hand:
    """A hand on the button, and whether that records."""

    def __init__(self, mode):
        self.gestures = Gestures(ButtonSettings(mode=mode, tap_ms=300))
        self.recording = False
        self.now_s = 10.0

    def move(self, pressed, after_s=0.0):
        self.now_s += after_s
        gesture = self.gestures.read(ButtonMoved(pressed, self.now_s), recording=self.recording)
        if gesture is not None:
            self.recording = gesture is Gesture.START
        return gesture

    def press(self, after_s=1.0):
        return self.move(pressed=True, after_s=after_s)

    def release(self, after_s):
        return self.move(pressed=False, after_s=after_s)


@pytest.mark.parametrize("held_s", [0.01, 5.0])
def test_hold(held_s):
    hand = Hand("hold")
    for _ in range(2):
        assert hand.press() is Gesture.START
        assert hand.release(held_s) is Gesture.END


@pytest.mark.parametrize("held_s", [0.01, 5.0])
def test_toggle(held_s):
    hand = Hand("toggle")
    for _ in range(2):
        assert hand.press() is Gesture.START
        assert hand.release(held_s) is None
        assert hand.press() is Gesture.END
        assert hand.release(held_s) is None


def test_both():
    hand = Hand("both")
    for _ in range(2):
        assert hand.press() is Gesture.START
        assert hand.release(0.31) is Gesture.END
        assert hand.press() is Gesture.START
        assert hand.release(0.29) is None
        assert hand.press() is Gesture.END
        assert hand.release(5.0) is None


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
def test_a_recording_that_ended_by_itself_leaves_nothing_behind(mode):
    hand = Hand(mode)
    assert hand.press() is Gesture.START
    hand.recording = False
    assert hand.release(5.0) is None
    assert hand.press() is Gesture.START


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
def test_a_press_that_meant_something_else_has_no_release(mode):
    hand = Hand(mode)
    assert hand.release(0.1) is None
    assert hand.press() is Gesture.START


@given(st.sampled_from(["hold", "toggle", "both"]), st.lists(st.floats(0.0, 1.0), max_size=20))
def test_starts_and_ends_alternate(mode, held):
    hand = Hand(mode)
    gestures = []
    for held_s in held:
        gestures += [hand.press(), hand.release(held_s)]
    said = [gesture for gesture in gestures if gesture]
    assert said == [Gesture.START, Gesture.END] * (len(said) // 2) + [Gesture.START] * (len(said) % 2)
