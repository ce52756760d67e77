"""Text that is typed while the user still speaks, through the whole path."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from device import dictation as dictation_module
from device.events import StopRequested
from device.ports import State
from tests.live_desk import AHEAD, AHEAD_GESTURES, LiveDesk
from tests.parts import SETTINGS, TAIL, with_button, with_microphone


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Give what was said all the time it wants, so that no stop passes only because its time was over."""
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 10_000.0)


async def test_nothing_is_typed_before_the_release_unless_it_is_wanted():
    async with LiveDesk("Hello, world.") as desk:
        desk.hold()
        await desk.understand(*["Hello, world."] * 4)
        await desk.settled()
        assert desk.host.reports == []
        assert set(desk.indicator.states) == {State.IDLE, State.LISTENING}
        desk.let_go()
        await desk.until_finished(1)
    assert desk.host.text == "Hello, world."
    assert len(desk.recogniser.anticipated) >= 4


LONG_TAIL = with_microphone(SETTINGS, tail_ms=320)


async def test_who_was_silent_when_he_let_go_waits_for_nothing():
    async with LiveDesk("Yes.", "Next.", settings=LONG_TAIL) as desk:
        desk.hold()
        await desk.understand("Yes.")
        desk.microphone.hear(5)
        desk.button.release()
        await desk.until_typed("Yes.")
        assert desk.recogniser.recordings == []
        desk.microphone.hear(3)
        await desk.until_finished(1)
        assert desk.finished[0].record.typed == 4
        desk.hold()
        await desk.understand("Next.")
        desk.button.release()
        desk.microphone.hear(4)
        await desk.until_finished(2)
    assert desk.host.text == "Yes. Next."


@pytest.mark.parametrize("final", ["Yes, no.", "Yes.", "Guess no.", ""])
async def test_what_was_under_way_in_the_sound_system_at_the_release_is_typed_too(final):
    async with LiveDesk(final, settings=LONG_TAIL) as desk:
        desk.hold()
        await desk.understand("Yes.")
        desk.microphone.hear(5)
        desk.button.release()
        await desk.until_typed("Yes.")
        desk.microphone.hear(1)
        desk.microphone.speak(3)
        desk.microphone.hear(4)
        await desk.until_finished(1)
    assert desk.host.text == final
    assert len(desk.finished) == 1


async def test_who_was_not_silent_yet_is_heard_out_first():
    async with LiveDesk("Yes, no.", settings=LONG_TAIL) as desk:
        desk.hold()
        await desk.understand("Yes,")
        desk.button.release()
        await desk.settled()
        assert desk.host.reports == []
        desk.microphone.speak(3)
        desk.microphone.hear(4)
        await desk.until_finished(1)
    assert desk.host.text == "Yes, no."


