from __future__ import annotations

from itertools import cycle, pairwise, zip_longest
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.events import ButtonMoved
from device.gestures import Debouncer, Gesture, Gestures
from device.settings import ButtonSettings

DEBOUNCE_MS = 25
DEBOUNCE_S = DEBOUNCE_MS / 1000


def debounced(times, delays=(0.0,)):
    """Give the moves that are taken of a contact that changes at these times.

    What has to be looked at again is looked at late, by one of the delays after the other, as by a busy loop,
    if the contact has not moved before.
    """
    debouncer = Debouncer(DEBOUNCE_MS)
    raw = [ButtonMoved(index % 2 == 0, at_s) for index, at_s in enumerate(times)]
    delays = cycle(delays)
    taken = []
    for move, next_s in zip_longest(raw, times[1:], fillvalue=inf):
        taken += debouncer.move(move)
        while debouncer.due_s is not None and (due_s := debouncer.due_s) + next(delays) < next_s:
            taken += debouncer.wait(due_s)
    return raw, taken


TIMES = st.lists(st.floats(0.001, 0.08), max_size=30).map(
    lambda gaps: [1000 + sum(gaps[: index + 1]) for index in range(len(gaps))]
)
DELAYS = st.lists(st.floats(0, 1), min_size=1, max_size=5)


@given(TIMES, DELAYS)
def test_any_contact_is_debounced(times, delays):
    raw, taken = debounced(times, delays)
    assert [move.pressed for move in taken] == [index % 2 == 0 for index in range(len(taken))]
    assert all(b.at_s - a.at_s >= DEBOUNCE_S - 1e-9 for a, b in pairwise(taken))
    assert taken[:1] == raw[:1]
    rests = raw[-1].pressed if raw else False
    assert (taken[-1].pressed if taken else False) == rests


@given(TIMES, DELAYS)
def test_however_late_it_is_looked_at_the_same_is_taken(times, delays):
    assert debounced(times, delays) == debounced(times)


@given(TIMES, st.data())
def test_a_move_that_is_heard_of_late_is_not_lost(times, data):
    debouncer = Debouncer(DEBOUNCE_MS)
    now_s, taken = 0.0, []
    for index, at_s in enumerate(times):
        now_s = max(now_s, at_s) + data.draw(st.sampled_from((0.0, 0.01, 0.1)))
        while debouncer.due_s is not None and debouncer.due_s < now_s:
            taken += debouncer.wait(now_s)
        taken += debouncer.move(ButtonMoved(index % 2 == 0, at_s))
    taken += debouncer.wait(inf)
    assert [move.pressed for move in taken] == [index % 2 == 0 for index in range(len(taken))]
    assert all(b.at_s - a.at_s >= DEBOUNCE_S - 1e-9 for a, b in pairwise(taken))
    assert len(taken) % 2 == len(times) % 2, "it is where the contact is"


def test_a_clean_button_is_taken_at_once_and_as_it_is():
    raw, taken = debounced([1.0, 1.1, 1.2, 1.225])
    assert taken == raw


def test_a_bounce_is_no_move():
    _, taken = debounced([1.0, 1.001, 1.002, 1.1])
    assert taken == [ButtonMoved(pressed=True, at_s=1.0), ButtonMoved(pressed=False, at_s=1.1)]


def test_a_release_within_the_bouncing_is_noticed_after_it():
    _, taken = debounced([1.0, 1.01])
    assert [move.pressed for move in taken] == [True, False]
    assert taken[1].at_s == pytest.approx(1.025)


def test_a_press_right_after_the_release_is_noticed_though_all_is_looked_at_much_later():
    debouncer = Debouncer(DEBOUNCE_MS)
    moves = [
        ButtonMoved(pressed=True, at_s=1.0),
        ButtonMoved(pressed=False, at_s=1.01),
        ButtonMoved(pressed=True, at_s=1.04),
    ]
    taken = [each for move in moves for each in debouncer.move(move)] + debouncer.wait(5.0)
    assert [move.pressed for move in taken] == [True, False, True]
    assert [move.at_s for move in taken] == pytest.approx([1.0, 1.025, 1.05])


def test_without_debouncing_every_move_counts():
    debouncer = Debouncer(0)
    moves = [ButtonMoved(index % 2 == 0, 1.0) for index in range(4)]
    assert [debouncer.move(move) for move in moves] == [[move] for move in moves]


