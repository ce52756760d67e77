from __future__ import annotations

import asyncio
import logging

import numpy as np
import pytest

from device.ports import State
from tests.parts import PRE_ROLL, SPOKEN, TAIL, Desk, TimedButton, with_button, with_microphone


async def test_what_was_said_is_typed():
    async with Desk("Hello, world!") as desk:
        utterance = await desk.dictate()
        await desk.until_shown(State.IDLE)
    assert desk.host.text == "Hello, world!"
    assert (utterance.number, utterance.text, utterance.failure) == (1, "Hello, world!", "")
    assert utterance.transcript.text == "Hello, world!"
    record = utterance.record
    assert (record.asked, record.typed, record.substituted, record.refused) == (13, 13, 0, 0)
    assert 0 <= record.times_ms["release_to_text"] <= record.times_ms["release_to_first_key"]
    assert record.times_ms["release_to_first_key"] <= record.times_ms["release_to_last_key"]
    assert desk.indicator.states == [
        State.IDLE,
        State.LISTENING,
        State.RECOGNISING,
        State.TYPING,
        State.IDLE,
    ]


async def test_dictations_are_joined_as_sentences():
    async with Desk("hello", "you. there", "are") as desk:
        for _ in range(3):
            await desk.dictate()
    assert desk.host.text == "Hello you. there are"
    assert [utterance.number for utterance in desk.finished] == [1, 2, 3]


async def test_the_recording_is_whole_from_the_pre_roll_to_the_tail():
    async with Desk("One.", "Two.") as desk:
        desk.microphone.hear(7)
        desk.say()
        desk.microphone.hear(5)
        desk.say()
        await desk.until_finished(2)
    heard = desk.microphone.heard
    starts = [7, 7 + SPOKEN + TAIL + 1 + 5]
    for start, recording in zip(starts, desk.recogniser.recordings, strict=True):
        expected = heard[start - PRE_ROLL : start + SPOKEN + TAIL]
        np.testing.assert_array_equal(recording.samples, np.concatenate(expected))


async def test_without_speech_nothing_is_recognised_or_typed():
    async with Desk("never") as desk:
        desk.button.press()
        desk.microphone.hear(30)
        desk.button.release()
        desk.microphone.hear(TAIL)
        await desk.until_shown(State.NOTHING_HEARD)
        assert desk.recogniser.recordings == []
        assert desk.finished[0].transcript.segments == ()
        assert desk.finished[0].transcript.duration_s == pytest.approx((30 + TAIL) * 0.032)
        await desk.dictate()
    assert desk.host.text == "Never"


@pytest.mark.parametrize("said", ["", "   ", "\x07"])
async def test_a_transcript_without_text_is_nothing_heard(said):
    async with Desk(said, "Next.") as desk:
        await desk.dictate()
        await desk.until_shown(State.NOTHING_HEARD)
        await desk.dictate()
    assert desk.host.text == "Next."


async def test_a_notice_ends_by_itself():
    async with Desk() as desk:
        desk.tap()
        desk.microphone.hear(TAIL)
        await desk.until_shown(State.NOTHING_HEARD)
        await desk.until_shown(State.IDLE)


