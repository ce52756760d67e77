"""Several computers, of which one is typed into: what the button and the indicator make of them."""

from __future__ import annotations

import asyncio
import dataclasses
import time

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from device.buttons import Buttons
from device.events import ButtonMoved, MicrophoneLost
from device.gestures import Gesture
from device.pairing import Window
from device.ports import State
from device.settings import KeyboardSettings
from tests.parts import SETTINGS, TAIL, TimedButton, with_button
from tests.switchboard import HostsDesk

MODES = ["hold", "toggle", "both"]
NEXT_HOST = with_button(double_press="next_host")
UNDO = with_button(double_press="undo", triple_press="again")
LONG_S = 8.0

PAIRING = (State.PAIRING, "pairing is open: choose Saykey on the computer")
CONFIRM = (State.CONFIRM, "Phone wants to pair: press the button")


class FurtherButtonDesk(HostsDesk):
    """A desk with a button for the next language."""

    def __init__(self, *script, settings):
        self.language_switch = TimedButton()
        super().__init__(*script, settings=settings)

    @property
    def parts(self):
        parts = super().parts
        return dataclasses.replace(
            parts, button=Buttons(parts.button, {Gesture.NEXT_LANGUAGE: self.language_switch})
        )


async def talk(desk, mode="hold"):
    """Say something, and have the button up again."""
    if mode == "toggle":
        desk.button.tap()
        desk.microphone.speak()
        desk.button.tap()
    else:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release()
    desk.microphone.hear(TAIL + 1)
    desk.button.rest()
    await desk.acted()


# Another computer.


async def test_what_another_computer_was_chosen_for_in_the_middle_waits_and_goes_on_there_at_the_press():
    async with HostsDesk("Dizzy lazy dogs.") as desk:
        desk.keyboard.brake_after(9)
        desk.say()
        await desk.until_braked()
        desk.hosts.use("tablet")
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        begun = desk.host.text
        assert "Dizzy lazy dogs.".startswith(begun)
        assert "into tablet" in desk.indicator.shown[-1][1]
        await desk.acted()
        assert desk.tablet.text == ""
        desk.button.press()
        desk.button.release()
        await desk.until(lambda: begun + desk.tablet.text == "Dizzy lazy dogs.")
    assert desk.host.text == begun != ""