class Hand:
    """A hand on the button, and whether that records."""

    def __init__(self, mode, double_press="none", triple_press="none", **settings):
        settings = ButtonSettings(mode=mode, double_press=double_press, triple_press=triple_press, **settings)
        self.gestures = Gestures(settings)
        self.recording = False
        self.now_s = 10.0
        self.said = []
        self.asked = False
        self.fates = []  # of each recording: it is a dictation, or is not, or nothing is known yet

    def move(self, pressed, after_s=0.0):
        self.now_s += after_s
        move = ButtonMoved(pressed, self.now_s)
        return self.act(self.gestures.read(move, recording=self.recording, asked=self.asked))

    def act(self, gestures):
        for gesture in gestures:
            if gesture in {START, END}:
                assert self.recording is (gesture is END)
                self.recording = gesture is START
            if gesture is START:
                self.fates.append(None)
            elif gesture in {SETTLE} | INSTEAD:
                self._decide(is_dictation=gesture is SETTLE)
        self.said += gestures
        return gestures

    def _decide(self, *, is_dictation):
        decided = self.fates[:-1] if self.recording and not is_dictation else self.fates
        for number, fate in enumerate(decided):
            if fate is None:
                self.fates[number] = is_dictation

    def press(self, after_s=1.0):
        return self.move(pressed=True, after_s=after_s)

    def release(self, after_s):
        return self.move(pressed=False, after_s=after_s)

    def rest(self, for_s):
        self.now_s += for_s
        return self.act(self.gestures.wait(self.now_s))

    def tap(self, after_s=0.1):
        return self.press(after_s) + self.release(0.1)


START, END, SETTLE, UNDO, AGAIN, NEXT_HOST, PAIR, CONFIRM = (
    Gesture[name] for name in ("START", "END", "SETTLE", "UNDO", "AGAIN", "NEXT_HOST", "PAIR", "CONFIRM")
)
INSTEAD = {UNDO, AGAIN, NEXT_HOST, Gesture.NEXT_LANGUAGE, Gesture.NEXT_MODEL, Gesture.FORGET_CORRECTIONS}
MODES = ["hold", "toggle", "both"]


@pytest.mark.parametrize("held_s", [0.01, 5.0])
def test_hold(held_s):
    hand = Hand("hold")
    for _ in range(2):
        assert hand.press() == [START]
        assert hand.release(held_s) == [END]


@pytest.mark.parametrize("held_s", [0.01, 5.0])
def test_toggle(held_s):
    hand = Hand("toggle")
    for _ in range(2):
        assert hand.press() == [START]
        assert hand.release(held_s) == []
        assert hand.press() == [END]
        assert hand.release(held_s) == []


def test_both():
    hand = Hand("both")
    for _ in range(2):
        assert hand.press() == [START]
        assert hand.release(0.31) == [END]
        assert hand.press() == [START]
        assert hand.release(0.29) == []
        assert hand.press() == [END]
        assert hand.release(5.0) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("action", ["none", "undo"])
def test_a_recording_that_ended_by_itself_leaves_nothing_behind(mode, action):
    hand = Hand(mode, action)
    assert hand.press() == [START]
    hand.recording = False
    assert END not in hand.release(5.0)
    assert hand.press() == [START]


@pytest.mark.parametrize("mode", MODES)
def test_a_release_without_a_press_is_nothing(mode):
    hand = Hand(mode, "undo", "again")
    assert hand.release(0.1) == []
    assert hand.press() == [START]


