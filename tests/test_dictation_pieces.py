"""A long dictation, typed piece by piece while more of it is recognised, through the whole path."""

from __future__ import annotations

import pytest

from device import dictation as dictation_module
from device.errors import SaykeyError
from device.events import StopRequested
from device.ports import State
from tests.live_desk import GESTURES, LiveDesk
from tests.parts import TAIL, with_button

BACKSPACE = 0x2A
"""Its usage (HID Usage Tables, keyboard page)."""


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Give what was said all the time it wants, so that no stop passes only because its time was over."""
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 10_000.0)


async def test_what_is_recognised_is_typed_before_the_rest_is():
    async with LiveDesk(("hello,", "world. and", "so on."), "Next.") as desk:
        await desk.begin_in_pieces("Hello,")
        assert desk.finished == []
        assert desk.recogniser.done == 1
        desk.recogniser.next_piece.release()
        await desk.until_typed("Hello, world. and")
        assert desk.finished == []
        await desk.end()
        assert desk.host.text == "Hello, world. and so on."
        await desk.dictate()
    assert desk.host.text == "Hello, world. and so on. Next."
    assert [utterance.number for utterance in desk.finished] == [1, 2]
    first = desk.finished[0]
    assert (first.text, first.transcript.text) == ("Hello, world. and so on.", "hello, world. and so on.")
    record = first.record
    assert (record.asked, record.typed, record.refused) == (24, 24, 0)
    times = record.times_ms
    assert 0 <= times["release_to_first_key"] < times["release_to_text"] <= times["release_to_last_key"]


async def test_what_cannot_be_typed_is_counted_once_over_all_pieces():
    async with LiveDesk(("One \u6f22.", "Two \u5b57.")) as desk:
        await desk.begin_in_pieces("One .")
        await desk.end()
        await desk.until_shown(State.ERROR)
        assert desk.indicator.shown[-1][1] == "2 characters cannot be typed"
    assert desk.host.text == "One . Two ."
    assert desk.finished[0].record.refusals == ("\u6f22", "\u5b57")


async def test_a_piece_without_text_is_not_waited_for():
    async with LiveDesk(("", "Hello."), ("You.", ""), ("", "")) as desk:
        desk.recogniser.next_piece.release(3)
        for text in ("Hello.", "Hello. You.", "Hello. You."):
            await desk.dictate()
            assert desk.host.text == text
        await desk.until_shown(State.NOTHING_HEARD)


async def test_a_press_while_the_rest_is_recognised_records_the_next_dictation():
    async with LiveDesk(("One,", "two."), "Three.") as desk:
        await desk.begin_in_pieces("One,")
        desk.button.press()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.let_go()
        await desk.until_shown(State.RECOGNISING)
        assert desk.host.text == "One,"
        assert len(desk.recogniser.recordings) == 1
        desk.recogniser.next_piece.release()
        await desk.until_finished(2)
        assert State.WAITING not in desk.indicator.states
    assert desk.host.text == "One, two. Three."
    assert [utterance.text for utterance in desk.finished] == ["One, two.", " Three."]


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
async def test_a_press_while_a_piece_is_typed_stops_that_and_what_follows_it(mode):
    settings = with_button(mode=mode, tap_ms=0)
    async with LiveDesk(("Stop me", "if you can."), settings=settings) as desk:
        desk.keyboard.brake_after(6)
        if mode == "toggle":
            desk.button.tap()
            desk.microphone.speak()
            desk.button.tap()
            desk.microphone.hear(TAIL + 1)
        else:
            desk.say()
        await desk.until_braked()
        desk.button.tap()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.settled()
        typed = desk.host.text
        assert "Stop me".startswith(typed)
        assert typed != "Stop me"
        desk.recogniser.next_piece.release()
        await desk.until_shown(State.WAITING)
        assert str(len("Stop me if you can.") - len(typed)) in desk.indicator.shown[-1][1]
        assert desk.host.text == typed
        desk.button.tap()
        await desk.until_typed("Stop me if you can.")
        await desk.until(lambda: any(utterance.text for utterance in desk.finished))
        assert not desk.finished[0].undone


async def test_what_was_stopped_may_go_on_before_the_rest_is_recognised():
    async with LiveDesk(("Stop me", "if you can."), settings=with_button(mode="toggle")) as desk:
        desk.keyboard.brake_after(6)
        desk.button.tap()
        desk.microphone.speak()
        desk.button.tap()
        desk.microphone.hear(TAIL + 1)
        await desk.until_braked()
        desk.button.tap()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.settled()
        assert desk.host.text != "Stop me"
        desk.button.tap()
        await desk.until_typed("Stop me")
        await desk.end()
    assert desk.host.text == "Stop me if you can."


async def test_a_double_press_takes_back_what_is_there_and_types_no_later_piece():
    async with LiveDesk("Before.", ("One,", "two."), "Three.", settings=GESTURES) as desk:
        await desk.dictate()
        await desk.begin_in_pieces("Before. One,")
        await desk.undo()
        assert desk.host.text == "Before."
        await desk.until_shown(State.RECOGNISING)
        await desk.end()
        assert desk.host.text == "Before."
        assert desk.finished[-1].undone
        assert desk.finished[-1].text == " One, two."
        await desk.dictate()
        assert desk.host.text == "Before. Three."
        await desk.undo()
    assert desk.host.text == "Before."


@pytest.mark.parametrize("at", ["once", "the end"])
async def test_what_was_taken_back_before_all_was_recognised_comes_again_as_a_whole(at):
    async with LiveDesk("Before.", ("One,", "two."), "Three.", settings=GESTURES) as desk:
        await desk.dictate()
        await desk.begin_in_pieces("Before. One,")
        await desk.undo()
        if at == "once":
            await desk.again()
            assert desk.host.text == "Before. One,"
            await desk.end()
        else:
            await desk.end()
            await desk.again()
        await desk.until_typed("Before. One, two.")
        await desk.settled()
        await desk.undo()
        assert desk.host.text == "Before."
        await desk.again()
        await desk.dictate()
    assert desk.host.text == "Before. One, two. Three."
    assert [utterance.number for utterance in desk.finished] == [1, 2, 3]


async def test_nothing_is_typed_again_before_all_of_it_is_recognised():
    async with LiveDesk(("One,", "two."), settings=GESTURES) as desk:
        await desk.begin_in_pieces("One,")
        await desk.again()
        assert "before all of it is recognised" in desk.indicator.shown[-1][1]
        await desk.end()
        await desk.again()
    assert desk.host.text == "One, two. One, two."


async def test_a_double_press_before_the_first_piece_is_for_all_of_them():
    async with LiveDesk("Before.", ("One,", "two."), settings=GESTURES) as desk:
        await desk.dictate()
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(2)
        await desk.undo()
        desk.recogniser.gate.set()
        await desk.end()
        assert desk.host.text == "Before."
        assert desk.finished[-1].undone
        await desk.again()
    assert desk.host.text == "Before. One, two."


@pytest.mark.parametrize("mode", ["hold", "toggle"])
@pytest.mark.parametrize("reports", [0, 3, 8])
async def test_a_host_that_is_unplugged_between_the_pieces_loses_and_doubles_nothing(mode, reports):
    async with LiveDesk(("Hello,", "host."), "And on.", settings=with_button(mode=mode)) as desk:
        if mode == "toggle":
            desk.button.tap()
            desk.microphone.speak()
            desk.button.tap()
            desk.microphone.hear(TAIL + 1)
        else:
            desk.say()
        await desk.until_typed("Hello,")
        await desk.settled()
        desk.keyboard.unplug_after(reports)
        desk.recogniser.next_piece.release()
        await desk.until_shown(State.HOST_AWAY)
        typed = desk.host.text
        assert "Hello, host.".startswith(typed)
        assert typed != "Hello, host."
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == typed
        desk.button.tap()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("Hello, host.")
        if mode == "hold":
            await desk.until_finished(2)
            await desk.dictate()
            assert desk.host.text == "Hello, host. And on."
    record = desk.finish_of(1).record
    assert record.asked == record.typed == len("Hello, host.")


async def test_a_host_that_was_away_meanwhile_gets_the_rest_at_the_press():
    async with LiveDesk(("Hello,", "host."), settings=with_button(mode="toggle")) as desk:
        desk.button.tap()
        desk.microphone.speak()
        desk.button.tap()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("Hello,")
        await desk.settled()
        desk.keyboard.unplug()
        desk.keyboard.plug_in()
        desk.recogniser.next_piece.release()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == "Hello,"
        desk.button.tap()
        await desk.until_finished(1)
    assert desk.host.text == "Hello, host."


async def test_a_piece_that_fails_once_is_recognised_at_the_next_press_and_typed_once():
    async with LiveDesk(("One,", MemoryError()), ("One,", "two."), "Three.") as desk:
        await desk.begin_in_pieces("One,")
        desk.recogniser.next_piece.release()
        await desk.until(lambda: "press the button" in desk.indicator.shown[-1][1])
        assert desk.host.text == "One,"
        desk.recogniser.next_piece.release()
        await desk.say_and_finish(2)
    assert desk.host.text == "One, two. Three."
    assert [utterance.failure for utterance in desk.finished] == ["", ""]


async def test_what_is_recognised_anew_is_not_taken_back_meanwhile():
    pieces = ("One,", "two,", "three.")
    async with LiveDesk((*pieces[:2], MemoryError()), pieces) as desk:
        await desk.begin_in_pieces("One,")
        desk.recogniser.next_piece.release()
        await desk.until_typed("One, two,")
        desk.recogniser.next_piece.release()
        await desk.until(lambda: "press the button" in desk.indicator.shown[-1][1])
        reports = len(desk.host.reports)
        desk.recogniser.next_piece.release(2)
        desk.tap()
        await desk.until_typed("One, two, three.")
        assert not any(BACKSPACE in report[2:] for report in desk.host.reports[reports:])


async def test_of_what_can_never_be_recognised_stays_what_was():
    error = SaykeyError("No memory.")
    async with LiveDesk("Zero.", ("one,", error), ("one,", error), "two.", settings=GESTURES) as desk:
        await desk.dictate()
        await desk.begin_in_pieces("Zero. One,")
        desk.recogniser.next_piece.release(2)
        await desk.until(lambda: "press the button" in desk.indicator.shown[-1][1])
        assert desk.indicator.states[-1] is State.ERROR
        await desk.say_and_finish(3)
        assert desk.host.text == "Zero. One, two."
        assert [utterance.failure for utterance in desk.finished] == ["", "No memory.", ""]
        record = desk.finished[1].record
        assert record.asked == record.typed == len(" One,")
        await desk.undo()
    assert desk.host.text == "Zero. One,"


async def test_the_microphone_may_be_lost_while_the_rest_is_recognised():
    async with LiveDesk(("One,", "two."), "Three.") as desk:
        await desk.begin_in_pieces("One,")
        desk.microphone.lose()
        await desk.acted()
        await desk.end()
        await desk.until_shown(State.ERROR)
        assert desk.host.text == "One, two."
        desk.microphone.come_back()
        await desk.dictate()
    assert desk.host.text == "One, two. Three."


async def test_what_is_recognised_after_a_request_to_stop_is_typed():
    async with LiveDesk(("One,", "two,", "three."), "Four.") as desk:
        await desk.begin_in_pieces("One,")
        desk.button.press()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.dictation.post(StopRequested())
        desk.recogniser.next_piece.release()
        await desk.until_typed("One, two,")
        desk.recogniser.next_piece.release()
        await desk.stopped()
    assert desk.host.text == "One, two, three. Four."
    assert len(desk.finished) == 2


async def test_what_is_not_recognised_in_time_does_not_keep_the_device_from_stopping(monkeypatch, caplog):
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 0.1)
    async with LiveDesk(("One,", "two.")) as desk:
        await desk.begin_in_pieces("One,")
        desk.dictation.post(StopRequested())
        await desk.stopped()
        assert desk.host.text == "One,"
    assert "dictations lost: 1" in caplog.text