async def test_recording_goes_on_while_the_last_dictation_is_recognised():
    async with Desk("One.", "Two.", "Three.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        desk.button.press()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.button.release()
        desk.microphone.hear(TAIL)
        desk.say()
        await desk.acted()
        assert len(desk.recogniser.recordings) == 1
        assert desk.host.text == ""
        desk.recogniser.gate.set()
        await desk.until_finished(3)
    assert desk.host.text == "One. Two. Three."


async def test_a_recording_goes_on_while_the_last_dictation_is_typed():
    async with Desk("One more time.", "Two.", settings=with_button(mode="toggle")) as desk:
        desk.recogniser.gate.clear()
        desk.tap()
        desk.microphone.speak()
        desk.tap()
        desk.microphone.hear(TAIL)
        await desk.until_recognising(1)
        desk.tap()
        desk.microphone.speak(4)
        desk.keyboard.brake_after(6)
        desk.recogniser.gate.set()
        await desk.until_braked()
        assert desk.indicator.states[-1] is State.LISTENING
        desk.microphone.speak(6)
        desk.tap()  # ends the recording, and not the typing
        desk.microphone.hear(TAIL)
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_finished(2)
        assert State.WAITING not in desk.indicator.states
    assert desk.host.text == "One more time. Two."
    expected = desk.microphone.heard[SPOKEN + TAIL :]
    np.testing.assert_array_equal(desk.recogniser.recordings[1].samples, np.concatenate(expected))


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
async def test_a_press_stops_the_typing_and_the_next_one_resumes_it(mode):
    async with Desk("Stop me if you can.", "Again.", settings=with_button(mode=mode, tap_ms=0)) as desk:
        desk.keyboard.brake_after(9)
        speak(desk, mode)
        await desk.until_braked()
        desk.tap()
        await desk.acted()
        before, reports = desk.host.text, len(desk.host.reports)
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        typed = desk.host.text
        assert typed.startswith(before)
        assert len(typed) <= len(before) + 1
        assert len(desk.host.reports) - reports <= 3  # the one in flight, then the key and its modifier go up
        assert not desk.host.keys_down
        assert desk.finished == []
        detail = desk.indicator.shown[-1][1]
        assert str(len("Stop me if you can.") - len(typed)) in detail
        desk.tap()
        await desk.until(lambda: any(utterance.text for utterance in desk.finished))
        assert desk.host.text == "Stop me if you can."
        if mode == "hold":
            desk.microphone.hear(TAIL)  # the press began a recording too, of nothing
        speak(desk, mode)
        await desk.until(lambda: desk.finished and desk.finished[-1].text == " Again.")
    assert desk.host.text == "Stop me if you can. Again."


def speak(desk, mode):
    if mode == "toggle":
        desk.tap()
        desk.microphone.speak()
        desk.tap()
        desk.microphone.hear(TAIL + 1)
    else:
        desk.say()


async def test_what_is_said_after_a_stop_is_typed_behind_what_was_kept():
    async with Desk("Stop me if you can.", "Again.", settings=with_button(mode="hold")) as desk:
        desk.keyboard.brake_after(9)
        desk.say()
        await desk.until_braked()
        desk.tap()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_shown(State.WAITING)
        desk.say()
        await desk.until_finished(2)
    assert desk.host.text == "Stop me if you can. Again."


async def test_a_tap_begins_and_a_tap_ends_where_the_button_is_read_so():
    async with Desk("One.", "Two.", settings=with_button(mode="both", tap_ms=60_000)) as desk:
        for number in (1, 2):
            desk.tap()
            desk.microphone.speak()
            await desk.until_shown(State.LISTENING)
            desk.tap()
            desk.microphone.hear(TAIL + 1)
            await desk.until_finished(number)
    assert desk.host.text == "One. Two."


async def test_a_long_press_is_held_where_both_are_read():
    async with Desk("One.", settings=with_button(mode="both", tap_ms=0)) as desk:
        await desk.dictate()
    assert desk.host.text == "One."


async def test_a_button_that_bounces_makes_one_dictation():
    async with Desk("One.", "Two.", settings=with_button(debounce_ms=25)) as desk:
        for number in (1, 2):
            desk.button.press()
            desk.button.bounce()
            # A press or release right after the one before is noticed when the bouncing must be over.
            await desk.until_shown(State.LISTENING)
            await asyncio.sleep(0.1)
            assert desk.indicator.states[-1] is State.LISTENING
            desk.microphone.speak()
            desk.button.release()
            desk.button.bounce()
            await desk.until_shown(State.RECOGNISING)
            desk.microphone.hear(TAIL + 1)
            await desk.until_finished(number)
    assert desk.host.text == "One. Two."
    assert len(desk.recogniser.recordings) == 2
    assert desk.indicator.states.count(State.LISTENING) == 2


async def test_a_press_while_the_contact_may_still_bounce_counts_when_it_rests():
    button = TimedButton()
    async with Desk("One.", "Two.", settings=with_button(debounce_ms=25), button=button) as desk:
        await desk.dictate()
        button.press(after_s=0.01)
        button.rest()
        desk.microphone.speak()
        button.release()
        desk.microphone.hear(TAIL + 1)
        await desk.until_finished(2)
    assert desk.host.text == "One. Two."


async def test_the_length_limit_ends_a_recording_and_loses_nothing_of_it():
    settings = with_microphone(max_recording_s=1)
    limit = 32  # windows of 32 ms in a second, rounded up
    async with Desk("A long story.", "Next.", settings=settings) as desk:
        desk.button.press()
        desk.microphone.speak(limit + 20)
        await desk.until_finished(1)
        assert desk.host.text == "A long story."
        recording = desk.recogniser.recordings[0]
        np.testing.assert_array_equal(recording.samples, np.concatenate(desk.microphone.heard[:limit]))
        desk.button.release()
        await desk.dictate()
    assert desk.host.text == "A long story. Next."
    assert len(desk.recogniser.recordings) == 2


async def test_lost_sound_is_counted_and_reported(caplog):
    async with Desk("One.") as desk:
        desk.button.press()
        desk.microphone.drop()
        desk.microphone.speak()
        desk.microphone.drop()
        desk.button.release()
        desk.microphone.hear(TAIL)
        await desk.until_finished(1)
        assert desk.dictation.sound_dropped == 2
    assert desk.host.text == "One."
    assert "2 times" in caplog.text


async def test_characters_that_cannot_be_typed_are_counted_and_shown():
    async with Desk("Fine \u6f22 so.") as desk:
        utterance = await desk.dictate()
        await desk.until_shown(State.ERROR)
        assert "1 character" in desk.indicator.shown[-1][1]
    assert utterance.record.refusals == ("\u6f22",)
    assert desk.host.text == "Fine  so."


async def test_no_log_at_any_level_holds_what_was_said(caplog):
    caplog.set_level(logging.DEBUG)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0  # asyncio logs every callback, with its arguments
    error = RuntimeError("Zebra quagga xylophone.")
    async with Desk("Zebra quagga.", error, "Xylophone.", "Zebra.", "Quagga.") as desk:
        await desk.dictate()
        desk.say()
        await desk.until_shown(State.ERROR)
        desk.keyboard.unplug_after(3)
        desk.say()
        await desk.until_shown(State.HOST_AWAY)
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        await desk.dictate()
        await desk.until_finished(4)
    assert desk.host.text == "Zebra quagga. Xylophone. Zebra. Quagga."
    assert "Recognised(" in caplog.text
    for word in ("zebra", "quagga", "xylophone"):
        assert word not in caplog.text.lower()