@given(st.sampled_from(MODES), st.lists(st.floats(0.0, 1.0), max_size=20))
def test_starts_and_ends_alternate(mode, held):
    hand = Hand(mode)
    said = []
    for held_s in held:
        said += hand.press(0.0) + hand.release(held_s)
    assert said == [START, END] * (len(said) // 2) + [START] * (len(said) % 2)


TAPPED = {"hold": [START, END], "toggle": [START], "both": [START]}
TAPPED_AGAIN = {"hold": [START, END], "toggle": [END], "both": [END]}


@pytest.mark.parametrize("mode", MODES)
def test_a_double_press_without_a_triple_press_counts_at_once(mode):
    hand = Hand(mode, "undo")
    for _ in range(3):
        assert hand.tap() == TAPPED[mode]
        assert hand.tap() == [*TAPPED_AGAIN[mode], UNDO]
        assert not hand.gestures.in_doubt


@pytest.mark.parametrize("mode", MODES)
def test_a_double_press_waits_until_it_can_be_no_triple_press(mode):
    hand = Hand(mode, "undo", "again")
    hand.tap()
    assert hand.tap() == TAPPED_AGAIN[mode]
    assert hand.rest(0.2) == []
    assert hand.gestures.due_s == pytest.approx(hand.now_s + 0.1)
    assert hand.rest(0.11) == [UNDO]
    assert hand.gestures.due_s is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("double_press", ["undo", "none"])
def test_a_triple_press_counts_at_once(mode, double_press):
    hand = Hand(mode, double_press, "again")
    hand.tap()
    hand.tap()
    assert hand.tap() == [START, END, AGAIN]


@pytest.mark.parametrize("mode", MODES)
def test_a_press_that_is_too_late_is_another_one(mode):
    hand = Hand(mode, "undo", "again")
    hand.tap()
    assert hand.press(0.31) == [SETTLE, START if mode == "hold" else END]
    hand = Hand(mode, "undo", "again")
    hand.tap()
    hand.tap()
    assert hand.press(0.31) == [UNDO, START]


@pytest.mark.parametrize("mode", MODES)
def test_a_hold_after_a_tap_is_a_dictation(mode):
    hand = Hand(mode, "undo", "again")
    hand.tap()
    assert hand.press(0.1) == ([START] if mode == "hold" else [])
    assert hand.rest(0.3) == [SETTLE]
    assert hand.recording
    assert hand.release(5.0) == [END]


@pytest.mark.parametrize("mode", MODES)
def test_a_hold_after_a_double_press_is_a_dictation_after_it(mode):
    hand = Hand(mode, "undo", "again")
    hand.tap()
    hand.tap()
    assert hand.press(0.1) == [START]
    assert hand.rest(0.3) == [UNDO, SETTLE]
    assert hand.recording


@pytest.mark.parametrize("mode", MODES)
def test_two_taps_that_mean_nothing_are_settled(mode):
    hand = Hand(mode, "none", "again")
    hand.tap()
    hand.tap()
    assert hand.rest(0.31) == [SETTLE]
    assert not hand.recording


@pytest.mark.parametrize("mode", ["toggle", "both"])
def test_a_press_that_ends_a_recording_is_no_part_of_a_double_press(mode):
    hand = Hand(mode, "undo")
    hand.tap()
    assert hand.rest(2.0) == [SETTLE]
    assert hand.tap() == [END]
    assert hand.tap() == [START]
    assert hand.tap() == [END, UNDO]


@pytest.mark.parametrize("mode", MODES)
def test_presses_that_record_nothing_count_too(mode):
    hand = Hand(mode, "undo")
    for expected in ([START], [START, UNDO]):  # they stop the typing
        hand.recording = False
        said = hand.press(0.1)
        hand.recording = False
        assert said + hand.release(0.1) == expected


# The next host.


@pytest.mark.parametrize("mode", MODES)
def test_a_press_may_switch_the_host_as_long_as_it_is_in_doubt(mode):
    hand = Hand(mode, "next_host", "undo")
    assert not hand.gestures.may_switch_host
    hand.tap()
    assert hand.gestures.may_switch_host
    hand.tap()
    assert hand.rest(0.31) == [NEXT_HOST]
    assert not hand.gestures.may_switch_host


@pytest.mark.parametrize("mode", MODES)
def test_where_no_press_switches_the_host_none_may(mode):
    hand = Hand(mode, "undo", "again")
    hand.tap()
    assert hand.gestures.in_doubt
    assert not hand.gestures.may_switch_host


# Hands-free.


@pytest.mark.parametrize("mode", MODES)
def test_presses_may_ask_for_hands_free(mode):
    hand = Hand(mode, "hands_free")
    hand.tap()
    assert hand.tap() == [*TAPPED_AGAIN[mode], Gesture.HANDS_FREE]


@pytest.mark.parametrize("mode", MODES)
def test_a_long_press_may_ask_for_hands_free(mode):
    gestures = Gestures(
        ButtonSettings(mode=mode, double_press="none", triple_press="none", long_press="hands_free")
    )
    assert gestures.read(ButtonMoved(pressed=True, at_s=1.0), recording=False) == [START]
    assert gestures.wait(8.9) == []
    assert gestures.wait(9.0) == [Gesture.HANDS_FREE_IN_SILENCE]
    assert gestures.wait(99.0) == []


# A long press.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("double_press", ["undo", "none"])
def test_a_long_press_counts_once_when_its_time_has_come(mode, double_press):
    hand = Hand(mode, double_press, long_press_s=3.0)
    hand.press()
    assert PAIR not in hand.rest(2.9)
    assert hand.gestures.due_s == pytest.approx(hand.now_s + 0.1)
    assert hand.rest(0.11) == [PAIR]
    assert hand.gestures.due_s is None
    assert hand.rest(10.0) == []
    assert hand.release(1.0) == ([] if mode == "toggle" else [END])


@pytest.mark.parametrize("mode", MODES)
def test_presses_that_are_shorter_than_a_long_press_do_not_add_up_to_one(mode):
    hand = Hand(mode, long_press_s=3.0)
    for _ in range(4):
        assert PAIR not in [*hand.press(0.05), *hand.release(2.9), *hand.rest(0.05)]
    assert hand.rest(10.0) == []


@pytest.mark.parametrize("mode", ["toggle", "both"])
def test_a_press_that_ends_a_recording_is_no_long_press(mode):
    hand = Hand(mode, long_press_s=3.0)
    hand.tap()
    assert hand.press() == [END]
    assert hand.rest(5.0) == []
    assert hand.release(1.0) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_long_press_behind_a_tap_counts_too(mode):
    hand = Hand(mode, "undo", long_press_s=3.0)
    hand.tap()
    hand.press(0.1)
    assert hand.rest(3.1) == [SETTLE, PAIR]


def test_a_recording_that_a_long_press_threw_away_is_not_ended():
    hand = Hand("hold", long_press_s=3.0)
    hand.press()
    assert hand.rest(3.1) == [PAIR]
    hand.recording = False
    assert hand.release(1.0) == []
    assert hand.press() == [START]


def test_without_a_long_press_none_is_due():
    hand = Hand("hold", long_press="none")
    hand.press()
    assert hand.gestures.due_s is None
    assert hand.rest(100.0) == []


# A host that asks to pair.


@pytest.mark.parametrize("mode", MODES)
@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=5))
def test_a_press_that_answers_means_nothing_else(mode, held):
    hand = Hand(mode, "undo", "again")
    hand.asked = True
    for held_s in held:
        assert hand.press(0.1) == [CONFIRM]
        assert hand.gestures.due_s is None
        assert not hand.gestures.in_doubt
        assert hand.release(held_s) == []
    hand.asked = False
    assert hand.press(0.1) == [START]


