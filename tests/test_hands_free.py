"""Hands-free, through the whole path: dictations that begin and end by themselves, and nothing but those."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from device.audio.onset import BEFORE_MS
from device.audio.sound import WINDOW, WINDOW_MS
from device.buttons import Buttons
from device.errors import ControlError
from device.events import HostsChanged, StopRequested, Then
from device.gestures import Gesture
from device.pairing import Window
from device.ports import State
from device.settings import HandsFreeSettings, Settings
from tests.parts import SETTINGS, SPOKEN, TAIL, Desk, TimedButton, with_button
from tests.switchboard import HostsDesk

SILENCE = 13
"""Windows after which a dictation ends: a little more than 400 ms."""

BEFORE = -(-int(BEFORE_MS) // int(WINDOW_MS))

MINUTE = 1875
"""Windows."""


def hands_free(settings: Settings = SETTINGS, **given: object) -> Settings:
    return changed(settings, hands_free=HandsFreeSettings(silence_ms=400, minutes=1, **given))


class HandsFreeDesk(Desk):
    """A desk with buttons for hands-free and the mute."""

    def __init__(self, *script, settings=None, **given):
        self.switch, self.mute_switch = TimedButton(), TimedButton()
        super().__init__(*script, settings=settings or hands_free(), button=TimedButton(), **given)

    @property
    def parts(self):
        parts = super().parts
        further = {Gesture.HANDS_FREE: self.switch, Gesture.MUTE: self.mute_switch}
        return replace(parts, button=Buttons(parts.button, further))

    async def open(self):
        self.switch.tap()
        await self.until_shown(State.OPEN)

    def utter(self, windows=SPOKEN):
        """Speak, and fall silent."""
        self.microphone.speak(windows)
        self.microphone.hear(SILENCE)


async def test_what_is_said_is_typed_without_a_press():
    async with HandsFreeDesk("Hello.", "You there.") as desk:
        await desk.open()
        assert desk.indicator.shown[-1] == (State.OPEN, "say something")
        desk.utter()
        await desk.until_typed("Hello.")
        await desk.until_shown(State.OPEN)
        desk.microphone.hear(50)
        desk.utter()
        await desk.until_typed("Hello. You there.")
        await desk.until_finished(2)
        await desk.until_shown(State.OPEN)
    assert State.NOTHING_HEARD not in desk.indicator.states


async def test_an_undo_while_a_noise_is_heard_takes_back_what_was_said_before():
    settings = hands_free(with_button(double_press="undo", triple_press="none"))
    async with HandsFreeDesk("One.", "", settings=settings) as desk:
        await desk.open()
        desk.utter()
        await desk.until_typed("One.")
        await desk.until_shown(State.OPEN)
        desk.microphone.hear(50)
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.button.taps(2)
        desk.button.rest()
        desk.microphone.hear(TAIL + 1)
        await desk.until_finished(2)
        await desk.until_typed("")
    assert State.ERROR not in desk.indicator.states


async def test_it_is_closed_at_the_start_and_nothing_is_recorded():
    async with HandsFreeDesk() as desk:
        assert not desk.dictation.is_hands_free
        desk.utter()
        await desk.acted()
        assert desk.indicator.states == [State.IDLE]
        assert desk.recogniser.recordings == desk.finished == []


async def test_a_dictation_is_whole_from_before_the_first_word_to_its_silence():
    async with HandsFreeDesk("One.", "Two.") as desk:
        await desk.open()
        starts = []
        for silence in (40, 60):
            desk.microphone.hear(silence)
            starts.append(len(desk.microphone.heard))
            desk.utter(25)
            desk.microphone.hear(5)
        await desk.until_finished(2)
    heard = desk.microphone.heard
    for start, recording in zip(starts, desk.recogniser.recordings, strict=True):
        expected = heard[start - BEFORE : start + 25 + SILENCE]
        np.testing.assert_array_equal(recording.samples, np.concatenate(expected))
        assert len(recording.passages) == 1


async def test_words_right_after_the_end_of_a_dictation_are_whole():
    async with HandsFreeDesk("One.", "Two.") as desk:
        await desk.open()
        desk.utter()
        desk.utter()
        await desk.until_finished(2)
    start = SPOKEN + SILENCE
    second = desk.recogniser.recordings[1].samples
    spoken = np.concatenate(desk.microphone.heard[start : start + SPOKEN])
    assert spoken.tobytes() in second.tobytes()


async def test_a_pause_to_think_ends_nothing():
    async with HandsFreeDesk("All of it.") as desk:
        await desk.open()
        for _ in range(4):
            desk.microphone.speak()
            desk.microphone.hear(SILENCE - 2)
        desk.microphone.hear(SILENCE)
        await desk.until_finished(1)
        await desk.acted()
        assert len(desk.recogniser.recordings) == 1


async def test_a_noise_that_is_too_short_begins_nothing():
    async with HandsFreeDesk() as desk:
        await desk.open()
        for _ in range(5):
            desk.microphone.hear(3, speech=True)
            desk.microphone.hear(30)
        await desk.acted()
        assert State.LISTENING not in desk.indicator.states
        assert desk.finished == []


async def test_the_longest_dictation_ends_and_the_next_one_follows_on_it():
    limited = changed(SETTINGS, microphone=changed(SETTINGS.microphone, max_recording_s=2))
    async with HandsFreeDesk("One.", "Two.", settings=hands_free(limited)) as desk:
        await desk.open()
        desk.utter(100)
        await desk.until_finished(2)
    together = np.concatenate([each.samples for each in desk.recogniser.recordings])
    np.testing.assert_array_equal(together, np.concatenate(desk.microphone.heard[: len(together) // WINDOW]))


async def test_typing_goes_on_while_the_next_words_are_said():
    async with HandsFreeDesk("First of all.", "Second.") as desk:
        desk.keyboard.brake_after(5)
        await desk.open()
        desk.utter()
        await desk.until_braked()
        desk.microphone.speak()
        await desk.acted()
        assert desk.indicator.states[-1] is State.LISTENING
        desk.keyboard.go_on()
        await desk.until_typed("First of all.")
        assert desk.indicator.states[-1] is State.LISTENING
        desk.microphone.hear(SILENCE)
        await desk.until_typed("First of all. Second.")
    assert State.WAITING not in desk.indicator.states


# What closes it.


async def until_closed(desk):
    await desk.until(lambda: not desk.dictation.is_hands_free and desk.indicator.states[-1] is not State.OPEN)


async def nothing_begins(desk):
    """Say something, of which nothing comes."""
    recordings, shown = len(desk.recogniser.recordings), len(desk.indicator.shown)
    desk.utter()
    await desk.acted()
    assert len(desk.recogniser.recordings) == recordings
    assert State.LISTENING not in desk.indicator.states[shown:]


async def test_the_same_gesture_closes_it():
    async with HandsFreeDesk() as desk:
        await desk.open()
        desk.switch.tap()
        await until_closed(desk)
        await nothing_begins(desk)


async def test_what_is_being_said_when_it_is_closed_is_typed():
    async with HandsFreeDesk("Not lost.") as desk:
        await desk.open()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.switch.tap()
        await desk.acted()
        desk.microphone.hear(3)
        await desk.until_typed("Not lost.")
        await until_closed(desk)


async def test_the_mute_closes_it_and_what_is_being_said_is_thrown_away():
    async with HandsFreeDesk() as desk:
        await desk.open()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.mute_switch.tap()
        await desk.until_shown(State.MUTED)
        desk.mute_switch.tap()
        await desk.until_shown(State.IDLE)
        await nothing_begins(desk)
    assert desk.recogniser.recordings == []


async def test_muted_it_cannot_be_opened():
    async with HandsFreeDesk() as desk:
        desk.mute_switch.tap()
        await desk.until_shown(State.MUTED)
        desk.switch.tap()
        await desk.until(lambda: "muted" in desk.indicator.shown[-1][1])
        with pytest.raises(ControlError, match="muted"):
            desk.dictation.hands_free(on=True)
        assert not desk.dictation.is_hands_free


async def test_before_the_microphone_is_open_it_cannot_be_opened():
    async with HandsFreeDesk() as desk:
        await desk.dictation.mute(on=True)
        desk.microphone.is_fast = False
        await desk.dictation.mute(on=False)
        with pytest.raises(ControlError, match="not open yet"):
            desk.dictation.hands_free(on=True)


async def test_a_microphone_that_is_lost_closes_it_and_what_was_said_is_typed():
    async with HandsFreeDesk("So far.") as desk:
        await desk.open()
        desk.microphone.speak()
        desk.microphone.lose()
        await desk.until_typed("So far.")
        await desk.until_shown(State.ERROR)
        with pytest.raises(ControlError, match="unplugged"):
            desk.dictation.hands_free(on=True)
        desk.microphone.come_back()
        await desk.until_shown(State.IDLE)
        await nothing_begins(desk)


@pytest.mark.parametrize("then", [Then.DRIVE, Then.RELOAD])
async def test_what_comes_after_waits_for_what_is_being_said_and_for_no_more(then):
    async with HandsFreeDesk("Last words.") as desk:
        await desk.open()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.dictation.post(StopRequested(then))
        desk.utter()
        await desk.stopped()
        assert desk.task.result() is then
    assert desk.host.text == "Last words."


async def test_while_what_comes_after_waits_it_cannot_be_opened():
    async with HandsFreeDesk("Stop me.") as desk:
        desk.keyboard.unplug_after(5)
        desk.say()
        await desk.until_shown(State.HOST_AWAY)
        desk.dictation.post(StopRequested(Then.RELOAD))
        await desk.acted()
        with pytest.raises(ControlError, match="begins anew"):
            desk.dictation.hands_free(on=True)
        assert not desk.dictation.is_hands_free


async def test_it_closes_when_nobody_speaks_for_long():
    async with HandsFreeDesk("Hello.") as desk:
        await desk.open()
        desk.microphone.hear(MINUTE - 100)
        desk.utter()
        desk.microphone.hear(MINUTE - 100)
        await desk.until_typed("Hello.")
        await desk.acted()
        assert desk.dictation.is_hands_free
        desk.microphone.hear(100)
        await until_closed(desk)
        await nothing_begins(desk)


async def test_a_computer_that_asks_to_pair_closes_it_since_the_press_is_for_that():
    async with HostsDesk(settings=hands_free()) as desk:
        desk.dictation.hands_free(on=True)
        await desk.until_shown(State.OPEN)
        desk.dictation.post(HostsChanged(Window(is_open=True, asking="Phone")))
        await desk.until_shown(State.CONFIRM)
        assert not desk.dictation.is_hands_free
        with pytest.raises(ControlError, match="pair"):
            desk.dictation.hands_free(on=True)


# A press of the button to talk.


async def test_a_press_closes_it_and_records_as_ever():
    async with HandsFreeDesk("Before.", "Held.") as desk:
        await desk.open()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.button.press()
        desk.microphone.hear(100)  # no silence ends it
        desk.microphone.speak()
        await desk.acted()
        assert desk.indicator.states[-1] is State.LISTENING
        desk.button.release()
        desk.microphone.hear(3)
        await desk.until_finished(2)
        await nothing_begins(desk)
    assert desk.host.text == "Before. Held."
    together = np.concatenate([each.samples for each in desk.recogniser.recordings])
    np.testing.assert_array_equal(together, np.concatenate(desk.microphone.heard)[: len(together)])


@pytest.mark.parametrize("mode", ["toggle", "both"])
async def test_where_a_tap_begins_a_recording_the_press_only_closes_it(mode):
    settings = hands_free(with_button(mode=mode))
    async with HandsFreeDesk("Said.", "Pressed.", settings=settings) as desk:
        await desk.open()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.button.tap()
        desk.microphone.hear(3)
        await desk.until_finished(1)
        await until_closed(desk)
        await nothing_begins(desk)
        desk.button.tap()
        await desk.until_shown(State.LISTENING)


async def test_a_tap_that_closes_it_says_nothing_of_what_was_not_heard():
    async with HandsFreeDesk() as desk:
        await desk.open()
        desk.button.press()
        desk.button.release()
        desk.microphone.hear(3)
        await desk.until_finished(1)
        await desk.until_shown(State.IDLE)
    assert State.NOTHING_HEARD not in desk.indicator.states


async def test_a_press_stops_the_typing_as_ever():
    async with HandsFreeDesk("A long text.") as desk:
        desk.keyboard.brake_after(5)
        await desk.open()
        desk.utter()
        await desk.until_braked()
        desk.button.tap()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        assert not desk.dictation.is_hands_free
        assert desk.host.text != "A long text."
        desk.button.tap()
        desk.microphone.hear(3)
        await desk.until_typed("A long text.")


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
@pytest.mark.parametrize("presses", [2, 3])
async def test_presses_open_it_and_the_same_presses_close_it(mode, presses):
    which = {2: "double_press", 3: "triple_press"}[presses]
    settings = hands_free(with_button(mode=mode, **{which: "hands_free"}))
    async with HandsFreeDesk("Free.", settings=settings) as desk:
        for _ in range(2):
            desk.button.taps(presses)
            await desk.until_shown(State.OPEN)
            desk.button.taps(presses)
            await until_closed(desk)
            desk.button.rest()
            await desk.acted()
        await nothing_begins(desk)
        desk.button.taps(presses)
        await desk.until_shown(State.OPEN)
        desk.utter()
        await desk.until_typed("Free.")
    assert len(desk.finished) == 1


async def test_a_button_of_its_own_opens_it_after_a_press_has_closed_it():
    async with HandsFreeDesk() as desk:
        await desk.open()
        desk.button.tap()
        await until_closed(desk)
        desk.microphone.hear(3)
        await desk.open()


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
async def test_a_long_press_without_a_word_opens_it_and_closes_it(mode):
    settings = hands_free(with_button(mode=mode, long_press="hands_free", long_press_s=5.0))
    async with HandsFreeDesk("Free.", settings=settings) as desk:
        desk.button.press()
        desk.button.rest(6.0)
        await desk.until_shown(State.OPEN)
        desk.button.release()
        desk.utter()
        await desk.until_finished(1)
        desk.button.press()
        desk.button.rest(6.0)
        desk.button.release()
        await until_closed(desk)
        await nothing_begins(desk)


async def test_a_long_press_with_a_word_is_a_dictation():
    settings = hands_free(with_button(long_press="hands_free", long_press_s=5.0))
    async with HandsFreeDesk("Held.", settings=settings) as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.rest(6.0)
        desk.button.release()
        desk.microphone.hear(3)
        await desk.until_typed("Held.")
    assert State.OPEN not in desk.indicator.states


# Text that waits, and what fails.


async def test_after_an_absence_of_the_computer_text_waits_for_a_press():
    async with HandsFreeDesk("One.", "Two.", "Three.") as desk:
        await desk.open()
        desk.utter()
        await desk.until_finished(1)
        desk.keyboard.unplug()
        desk.keyboard.plug_in()
        desk.utter()
        await desk.until(lambda: "5 characters wait" in desk.indicator.shown[-1][1])
        desk.utter()
        await desk.until(lambda: "12 characters wait" in desk.indicator.shown[-1][1])
        assert desk.indicator.states[-1] is State.OPEN
        assert desk.host.text == "One."
        desk.button.tap()
        desk.microphone.hear(3)
        await desk.until_typed("One. Two. Three.")


async def test_to_open_it_is_to_ask_for_what_waits():
    async with HandsFreeDesk("Stop me.") as desk:
        desk.keyboard.brake_after(5)
        desk.say()
        await desk.until_braked()
        desk.button.tap()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        await desk.open()
        await desk.until_typed("Stop me.")


async def test_what_could_not_be_recognised_is_tried_again_with_the_next_words():
    async with HandsFreeDesk(ControlError("no memory"), "First.", "Second.") as desk:
        await desk.open()
        desk.utter()
        await desk.until(lambda: "no memory" in desk.indicator.shown[-1][1])
        assert desk.indicator.states[-1] is State.OPEN
        desk.utter()
        await desk.until_typed("First. Second.")


async def test_what_is_wrong_is_said_for_a_moment_while_it_stays_visible():
    async with HandsFreeDesk("\N{SNOWMAN}!") as desk:
        await desk.open()
        desk.utter()
        await desk.until(lambda: "cannot be typed" in desk.indicator.shown[-1][1])
        await desk.until(lambda: desk.indicator.shown[-1] == (State.OPEN, "say something"))
    after = desk.indicator.states[desk.indicator.states.index(State.OPEN) :]
    assert set(after) <= {State.OPEN, State.LISTENING}


# The wake word.


class CalledByName:
    """Hears its name in every window of a given number."""

    def __init__(self):
        self.said_at = set()
        self.resets = 0
        self._count = 0

    def reset(self):
        self.resets += 1

    def heard(self, window):
        return abs(int(window[0])) - 1 in self.said_at


class WakeWordDesk(HandsFreeDesk):
    def __init__(self, *script):
        self.wake_word = CalledByName()
        super().__init__(*script, settings=hands_free(wake_word="okay_nabu"))

    @property
    def parts(self):
        return replace(super().parts, wake_word=self.wake_word)

    def call(self):
        self.wake_word.said_at.add(len(self.microphone.heard))
        self.microphone.hear(1, speech=True)


async def test_with_a_wake_word_only_what_follows_on_it_is_a_dictation():
    async with WakeWordDesk("Yes.") as desk:
        await desk.open()
        assert desk.indicator.shown[-1] == (State.OPEN, "say okay nabu")
        desk.utter()
        await desk.acted()
        assert State.LISTENING not in desk.indicator.states
        desk.call()
        await desk.until_shown(State.LISTENING)
        start = len(desk.microphone.heard)
        desk.microphone.hear(30)
        desk.utter()
        await desk.until_typed("Yes.")
        desk.utter()
        await desk.acted()
    (recording,) = desk.recogniser.recordings
    expected = desk.microphone.heard[start : start + 30 + SPOKEN + SILENCE]
    np.testing.assert_array_equal(recording.samples, np.concatenate(expected))


async def test_a_wake_word_that_fails_closes_it_and_it_can_be_opened_again():
    def fail(_):
        del desk.wake_word.heard
        raise MemoryError

    async with WakeWordDesk("Yes.") as desk:
        await desk.open()
        desk.wake_word.heard = fail
        desk.microphone.hear(1)
        await desk.until(lambda: not desk.dictation.is_hands_free)
        await desk.until_shown(State.ERROR)
        await desk.open()
        desk.call()
        desk.utter()
        await desk.until_typed("Yes.")


async def test_a_call_after_which_nobody_speaks_is_over_in_some_seconds():
    async with WakeWordDesk() as desk:
        await desk.open()
        desk.call()
        await desk.until_shown(State.LISTENING)
        desk.microphone.hear(200)
        await desk.until_shown(State.OPEN)
        await desk.until_finished(1)
    assert desk.recogniser.recordings == []


# Whatever is done.

MOVES = (
    "hands_free",
    "mute",
    "tap",
    "press",
    "release",
    "taps",
    "speak",
    "silence",
    "lose",
    "come_back",
    "wait",
)
HEARS = {State.OPEN, State.LISTENING}


@given(
    mode=st.sampled_from(["hold", "toggle", "both"]),
    moves=st.lists(st.sampled_from(MOVES), max_size=20),
)
@hypothesis_settings(max_examples=60)
def test_it_never_records_while_it_is_muted_or_closed_and_always_shows_that_it_is_open(mode, moves):
    asyncio.run(story(mode, moves))


async def all_acted(desk):
    """Wait until all that was posted has been acted on, which a microphone that is closed would not tell."""
    await asyncio.sleep(0)
    while not desk.dictation._events.empty():  # noqa: ASYNC110  it tells nobody
        await asyncio.sleep(0)


def do(desk, move):
    # One that is being closed is closed at any moment: by a thread, which may have its turn late.
    is_heard = desk.dictation._hearing._microphone.is_open
    match move:
        case "hands_free":
            desk.switch.tap()
        case "mute":
            desk.mute_switch.tap()
        case "taps":
            desk.button.taps(2)
        case "wait":
            desk.button.rest()
        case "tap" | "press" | "release":
            getattr(desk.button, move)()
        case "speak" | "lose" | "come_back" if is_heard:
            getattr(desk.microphone, move)()
        case "silence" if is_heard:
            desk.microphone.hear(SILENCE + TAIL)


async def story(mode, moves):
    settings = hands_free(with_button(mode=mode, double_press="hands_free"))
    async with HandsFreeDesk(*["Word."] * 50, settings=settings) as desk:
        for move in moves:
            do(desk, move)
            await all_acted(desk)
            is_open = desk.dictation.is_hands_free
            recordings = desk.dictation._recordings
            assert not (desk.mute.is_on and (is_open or recordings.recording))
            assert is_open <= (desk.indicator.states[-1] in HEARS)
            assert recordings.by_itself <= is_open
            if desk.indicator.states[-1] is State.OPEN:
                assert is_open
    for before, after in pairwise(
        desk.recogniser.recordings
    ):  # no sound is in two dictations, but for silence
        windows = (set(each.samples[::WINDOW].tolist()) for each in (before, after))
        assert all(sample < 0 for sample in set.intersection(*windows))
