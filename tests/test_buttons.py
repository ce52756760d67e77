"""Several buttons as one, and what those beside the one to talk do, through the whole path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from device.buttons import Buttons
from device.errors import PinError
from device.events import ButtonMoved, FurtherButtonMoved, StopRequested
from device.gestures import Gesture
from device.ports import State
from device.simulation.scripted_button import ScriptedButton
from tests.parts import SPOKEN, TAIL, Desk, TimedButton, with_button
from tests.switchboard import HostsDesk


class MissingButton(ScriptedButton):
    """A button at a pin that is taken."""

    def start(self, post):
        raise PinError("GPIO3 is taken by another program or driver; gpioinfo says by which")


def test_each_button_says_what_it_means():
    talk, undo = ScriptedButton(), ScriptedButton()
    told = []
    buttons = Buttons(talk, {Gesture.UNDO: undo})
    buttons.start(told.append)
    talk.press()
    undo.press()
    undo.release()
    first, *others = told
    assert isinstance(first, ButtonMoved)
    assert [(type(event), event.asks, event.move.pressed) for event in others] == [
        (FurtherButtonMoved, Gesture.UNDO, True),
        (FurtherButtonMoved, Gesture.UNDO, False),
    ]
    buttons.stop()
    talk.release()
    undo.press()
    assert len(told) == 3


def test_only_the_one_to_talk_is_held():
    talk, undo = ScriptedButton(), ScriptedButton()
    buttons = Buttons(talk, {Gesture.UNDO: undo})
    undo.press()
    assert not buttons.is_held()
    talk.press()
    assert buttons.is_held()


def test_a_further_button_that_cannot_be_had_is_left_out(caplog):
    talk, following = ScriptedButton(), ScriptedButton()
    told = []
    buttons = Buttons(talk, {Gesture.UNDO: MissingButton(), Gesture.NEXT_HOST: following})
    buttons.start(told.append)
    following.press()
    buttons.stop()
    assert [event.asks for event in told] == [Gesture.NEXT_HOST]
    assert "a button is left out: GPIO3 is taken" in caplog.text


def test_without_the_button_to_talk_there_is_nothing_to_start():
    undo = ScriptedButton()
    told = []
    buttons = Buttons(MissingButton(), {Gesture.UNDO: undo})
    with pytest.raises(PinError):
        buttons.start(told.append)
    undo.press()
    buttons.stop()
    assert told == []


def test_what_a_button_posts_of_its_own_is_no_press_of_a_further_one():
    class Quitting(ScriptedButton):
        def start(self, post):
            post(StopRequested())

    told = []
    Buttons(ScriptedButton(), {Gesture.UNDO: Quitting()}).start(told.append)
    assert told == []


# Through the whole path.


class WithButtons:
    """A desk with two more buttons."""

    def __init__(self, *script, settings=None, **others):
        self.undo, self.following = TimedButton(), TimedButton()
        super().__init__(*script, settings=settings or with_button(debounce_ms=25), **others)

    @property
    def parts(self):
        parts = super().parts
        further = {Gesture.UNDO: self.undo, Gesture.NEXT_HOST: self.following}
        return replace(parts, button=Buttons(parts.button, further))


class ButtonsDesk(WithButtons, Desk):
    def __init__(self, *script, **others):
        super().__init__(*script, button=TimedButton(), **others)


class ButtonsHostsDesk(WithButtons, HostsDesk):
    pass


async def test_one_press_takes_the_last_dictation_back_and_the_next_one_nothing():
    async with ButtonsDesk("One.", "Two.") as desk:
        await desk.dictate()
        await desk.dictate()
        assert desk.host.text == "One. Two."
        desk.undo.tap()
        await desk.until_typed("One.")
        desk.undo.tap()
        await desk.until(lambda: desk.indicator.shown[-1] == (State.ERROR, "there is nothing to take back"))
    assert desk.host.text == "One."


async def test_a_contact_that_bounces_is_one_press():
    async with ButtonsHostsDesk() as desk:
        for _ in range(3):
            desk.following.press(0.002)
            desk.following.release(0.002)
        desk.following.press(0.002)
        await desk.acted()
        assert desk.hosts.name == "tablet"
        desk.following.release(1.0)
        desk.following.press(0.002)
        desk.following.release(0.002)
        await desk.acted()
        assert desk.hosts.name == "tablet"


async def test_each_press_turns_to_the_next_computer():
    async with ButtonsHostsDesk("One.", "Two.") as desk:
        first = desk.hosts.name
        names = []
        for _ in range(4):
            desk.following.press()
            desk.following.release()
            await desk.acted()
            names.append(desk.hosts.name)
        assert names == ["tablet", first] * 2
        assert desk.indicator.shown[-1] == (State.IDLE, f"types into {first}")


async def test_a_press_while_the_user_speaks_does_not_cut_the_recording():
    async with ButtonsDesk("One.", "Two.") as desk:
        await desk.dictate()
        desk.button.press()
        desk.microphone.speak()
        desk.undo.tap()
        desk.microphone.speak()
        desk.button.release(2.0)
        desk.microphone.hear(TAIL + 1)
        await desk.until_finished(2)
        await desk.until_typed("Two.")
    assert len(desk.recogniser.recordings[-1].samples) >= 2 * SPOKEN * 512


async def test_what_was_said_with_a_short_press_just_before_counts_as_said():
    async with ButtonsDesk("Yes.", settings=with_button(double_press="undo", debounce_ms=25)) as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release(0.2)  # a double press may still come of it
        desk.microphone.hear(TAIL + 1)
        await desk.acted()
        assert desk.recogniser.recordings == []
        desk.undo.tap()
        await desk.until_recognising(1)
        await desk.until_finished(1)
    assert desk.host.text == ""
    assert desk.finished[0].undone


async def test_a_further_button_is_no_answer_to_a_computer_that_asks_to_pair():
    async with ButtonsHostsDesk() as desk:
        desk.hosts.say(is_open=True, asking="Phone")
        await desk.until_shown(State.CONFIRM)
        desk.undo.tap()
        desk.following.tap()
        await desk.acted()
        assert desk.hosts.confirmed == []