async def test_what_is_recognised_only_after_another_computer_was_chosen_waits_for_the_press():
    async with HostsDesk("One.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        desk.hosts.next()
        desk.recogniser.gate.set()
        await desk.until_shown(State.WAITING)
        assert (desk.host.text, desk.tablet.text) == ("", "")
        desk.button.press()
        desk.button.release()
        await desk.until(lambda: desk.tablet.text == "One.")
    assert desk.host.text == ""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("triple_press", ["undo", "none"])
async def test_a_double_press_turns_to_the_next_computer_and_back(mode, triple_press):
    settings = with_button(NEXT_HOST, mode=mode, triple_press=triple_press)
    async with HostsDesk("Yes.", "Why?", "Yes.", settings=settings) as desk:
        for number in (1, 2, 3):
            await talk(desk, mode)
            await desk.until(lambda number=number: sum(bool(each.text) for each in desk.finished) == number)
            await desk.gesture(2)
            name = desk.hosts.name
            assert name == ("tablet" if number % 2 else "usb")
            assert desk.indicator.shown[-1] == (State.IDLE, f"types into {name}")
    assert desk.host.text == "Yes. Yes."
    assert desk.tablet.text == " Why?"
    assert len(desk.recogniser.recordings) == 3


@pytest.mark.parametrize("mode", MODES)
async def test_text_that_waits_is_typed_nowhere_before_the_press_at_the_next_computer(mode):
    async with HostsDesk("One.", settings=with_button(NEXT_HOST, mode=mode)) as desk:
        desk.keyboard.unplug()
        await talk(desk, mode)
        await desk.until_shown(State.HOST_AWAY)
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        await desk.gesture(2)
        assert desk.hosts.name == "tablet"
        assert (desk.host.text, desk.tablet.text) == ("", "")
        await desk.gesture(1)
        assert desk.tablet.text == "One."
    assert desk.host.text == ""


@pytest.mark.parametrize("mode", MODES)
async def test_a_double_press_in_the_middle_of_typing_takes_the_rest_along(mode):
    async with HostsDesk("Dizzy lazy dogs.", settings=with_button(NEXT_HOST, mode=mode)) as desk:
        desk.keyboard.brake_after(9)
        await talk(desk, mode)
        await desk.until_braked()
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until(lambda: not desk.dictation._typing)
        begun = desk.host.text
        await desk.gesture(1)
        assert begun + desk.tablet.text == "Dizzy lazy dogs."
    assert desk.host.text == begun != ""


@pytest.mark.parametrize("mode", MODES)
async def test_a_single_press_types_what_waits_though_a_double_one_would_not(mode):
    async with HostsDesk("One.", settings=with_button(NEXT_HOST, mode=mode)) as desk:
        desk.keyboard.unplug()
        await talk(desk, mode)
        await desk.until_shown(State.HOST_AWAY)
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        desk.button.tap()
        await desk.acted()
        assert desk.host.text == ""
        desk.button.rest()
        await desk.until_typed("One.")
    assert desk.tablet.text == ""


async def test_a_tap_that_stops_the_typing_does_not_resume_it_when_it_stays_alone():
    async with HostsDesk("Stop me if you can.", settings=NEXT_HOST) as desk:
        desk.keyboard.brake_after(9)
        await talk(desk)
        await desk.until_braked()
        desk.button.tap()
        desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        typed = desk.host.text
        await desk.acted()
    assert desk.host.text == typed != "Stop me if you can."


async def test_where_there_is_no_other_computer_it_is_said():
    async with HostsDesk("One.", settings=NEXT_HOST) as desk:
        desk.hosts.names().remove("tablet")
        await desk.gesture(2)
        assert desk.indicator.shown[-1] == (State.ERROR, "there is no other computer to type into")
        await talk(desk)
        await desk.until_typed("One.")


async def test_what_waits_after_a_double_press_is_typed_nowhere_when_another_button_is_pressed():
    async with FurtherButtonDesk("One.", settings=UNDO) as desk:
        await desk.dictate()
        await desk.gesture(2)
        desk.keyboard.unplug_after(3)
        desk.button.taps(3)
        desk.button.rest()
        await desk.until_shown(State.HOST_AWAY)
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        begun = desk.host.text
        desk.hosts.use("tablet")
        await desk.acted()
        desk.language_switch.tap()
        await desk.acted()
        await desk.settled()
        assert (desk.host.text, desk.tablet.text) == (begun, "")
        await desk.gesture(1)
        assert begun + desk.tablet.text == "One."


async def test_what_stands_at_one_computer_is_not_taken_back_at_another():
    settings = with_button(NEXT_HOST, triple_press="undo")
    async with HostsDesk("One.", settings=settings) as desk:
        await talk(desk)
        await desk.until_typed("One.")
        await desk.gesture(2)
        await desk.gesture(3)
        assert desk.indicator.shown[-1][0] is State.ERROR
    assert desk.host.text == "One."
    assert set(desk.tablet.reports) <= {bytes(8)}


@pytest.mark.parametrize("reports", [3, 5, 8])
@pytest.mark.parametrize("presses", [0, 1])
async def test_the_rest_of_an_undo_takes_nothing_back_at_another_computer(reports, presses):
    async with HostsDesk("Hello there.", "Keep.", "Next.", settings=UNDO) as desk:
        desk.hosts.use("tablet")
        await desk.acted()
        await desk.dictate()
        desk.hosts.use("usb")
        await desk.acted()
        await desk.dictate()
        desk.keyboard.brake_after(reports)
        desk.button.taps(2)
        desk.button.rest()
        await desk.until_braked()
        desk.hosts.use("tablet")
        for _ in range(presses):  # it stops the typing, which has not turned yet
            desk.button.tap()
            desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.settled()
        left = desk.host.text
        assert " Keep.".startswith(left)
        await desk.gesture(1)  # maybe before it has turned
        await desk.until(lambda: not desk.dictation._typist.host_away)
        await desk.gesture(1)
        assert desk.tablet.text == "Hello there."
        desk.say()
        await desk.until(lambda: desk.tablet.text == "Hello there. Next.")
    assert desk.host.text == left


@pytest.mark.parametrize("reports", [2, 11])
@pytest.mark.parametrize("gesture", ["undo", "hands_free"])
async def test_what_ends_where_the_user_has_left_is_not_taken_back_at_the_next_computer(reports, gesture):
    settings = with_button(double_press=gesture, triple_press="none")
    async with HostsDesk("Hello there.", "Keep.", settings=settings) as desk:
        desk.hosts.use("tablet")
        await desk.acted()
        await desk.dictate()
        desk.hosts.use("usb")
        await desk.acted()
        desk.keyboard.brake_after(reports)
        desk.say()
        await desk.until_braked()
        desk.hosts.use("tablet")
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.settled()
        desk.dictation._last.undo([])
        await desk.settled()
        assert desk.tablet.text == "Hello there."
    assert " Keep.".startswith(desk.host.text)


async def test_the_indicator_names_the_computer_and_says_when_it_is_away():
    async with HostsDesk() as desk:
        assert desk.indicator.shown[-1] == (State.IDLE, "types into usb")
        desk.hosts.use("tablet")
        desk.hosts.is_away = True
        desk.hosts.say()
        await desk.acted()
        assert desk.indicator.shown[-1] == (State.HOST_AWAY, "tablet is away")
        desk.hosts.is_away = False
        desk.hosts.say()
        await desk.acted()
        assert desk.indicator.shown[-1] == (State.IDLE, "types into tablet")


WORDS = ["One.", "Dizzy lazy dogs,", "Caf\u00e9 \u00fc\u00df", "why?"]
ACTS = st.lists(
    st.tuples(st.sampled_from(["say", "say", "next", "use", "tap"]), st.integers(0, 60)), max_size=10
)


@example_settings(max_examples=25)
@given(ACTS)
def test_nothing_is_lost_or_typed_twice_whatever_computer_is_chosen_in_between(acts):
    asyncio.run(_chosen_in_between(acts))


async def _chosen_in_between(acts):
    said = [WORDS[number % len(WORDS)] for number, (act, _) in enumerate(acts) if act == "say"]
    keyboard = KeyboardSettings(os="linux", pace=0)
    async with HostsDesk(*said, settings=replace(NEXT_HOST, keyboard=keyboard)) as desk:
        for act, turns in acts:
            match act:
                case "say":
                    await desk.settled()  # or the press would only stop the typing
                    desk.say()
                case "next":
                    desk.button.taps(2)
                    desk.button.rest()
                case "use":
                    desk.hosts.next()
                case "tap":
                    tap(desk)
            for _ in range(turns):
                await asyncio.sleep(0)
        for _ in range(4):
            await desk.settled()
            await desk.until(lambda: not desk.dictation._typist.host_away)
            tap(desk)
        await desk.settled()
        assert not desk.tablet.keys_down
    typed = "".join(desk.finished_texts)
    assert sorted(desk.host.text + desk.tablet.text) == sorted(typed)
    assert len(typed.split()) == len(" ".join(said).split())


def tap(desk):
    desk.button.tap()
    desk.microphone.hear(TAIL + 1)
    desk.button.rest()


# A long press.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("double_press", ["undo", "none"])
async def test_a_long_press_without_a_word_opens_pairing_and_records_nothing(mode, double_press):
    settings = with_button(mode=mode, double_press=double_press)
    async with HostsDesk("One.", settings=settings) as desk:
        await desk.hold(LONG_S - 0.1)
        desk.microphone.hear(100)
        await desk.acted()
        assert desk.indicator.shown[-1][0] is State.LISTENING
        await desk.wait(0.2)
        assert desk.indicator.shown[-1] == PAIRING
        desk.button.release()
        desk.microphone.speak()
        desk.button.rest()
        await desk.acted()
        assert desk.indicator.shown[-1] == PAIRING
        assert not desk.finished
        await talk(desk, mode)
        await desk.until_typed("One.")
    assert len(desk.recogniser.recordings) == len(desk.finished) == 1


@pytest.mark.parametrize("mode", MODES)
async def test_a_long_press_with_a_word_is_a_dictation(mode):
    async with HostsDesk("One.", settings=with_button(mode=mode)) as desk:
        desk.button.press()
        desk.microphone.hear(100)
        desk.microphone.speak()
        await desk.wait(LONG_S + 0.1)
        assert desk.indicator.shown[-1][0] is State.LISTENING
        desk.button.release()
        if mode == "toggle":
            desk.button.tap()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("One.")
    assert State.PAIRING not in desk.indicator.states


async def test_who_begins_to_speak_just_before_is_not_interrupted():
    async with HostsDesk("One.") as desk:
        desk.button.press()
        desk.microphone.hear(100)
        desk.microphone.hear(1, speech=True)
        await desk.wait(LONG_S + 0.1)
        desk.microphone.speak()
        desk.button.release()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("One.")


async def test_a_long_press_in_toggle_mode_that_ends_a_recording_opens_nothing():
    async with HostsDesk("One.", settings=with_button(mode="toggle")) as desk:
        desk.button.tap()
        await desk.hold(LONG_S + 1)
        desk.button.release()
        await desk.acted()
    assert State.PAIRING not in desk.indicator.states


async def test_a_long_press_that_stopped_the_typing_opens_nothing():
    async with HostsDesk("Stop me if you can.") as desk:
        desk.keyboard.brake_after(9)
        desk.say()
        await desk.until_braked()
        await desk.hold(LONG_S + 1)
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
    assert State.PAIRING not in desk.indicator.states


@pytest.mark.parametrize("mode", MODES)
async def test_where_there_is_no_bluetooth_one_may_think_before_speaking(mode):
    async with HostsDesk("One.", settings=with_button(mode=mode)) as desk:
        desk.hosts.has_bluetooth = False
        await desk.hold(LONG_S + 1)
        desk.microphone.speak()
        desk.button.release()
        if mode == "toggle":
            desk.button.tap()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("One.")
    assert State.ERROR not in desk.indicator.states


async def test_why_pairing_stays_closed_is_shown_once():
    async with HostsDesk() as desk:
        refused = "There is no Bluetooth adapter."
        for _ in range(3):
            desk.hosts.say(refused=refused)
            await desk.acted()
            assert desk.indicator.shown[-1] == (State.ERROR, refused)
        await talk(desk)  # which ends the notice
        desk.hosts.say(refused=refused)
        await desk.acted()
    assert desk.indicator.shown.count((State.ERROR, refused)) == 1


async def test_a_long_press_may_be_nothing_and_may_take_longer():
    for changes in ({"long_press": "none"}, {"long_press_s": LONG_S + 2}):
        async with HostsDesk(settings=with_button(**changes)) as desk:
            await desk.hold(LONG_S + 1)
            assert desk.indicator.shown[-1][0] is State.LISTENING
            desk.button.release()


async def test_a_computer_can_pair_while_there_is_no_microphone():
    async with HostsDesk() as desk:
        desk.dictation.post(MicrophoneLost("the microphone is unplugged"))
        await desk.hold(LONG_S + 1)
        assert desk.indicator.shown[-1] == PAIRING
        desk.button.release()


async def test_a_release_that_is_noticed_before_the_time_is_up_ends_a_long_press_all_the_same():
    async with HostsDesk("One.") as desk:
        desk.button.press()
        desk.button.release(LONG_S + 1)  # no timer came in between
        await desk.until_shown(State.PAIRING)
        await talk(desk)
        await desk.until_typed("One.")
    assert len(desk.finished) == 1


async def test_by_the_clock():
    settings = with_button(long_press_s=3.0)
    async with HostsDesk(settings=settings) as desk:
        desk.button._now_s = time.monotonic() - 2.95
        desk.button.press(0.0)
        await desk.until_shown(State.PAIRING)
        desk.button.release()


# A computer that asks to pair.


@pytest.mark.parametrize("mode", MODES)
async def test_a_press_lets_the_computer_pair_that_asks_and_does_nothing_else(mode):
    async with HostsDesk("One.", settings=with_button(NEXT_HOST, mode=mode)) as desk:
        desk.hosts.say(is_open=True, asking="Phone")
        await desk.acted()
        assert desk.indicator.shown[-1] == CONFIRM
        desk.button.press()
        await desk.acted()
        assert desk.indicator.shown[-1] == PAIRING
        desk.microphone.speak()
        desk.button.release(10)
        desk.microphone.hear(TAIL + 1)
        desk.button.rest()
        await desk.acted()
        assert desk.hosts.confirmed == ["Phone"]
        assert State.LISTENING not in desk.indicator.states
        desk.hosts.say(is_open=False)
        await talk(desk, mode)
        await desk.until_typed("One.")
    assert len(desk.recogniser.recordings) == 1


async def test_a_press_that_answers_is_no_part_of_a_double_press():
    async with HostsDesk(settings=NEXT_HOST) as desk:
        desk.button.tap()
        await desk.acted()
        desk.hosts.say(is_open=True, asking="Phone")
        desk.button.tap(0.1)
        desk.button.tap(0.1)
        desk.button.rest()
        await desk.acted()
    assert desk.hosts.confirmed == ["Phone"]
    assert desk.hosts.name == "usb"


async def test_the_question_comes_at_once_and_the_press_that_ends_a_recording_is_no_answer():
    async with HostsDesk("One.", settings=with_button(mode="toggle")) as desk:
        desk.button.tap()
        desk.microphone.speak()
        desk.hosts.say(is_open=True, asking="Phone")
        await desk.acted()
        assert desk.indicator.shown[-1] == CONFIRM
        desk.button.tap()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("One.")
        assert not desk.hosts.confirmed
        desk.button.tap()
        desk.button.rest()
        await desk.acted()
    assert desk.hosts.confirmed == ["Phone"]


async def test_a_button_that_was_down_before_the_question_answers_nothing_when_it_comes_up():
    async with HostsDesk("One.") as desk:
        desk.button.press()
        desk.microphone.speak()
        await desk.acted()
        desk.hosts.say(is_open=True, asking="Phone")
        desk.button.release()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("One.")
        await desk.acted()
        assert desk.indicator.shown[-1] == CONFIRM
    assert not desk.hosts.confirmed


async def test_a_press_for_a_computer_that_gave_up_just_now_does_nothing():
    async with HostsDesk("One.") as desk:
        desk.hosts.say(is_open=True, asking="Phone")
        await desk.acted()
        desk.hosts.window = Window(is_open=True)  # which is not posted yet
        desk.button.tap()
        desk.button.rest()
        await desk.acted()
        assert desk.indicator.shown[-1] == PAIRING
        await talk(desk)
        await desk.until_typed("One.")
    assert not desk.hosts.confirmed
    assert len(desk.finished) == 1


async def test_a_press_that_was_on_its_way_when_the_question_came_means_what_it_always_does():
    async with HostsDesk("One.") as desk:
        await desk.acted()
        just_before_s = time.monotonic()
        desk.hosts.say(is_open=True, asking="Phone")
        desk.dictation.post(ButtonMoved(pressed=True, at_s=just_before_s))
        desk.microphone.speak()
        desk.button.release()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("One.")
        assert not desk.hosts.confirmed
        desk.button.press()
        await desk.acted()
    assert desk.hosts.confirmed == ["Phone"]


async def test_a_computer_that_was_paired_is_named():
    async with HostsDesk() as desk:
        desk.hosts.say(is_open=True)
        desk.hosts.say(is_open=False, paired="Phone")
        await desk.acted()
        assert desk.indicator.shown[-1] == (State.IDLE, "Phone is paired")


def test_the_settings_here_are_those_that_are_meant():
    assert SETTINGS.button.long_press_s == LONG_S