async def test_what_is_stable_is_typed_while_the_button_is_held():
    async with LiveDesk("hello, big world.", "And on.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("hello,")
        await desk.settled()
        assert desk.host.text == ""
        await desk.understand("hello, big")
        await desk.until_typed("Hello,")
        await desk.understand("hello, big world.")
        await desk.until_typed("Hello, big")
        assert desk.finished == []
        assert set(desk.indicator.states) == {State.IDLE, State.LISTENING}
        desk.let_go()
        await desk.until_finished(1)
        assert desk.host.text == "Hello, big world."
        await desk.dictate()
    assert desk.host.text == "Hello, big world. And on."
    assert [utterance.number for utterance in desk.finished] == [1, 2]
    record = desk.finished[0].record
    assert record.asked == record.typed == len("Hello, big world.")
    times = record.times_ms
    assert times["release_to_first_key"] < 0 <= times["release_to_text"] <= times["release_to_last_key"]


@pytest.mark.parametrize(
    ("ahead", "final"),
    [
        ("I scream a lot", ("Ice cream, a lot.",)),
        ("I scream a lot", ("Ice", "cream", "a lot.")),
        ("Na\u00efve caf\u00e9s", ("Naive cafe",)),
        ("naive cafe", ("Na\u00efve", "caf\u00e9.")),
        ("Fine \U0001f44d\U0001f3fd so", ("Fine \U0001f468\u200d\U0001f469\u200d\U0001f467.",)),
        ("Fine \u2764\ufe0f", ("Fine \u2764 so.",)),
        ("Thank you.", ("",)),
        ("Thank you.", ("", "")),
        ("\x07\x07", ("Bell.",)),
    ],
)
async def test_in_the_end_the_final_text_stands_there_whatever_was_before(ahead, final):
    async with LiveDesk("Before.", final, "Next.", settings=AHEAD) as desk:
        await desk.dictate()
        desk.hold()
        await desk.understand(ahead, ahead)
        await desk.settled()
        if ahead.isprintable():
            assert len(desk.host.text) > len("Before.")
        for _ in final:
            desk.recogniser.next_piece.release()
        desk.let_go()
        await desk.until_finished(2)
        expected = " ".join(["Before.", *filter(None, final)])
        await desk.settled()
        assert desk.host.text == expected
        assert desk.finished[1].transcript.text.strip() == " ".join(filter(None, final))
        assert desk.finished[1].record.asked == len(expected) - len("Before.")
        if not any(final):
            await desk.until_shown(State.NOTHING_HEARD)
        await desk.dictate()
    assert desk.host.text == f"{expected} Next."


async def test_a_tap_begins_and_a_tap_ends_what_is_typed_meanwhile():
    async with LiveDesk("One, two.", settings=with_button(AHEAD_GESTURES, mode="toggle")) as desk:
        desk.button.tap()
        desk.button.rest()
        await desk.understand("One, two", "One, two")
        await desk.until_typed("One, two")
        desk.keyboard.brake_after(1)
        await desk.understand("One, too", "One, too")
        await desk.until_braked()
        desk.button.tap()  # ends the recording, and not the typing
        desk.keyboard.go_on()
        desk.microphone.hear(TAIL + 1)
        await desk.until_finished(1)
        assert State.WAITING not in desk.indicator.states
    assert desk.host.text == "One, two."


async def test_in_doubt_of_a_double_press_nothing_is_typed_ahead():
    async with LiveDesk("One, two.", settings=AHEAD_GESTURES) as desk:
        desk.button.press()
        await desk.understand("One,", "One,", "One, two")
        await desk.settled()
        assert desk.host.reports == []
        desk.button.rest(0.5)
        await desk.understand("One, two.")
        await desk.until_typed("One,")
        desk.let_go()
        await desk.until_finished(1)
    assert desk.host.text == "One, two."


async def test_a_recording_that_turns_out_to_be_a_double_press_leaves_nothing():
    async with LiveDesk("Before.", "Next.", settings=AHEAD_GESTURES) as desk:
        await desk.dictate()
        desk.button.press()
        await desk.understand("Radio", "Radio", "Radio")
        desk.button.release(0.1)
        desk.microphone.speak()
        await desk.recognised()
        desk.button.tap(0.1)
        desk.button.rest()
        await desk.settled()
        assert desk.host.text == ""
        await desk.dictate()
    assert desk.host.text == "Next."
    assert [utterance.number for utterance in desk.finished] == [1, 2]
    assert len(desk.recogniser.recordings) == 2


async def test_what_was_said_in_doubt_before_is_not_overtaken():
    async with LiveDesk("One.", "Two, three.", settings=AHEAD_GESTURES) as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release(0.1)  # perhaps a short word, perhaps half a double press
        desk.microphone.hear(TAIL + 1)
        await desk.recognised()
        desk.button.press(0.1)
        await desk.understand("Two,")
        desk.recogniser.ahead_gate.clear()
        await desk.understand("Two, three.")
        desk.button.rest(0.5)  # two dictations, and the first one is to be recognised yet
        await desk.acted()
        desk.recogniser.gate.clear()
        desk.recogniser.ahead_gate.set()
        await desk.until_recognising(1)
        await desk.settled()
        assert desk.host.text == ""
        desk.recogniser.gate.set()
        await desk.until_typed("One.")
        await desk.understand("Two, three.")
        await desk.until_typed("One. Two, three.")
        desk.let_go()
        await desk.until_finished(2)
    assert desk.host.text == "One. Two, three."
    assert [(each.number, each.text) for each in desk.finished] == [(1, "One."), (2, " Two, three.")]


async def test_what_was_typed_ahead_is_taken_back_as_a_whole_and_comes_again():
    async with LiveDesk("Before.", ("Two,", "three."), settings=AHEAD_GESTURES) as desk:
        await desk.dictate()
        desk.hold()
        await desk.understand("Too three", "Too three")
        await desk.until_typed("Before. Too three")
        desk.let_go()
        await desk.until_typed("Before. Two,")
        await desk.undo()
        assert desk.host.text == "Before."
        await desk.end()
        assert desk.host.text == "Before."
        assert desk.finished[-1].undone
        await desk.again()
    assert desk.host.text == "Before. Two, three."


async def test_a_double_press_right_behind_the_release_takes_back_what_was_typed_ahead():
    async with LiveDesk("Before.", "Two.", settings=AHEAD_GESTURES) as desk:
        await desk.dictate()
        desk.hold()
        await desk.understand("Two", "Two")
        await desk.until_typed("Before. Two")
        desk.microphone.speak()
        desk.button.release()  # no sound has come since: the tail is still to be heard
        await desk.undo()
        await desk.until_finished(2)
        await desk.settled()
        assert desk.host.text == "Before."
    assert desk.finished[-1].undone


@pytest.mark.parametrize("held", [True, False])
async def test_what_a_lost_microphone_cuts_short_ends_as_it_was_recognised(held):
    async with LiveDesk("I said.", "Next.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("Ice", "Ice", "Ice")
        await desk.until_typed("Ice")
        if not held:
            desk.microphone.speak()
            desk.button.release()
        desk.microphone.lose()
        await desk.until_finished(1)
        assert desk.host.text == "I said."
        if held:
            desk.button.release()
        desk.microphone.come_back()
        await desk.dictate()
    assert desk.host.text == "I said. Next."
    assert [utterance.number for utterance in desk.finished] == [1, 2]


async def test_the_length_limit_ends_what_was_typed_ahead():
    limited = replace(AHEAD, microphone=replace(AHEAD.microphone, max_recording_s=2))
    async with LiveDesk("A long story.", "Next.", settings=limited) as desk:
        desk.hold()
        await desk.understand("A", "A long")
        await desk.until_typed("A")
        desk.microphone.speak(60)
        await desk.until_finished(1)
        assert desk.host.text == "A long story."
        desk.button.release()
        await desk.dictate()
    assert desk.host.text == "A long story. Next."


async def test_what_is_understood_late_of_a_recording_is_not_typed_into_the_next_one():
    async with LiveDesk("One.", "One. Two.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("One. One.")
        desk.recogniser.ahead_gate.clear()
        await desk.understand("One. One.")
        desk.let_go()
        desk.hold()
        desk.microphone.speak()
        await desk.acted()
        desk.recogniser.ahead_gate.set()
        await desk.until_finished(1)
        assert desk.host.text == "One."
        await desk.understand("One. Two")
        await desk.settled()
        assert desk.host.text == "One."
        await desk.understand("One. Two")
        await desk.until_typed("One. One. Two")
        desk.let_go()
        await desk.until_finished(2)
    assert desk.host.text == "One. One. Two."


async def test_what_is_understood_after_the_release_waits_for_the_final_text():
    async with LiveDesk("Hello.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("Hollow")
        desk.recogniser.ahead_gate.clear()
        desk.recogniser.gate.clear()
        await desk.understand("Hollow")
        desk.let_go()
        await desk.acted()
        desk.recogniser.ahead_gate.set()
        await desk.until_recognising(1)
        await desk.settled()
        assert desk.host.reports == []
        desk.recogniser.gate.set()
        await desk.until_finished(1)
    assert desk.host.text == "Hello."


async def test_a_recogniser_that_fails_ahead_of_time_is_no_harm():
    async with LiveDesk("Hello, you.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("Hello,", MemoryError("Hello,"), "Hello,")
        await desk.until_typed("Hello,")
        assert State.ERROR not in desk.indicator.states
        desk.let_go()
        await desk.until_finished(1)
    assert desk.host.text == "Hello, you."


async def test_what_was_typed_ahead_stays_when_it_can_never_be_recognised():
    error = MemoryError()
    async with LiveDesk(error, error, "Next.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("Hello", "Hello")
        await desk.until_typed("Hello")
        desk.let_go()
        await desk.until_shown(State.ERROR)
        await desk.say_and_finish(2)
        assert desk.finished[0].failure == "MemoryError"
        assert "release_to_text" not in desk.finished[0].record.times_ms
    assert desk.host.text == "Hello Next."


async def test_a_request_to_stop_while_the_user_speaks_ends_with_the_final_text():
    async with LiveDesk("Ice cream.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("I scream", "I scream")
        await desk.until_typed("I scream")
        desk.dictation.post(StopRequested())
        await desk.stopped()
    assert desk.host.text == "Ice cream."
    assert len(desk.finished) == 1


async def test_a_host_that_was_away_keeps_what_it_had_and_gets_the_rest_at_the_press():
    async with LiveDesk("Hello, host.", settings=AHEAD) as desk:
        desk.hold()
        await desk.understand("Hello,", "Hello,")
        await desk.until_typed("Hello,")
        desk.keyboard.unplug()
        desk.keyboard.plug_in()
        await desk.understand("Hello, host.", "Hello, host.")
        desk.let_go()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == "Hello,"
        desk.button.tap()
        await desk.until_typed("Hello, host.")