@pytest.mark.parametrize("mode", MODES)
def test_a_press_that_answers_ends_the_doubt_about_those_before(mode):
    for taps, meant in ((1, SETTLE), (2, UNDO)):
        hand = Hand(mode, "undo", "again")
        for _ in range(taps):
            hand.tap()
        hand.asked = True
        assert hand.press(0.1) == [meant, CONFIRM]
        hand.asked = False
        assert hand.release(0.1) == []
        assert hand.rest(1.0) == []


def test_a_release_is_no_answer():
    hand = Hand("hold")
    hand.press()
    hand.asked = True
    assert hand.release(1.0) == [END]


def perform(hand, presses, *, timers):
    """Press as told, by (time up before it, time held); that time passes is told, too, or is not."""
    then_s = hand.now_s
    for up_s, held_s in presses:
        for pressed, after_s in ((True, up_s), (False, held_s)):
            then_s += after_s
            due_s = hand.gestures.due_s
            if timers and due_s is not None and due_s < then_s:
                hand.rest(due_s - hand.now_s)
            hand.move(pressed, then_s - hand.now_s)
    hand.rest(10)


def meant(presses, actions):
    """Say of each press of a button that is held to talk whether it is a dictation."""
    fates, run = [], []

    def close():
        fates.extend([len(run) not in actions] * len(run))
        run.clear()

    for number, (up_s, held_s) in enumerate(presses):
        if number and presses[number - 1][1] + up_s >= 0.4:
            close()
        if held_s < 0.3:
            run.append(number)
        if held_s >= 0.3 or len(run) == max(actions):
            close()
            fates.extend([True] * (held_s >= 0.3))
    close()
    return fates


ACTIONS = st.dictionaries(
    st.sampled_from([2, 3]),
    st.sampled_from(["undo", "again", "next_host", "next_language", "next_model"]),
    min_size=1,
)
UP_S = st.integers(0, 9).map(lambda tenths: tenths / 10 + 0.03)
HELD_S = st.integers(0, 9).map(lambda tenths: tenths / 10 + 0.04)
PRESSES = st.lists(st.tuples(UP_S, HELD_S), max_size=12)
QUICK = st.lists(st.tuples(st.just(0.13), st.just(0.14)), max_size=9)


@given(st.sampled_from(MODES), ACTIONS, st.one_of(PRESSES, QUICK), st.booleans())
def test_no_recording_is_both_a_dictation_and_part_of_a_gesture(mode, actions, presses, timers):
    hand = Hand(mode, actions.get(2, "none"), actions.get(3, "none"))
    perform(hand, presses, timers=timers)
    assert not (hand.recording and mode == "hold")
    assert None not in hand.fates
    if mode == "hold":
        assert hand.fates == meant(presses, actions)


@given(st.sampled_from(MODES), ACTIONS, st.one_of(PRESSES, QUICK))
def test_timers_change_nothing_but_when_it_is_known(mode, actions, presses):
    hands = [Hand(mode, actions.get(2, "none"), actions.get(3, "none")) for _ in range(2)]
    for hand, timers in zip(hands, (True, False), strict=True):
        perform(hand, presses, timers=timers)
    assert hands[0].said == hands[1].said
    assert hands[0].fates == hands[1].fates
