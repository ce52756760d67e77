"""Taking the last dictation back and typing it again, by the button, through the whole path."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from msgspec.structs import replace

from device.events import StopRequested
from device.ports import State
from device.settings import KeyboardSettings
from tests.parts import PRE_ROLL, SETTINGS, SPOKEN, TAIL, Desk, TimedButton, with_button

GESTURES = with_button(double_press="undo", triple_press="again")
LINUX = replace(
    GESTURES,
    keyboard=KeyboardSettings(os="linux"),
    text=replace(SETTINGS.text, typography="keep"),
)


class TimedDesk(Desk):
    """A desk whose button says when it is moved."""

    def __init__(self, *script, settings=GESTURES):
        super().__init__(*script, settings=settings, button=TimedButton())

    async def undo(self):
        """Press twice, and wait until nothing is typed any more."""
        await self.gesture(2)

    async def again(self):
        await self.gesture(3)

    async def gesture(self, presses):
        self.button.taps(presses)
        self.button.rest()
        await self.acted()
        await self.until(lambda: self.at_rest)

    @property
    def at_rest(self):
        return self.indicator.states[-1] not in {State.TYPING, State.LISTENING, State.RECOGNISING}


async def test_a_double_press_takes_the_last_dictation_back_and_a_second_one_does_nothing():
    async with TimedDesk("One.", "Two, you know!") as desk:
        await desk.dictate()
        await desk.dictate()
        assert desk.host.text == "One. Two, you know!"
        await desk.undo()
        assert desk.host.text == "One."
        reports = len(desk.host.reports)
        await desk.undo()
        assert desk.indicator.shown[-1] == (State.ERROR, "there is nothing to take back")
        assert len(desk.host.reports) == reports
    assert desk.host.text == "One."
    assert [utterance.undone for utterance in desk.finished] == [False, False]
    assert len(desk.recogniser.recordings) == 2


async def test_nothing_said_is_nothing_to_take_back_or_to_type_again():
    async with TimedDesk() as desk:
        await desk.undo()
        assert "take back" in desk.indicator.shown[-1][1]
        await desk.again()
        assert "again" in desk.indicator.shown[-1][1]
    assert desk.host.reports in ([], [bytes(8)])


async def test_what_was_taken_back_is_typed_again_as_it_was():
    async with TimedDesk("one.", "two") as desk:
        await desk.dictate()
        await desk.dictate()
        for _ in range(2):
            await desk.undo()
            assert desk.host.text == "One."
            await desk.again()
            assert desk.host.text == "One. Two"
        await desk.again()
        assert desk.host.text == "One. Two two"
        await desk.undo()
    assert desk.host.text == "One. Two"
    assert len(desk.finished) == 2


async def test_what_is_typed_again_is_joined_as_a_new_dictation():
    async with TimedDesk("hello.", "well,") as desk:
        await desk.dictate()
        await desk.again()
        assert desk.host.text == "Hello. Hello."
        await desk.dictate()
        await desk.again()
    assert desk.host.text == "Hello. Hello. Well, well,"


async def test_a_dictation_is_joined_as_if_the_one_taken_back_had_never_been():
    async with TimedDesk("ever.", "hello", "you.", "there") as desk:
        await desk.dictate()
        await desk.undo()
        assert desk.host.text == ""
        await desk.dictate()
        await desk.dictate()
        await desk.undo()
        await desk.dictate()
    assert desk.host.text == "Hello there"


@pytest.mark.parametrize(
    "said",
    [
        "Na\u00efve caf\u00e9.",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
        "x\u0308y \U0001f44d\U0001f3fd",
        "\u201cQuoted\u201d \u2014 so\u2026",
    ],
)
@pytest.mark.parametrize("settings", [GESTURES, LINUX], ids=["other", "linux"])
async def test_exactly_the_characters_that_arrived_are_taken_back(said, settings):
    async with TimedDesk("Before.", said, settings=settings) as desk:
        await desk.dictate()
        await desk.dictate()
        assert desk.host.text != "Before."
        await desk.undo()
    assert desk.host.text == "Before."


async def test_what_was_refused_is_not_taken_back():
    async with TimedDesk("Before.", "\u6f22\u5b57.", "\u6f22") as desk:
        await desk.dictate()
        await desk.dictate()
        await desk.undo()
        assert desk.host.text == "Before."
    assert desk.finished[-1].record.refusals == ("\u6f22", "\u5b57")


async def test_a_transcript_cannot_press_backspace():
    async with TimedDesk("Before.", "Af\bter\b\b.") as desk:
        await desk.dictate()
        await desk.dictate()
    assert desk.host.text == "Before. After."


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
@pytest.mark.parametrize("triple_press", ["again", "none"])
async def test_a_double_press_while_typing_takes_back_what_was_typed_so_far(mode, triple_press):
    settings = with_button(GESTURES, mode=mode, triple_press=triple_press)
    async with TimedDesk("Before.", "Scratched it.", settings=settings) as desk:
        await talk(desk, mode)
        await desk.until_finished(1)
        desk.keyboard.brake_after(9)
        await talk(desk, mode)
        await desk.until_braked()
        assert desk.host.text.startswith("Before. S")
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_typed("Before.")
        await desk.until_finished(2)
        await desk.until(lambda: desk.at_rest)
        assert desk.host.text == "Before."
        assert desk.finished[-1].undone
        assert desk.finished[-1].text == " Scratched it."
        if triple_press == "again":
            await desk.again()
            assert desk.host.text == "Before. Scratched it."
            await desk.undo()
    assert desk.host.text == "Before."
    assert len(desk.finished) == 2


async def talk(desk, mode):
    if mode == "toggle":
        desk.button.tap()
        desk.microphone.speak()
        desk.button.tap()
        desk.microphone.hear(TAIL + 1)
    else:
        desk.say()


async def test_again_at_once_while_the_host_takes_its_time_comes_behind_the_undo():
    async with TimedDesk("Before.", "Scratched it.") as desk:
        await desk.dictate()
        desk.keyboard.brake_after(9)
        desk.say()
        await desk.until_braked()
        for presses in (2, 3, 2, 3):
            desk.button.taps(presses)
            desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_finished(2)
        await desk.until(lambda: desk.at_rest)
    assert desk.host.text == "Before. Scratched it."


async def test_a_second_double_press_does_not_keep_the_first_from_its_work():
    async with TimedDesk("Before.", "Scratched it.") as desk:
        await desk.dictate()
        await desk.dictate()
        desk.keyboard.brake_after(4)
        desk.button.taps(2)
        desk.button.rest()
        await desk.until_braked()
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_typed("Before.")
        await desk.until(lambda: desk.at_rest)
    assert desk.host.text == "Before."


async def test_a_tap_while_typing_only_stops_it_however_long_one_waits():
    async with TimedDesk("Stop me if you can.") as desk:
        desk.keyboard.brake_after(9)
        desk.say()
        await desk.until_braked()
        desk.button.tap()
        desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        typed = desk.host.text
        desk.button.rest()
        await desk.acted()
        assert desk.indicator.states[-1] is State.WAITING
    assert desk.host.text == typed != "Stop me if you can."


async def test_typing_goes_on_behind_a_tap_when_the_next_press_is_certain_to_be_a_hold():
    async with TimedDesk("Stop me if you can.") as desk:
        desk.keyboard.brake_after(9)
        desk.say()
        await desk.until_braked()
        desk.button.tap()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        typed = desk.host.text
        desk.button.press(0.1)
        await desk.until_shown(State.LISTENING)
        await asyncio.sleep(0.05)
        assert desk.host.text == typed
        desk.button.rest(0.31)
        await desk.until_typed("Stop me if you can.")
        assert desk.indicator.states[-1] is State.LISTENING


async def test_a_dictation_that_waits_is_dropped_and_comes_again():
    async with TimedDesk("One.", "Two.") as desk:
        desk.keyboard.unplug()
        desk.say()
        await desk.until_shown(State.HOST_AWAY)
        desk.say()
        await desk.until(lambda: desk.indicator.shown[-1] == (State.HOST_AWAY, "9 characters wait"))
        desk.button.taps(2)
        desk.button.rest()
        await desk.until_finished(1)
        assert (desk.finished[0].number, desk.finished[0].undone) == (2, True)
        assert desk.indicator.shown[-1] == (State.HOST_AWAY, "4 characters wait")
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == ""
        await desk.again()
        await desk.until_finished(2)
        await desk.until(lambda: desk.at_rest)
    assert desk.host.text == "One. Two."


async def test_a_dictation_that_is_being_recognised_is_taken_back_too():
    async with TimedDesk("One.", "Two.", "Three.") as desk:
        await desk.dictate()
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(2)
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.recogniser.gate.set()
        await desk.until_finished(2)
        assert desk.host.text == "One."
        assert desk.finished[-1].undone
        await desk.again()
        assert desk.host.text == "One. Two."
        await desk.undo()
        await desk.dictate()
    assert desk.host.text == "One. Three."


async def test_again_while_it_is_being_recognised_lets_it_be_typed_after_all():
    async with TimedDesk("One.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        for presses in (2, 2, 3):
            desk.button.taps(presses)
            desk.button.rest()
        await desk.acted()
        desk.recogniser.gate.set()
        await desk.until_finished(1)
    assert desk.host.text == "One."
    assert not desk.finished[0].undone


async def test_an_undo_of_what_turns_out_to_be_no_speech_is_meant_for_the_dictation_before():
    async with TimedDesk("One.", "", "", "") as desk:
        await desk.dictate()
        for text in ("", "", "One."):
            desk.recogniser.gate.clear()
            desk.say()  # a cough
            await desk.until_recognising(len(desk.finished) + 1)
            desk.button.taps(3 if text else 2)
            desk.button.rest()
            await desk.acted()
            desk.recogniser.gate.set()
            await desk.until_finished(len(desk.finished) + 1)
            await desk.until_typed(text)
            await desk.until(lambda: desk.at_rest)
    assert (State.ERROR, "there is nothing to take back") in desk.indicator.shown
    assert [utterance.undone for utterance in desk.finished] == [False] * 4


# What the presses record.


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
@pytest.mark.parametrize("triple_press", ["again", "none"])
async def test_what_the_presses_of_a_double_press_record_is_thrown_away(mode, triple_press):
    settings = with_button(GESTURES, mode=mode, triple_press=triple_press)
    async with TimedDesk("One.", "Two.", settings=settings) as desk:
        await talk(desk, mode)
        await desk.until_finished(1)
        for _ in range(2):  # a radio plays
            desk.button.press(0.1)
            desk.microphone.speak()
            desk.button.release(0.1)
            desk.microphone.speak()
        desk.button.rest()
        desk.microphone.speak()
        await desk.until_typed("")
        await desk.until(lambda: desk.at_rest)
        await talk(desk, mode)
        await desk.until_finished(2)
    assert desk.host.text == "Two."
    assert len(desk.recogniser.recordings) == 2
    assert [utterance.number for utterance in desk.finished] == [1, 2]


async def test_a_short_word_in_a_short_press_is_recognised_when_it_is_no_double_press():
    async with TimedDesk("Yes.", "No.") as desk:
        for number, word in enumerate(("Yes.", "Yes. No."), 1):
            desk.button.press()
            desk.microphone.speak()
            desk.button.release(0.2)
            desk.microphone.hear(TAIL + 1)
            await desk.acted()
            assert len(desk.recogniser.recordings) == number - 1
            desk.button.rest()
            await desk.until_finished(number)
            assert desk.host.text == word


async def test_a_dictation_in_its_tail_is_no_part_of_the_double_press_behind_it():
    async with TimedDesk("One.") as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release()
        await desk.undo()  # no sound has come since
        await desk.until_finished(1)
        assert desk.finished[0].undone
    assert len(desk.recogniser.recordings) == 1
    assert desk.host.text == ""


@pytest.mark.parametrize("mode", ["hold", "both"])
async def test_a_hold_after_a_tap_is_a_dictation_from_its_first_moment(mode):
    async with TimedDesk("One.", settings=with_button(GESTURES, mode=mode)) as desk:
        desk.button.tap()
        desk.button.press(0.1)
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.button.release(0.5)
        desk.microphone.hear(TAIL + 1)
        await desk.until(lambda: any(utterance.text for utterance in desk.finished))
    assert desk.host.text == "One."
    np.testing.assert_array_equal(
        desk.recogniser.recordings[0].samples, np.concatenate(desk.microphone.heard[: SPOKEN + TAIL])
    )


async def test_a_hold_after_a_double_press_is_what_is_said_instead():
    async with TimedDesk("One.", "Two.") as desk:
        await desk.dictate()
        desk.button.taps(2)
        desk.button.press(0.1)
        desk.microphone.speak()
        desk.button.release()
        desk.microphone.hear(TAIL + 1)
        await desk.until_finished(2)
    assert desk.host.text == "Two."


async def test_a_stop_in_the_middle_of_a_short_press_loses_nothing():
    async with TimedDesk("One.") as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release(0.1)
        desk.microphone.hear(TAIL)
        await desk.acted()
    assert desk.host.text == "One."


async def test_by_the_clock():
    settings = with_button(GESTURES, gap_ms=500)
    async with Desk("One.", "Two.", settings=settings) as desk:
        for number in (1, 2):
            desk.button.press()
            desk.microphone.speak()
            desk.button.release()
            desk.microphone.hear(TAIL + 1)
            await desk.until_finished(number)
        for presses, text in ((2, "One."), (3, "One. Two.")):
            for _ in range(presses):
                desk.tap()
            await desk.until_typed(text)


# The host.


async def test_what_was_typed_before_the_host_was_away_is_not_taken_back():
    async with TimedDesk("One.", "Two.") as desk:
        await desk.dictate()
        desk.keyboard.unplug()
        desk.keyboard.plug_in()
        reports = len(desk.host.reports)
        await desk.undo()
        assert desk.indicator.shown[-1][0] is State.ERROR
        assert "away" in desk.indicator.shown[-1][1]
        assert desk.host.text == "One."
        assert all(report == bytes(8) for report in desk.host.reports[reports:])
        await desk.dictate()
        await desk.undo()
    assert desk.host.text == "One."


async def test_a_host_that_changes_between_the_presses_keeps_what_it_has():
    async with TimedDesk("One.") as desk:
        await desk.dictate()
        desk.button.tap()
        await desk.acted()
        desk.keyboard.unplug()
        desk.keyboard.plug_in()
        desk.button.tap(0.1)
        desk.button.rest()
        await desk.until_shown(State.ERROR)
        assert "away" in desk.indicator.shown[-1][1]
    assert desk.host.text == "One."


async def test_of_a_text_that_the_host_got_in_two_parts_only_the_second_is_taken_back():
    async with TimedDesk("Hello, host.") as desk:
        desk.keyboard.unplug_after(8)
        desk.say()
        await desk.until_shown(State.HOST_AWAY)
        first = desk.host.text
        assert first
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        desk.button.press()
        desk.button.release()
        await desk.until_typed("Hello, host.")
        await desk.until(lambda: any(utterance.text for utterance in desk.finished))
        await desk.undo()
        assert desk.host.text == first
        await desk.again()
    assert desk.host.text == first + "Hello, host."


@pytest.mark.parametrize("reports", range(12))
async def test_an_undo_that_is_unplugged_takes_back_no_more_as_it_may_be_another_computer_now(reports):
    async with TimedDesk("Before.", "Hello.", "Next.") as desk:
        await desk.dictate()
        await desk.dictate()
        desk.keyboard.unplug_after(reports)
        desk.button.taps(2)
        desk.button.rest()
        await desk.until_shown(State.HOST_AWAY)
        half = desk.host.text
        assert half.startswith("Before.")
        assert " Hello.".startswith(half.removeprefix("Before."))
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == half
        desk.say()
        await desk.until_finished(3)
    assert desk.host.text == half + " Next."


async def test_text_goes_only_to_the_host_that_was_there_at_the_press():
    async with TimedDesk("One.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        desk.keyboard.unplug()
        desk.keyboard.plug_in()
        desk.recogniser.gate.set()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == ""
        desk.button.press()
        desk.button.release()
        await desk.until_typed("One.")


async def test_a_request_to_stop_lets_an_undo_end():
    async with TimedDesk("Before.", "Hello.") as desk:
        await desk.dictate()
        await desk.dictate()
        desk.keyboard.brake_after(4)
        desk.button.taps(2)
        desk.button.rest()
        await desk.until_braked()
        desk.dictation.post(StopRequested())
        desk.keyboard.go_on()
        await desk.stopped()
    assert desk.host.text == "Before."


async def test_a_dictation_behind_a_double_press_has_its_pre_roll():
    async with TimedDesk("One.") as desk:
        desk.microphone.hear(PRE_ROLL)
        desk.button.taps(2)
        desk.button.rest()
        desk.microphone.hear(PRE_ROLL)
        await desk.dictate()
    expected = desk.microphone.heard[PRE_ROLL : 2 * PRE_ROLL + SPOKEN + TAIL]
    np.testing.assert_array_equal(desk.recogniser.recordings[0].samples, np.concatenate(expected))


# The indicator.


async def test_a_notice_in_the_middle_of_a_recording_is_shown_afterwards():
    async with TimedDesk("Fine \u6f22 so.", "") as desk:
        desk.say()
        desk.button.press()
        desk.microphone.speak()
        await desk.until_finished(1)
        assert desk.indicator.states[-1] is State.LISTENING
        desk.button.release()
        await desk.until_shown(State.ERROR)
        assert "1 character" in desk.indicator.shown[-1][1]
