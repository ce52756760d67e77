from __future__ import annotations

import asyncio
import os
import signal

import numpy as np
import pytest

from device import dictation as dictation_module
from device import hearing
from device import transcriber as transcriber_module
from device.corrections.keeper import Corrections
from device.errors import KeyboardError, SaykeyError
from device.events import StopRequested, Then
from device.ports import State
from device.running import dictate
from device.text import written
from tests.parts import PATIENCE_S, SETTINGS, TAIL, Desk, service_manager, with_button

ERRORS = [SaykeyError("Quiet please."), MemoryError("the last words"), RuntimeError("the last words")]


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Give what was said all the time it wants, so that no stop passes only because its time was over."""
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 10_000.0)


# The microphone.


async def test_a_missing_microphone_is_shown_and_dictation_works_when_it_comes():
    async with Desk("Hello.", present=False) as desk:
        await desk.until_shown(State.ERROR)
        assert "unplugged" in desk.indicator.shown[-1][1]
        desk.tap()
        await desk.acted()
        assert State.LISTENING not in desk.indicator.states
        desk.microphone.come_back()
        await desk.until_shown(State.IDLE)
        await desk.dictate()
    assert desk.host.text == "Hello."


def slow_microphone(*script, settings=SETTINGS):
    """Give a desk whose microphone is being opened."""
    desk = Desk(*script, settings=settings)
    desk.microphone.is_fast = False
    desk.start(desk.dictation.run())
    return desk


async def test_before_the_microphone_is_open_nothing_seems_to_be_recorded():
    desk = slow_microphone("Heard.")
    await desk.until(lambda: desk.indicator.shown)
    desk.say()
    await desk.acted()
    assert desk.indicator.states == [State.STARTING]
    desk.microphone.come_back()
    await desk.until_shown(State.IDLE)
    await desk.dictate()
    assert desk.host.text == "Heard."
    desk.dictation.post(StopRequested())
    await desk.stopped()


@pytest.mark.parametrize("mode", ["hold", "both"])
async def test_who_holds_the_button_until_the_microphone_is_open_is_heard_from_then_on(mode):
    settings = with_button(mode=mode, tap_ms=0, double_press="undo")
    desk = slow_microphone("The rest.", settings=settings)
    await desk.until(lambda: desk.indicator.shown)
    desk.button.press()
    await desk.acted()
    desk.microphone.come_back()
    await desk.until_shown(State.LISTENING)
    desk.microphone.speak()
    desk.button.release()
    desk.microphone.hear(TAIL + 1)
    await desk.until_typed("The rest.")
    desk.dictation.post(StopRequested())
    await desk.stopped()


@pytest.mark.parametrize("then", [Then.DRIVE, Then.RELOAD])
async def test_a_tap_before_the_microphone_is_open_keeps_nothing_from_coming(then):
    desk = slow_microphone()
    await desk.until(lambda: desk.indicator.shown)
    desk.tap()
    desk.dictation.post(StopRequested(then))
    await desk.stopped()
    assert desk.task.result() is then


async def test_what_was_heard_before_the_microphone_was_lost_is_typed():
    async with Desk("Half a", "sentence.") as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.microphone.lose()
        await desk.until_finished(1)
        assert desk.host.text == "Half a"
        await desk.until_shown(State.ERROR)
        desk.button.release()
        desk.microphone.come_back()
        await desk.until_shown(State.IDLE)
        await desk.dictate()
    assert desk.host.text == "Half a sentence."


async def test_a_microphone_lost_in_the_tail_loses_nothing():
    async with Desk("One.", "Two.") as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release()
        desk.microphone.lose()
        await desk.until_finished(1)
        desk.microphone.come_back()
        await desk.dictate()
    assert desk.host.text == "One. Two."


async def test_sound_from_before_the_loss_opens_no_later_recording():
    async with Desk("One.") as desk:
        desk.microphone.speak(5)
        desk.microphone.lose()
        desk.microphone.come_back()
        desk.microphone.hear(1)
        await desk.dictate()
    recording = desk.recogniser.recordings[0]
    np.testing.assert_array_equal(recording.samples, np.concatenate(desk.microphone.heard[5:-1]))


async def test_a_microphone_that_hangs_is_noted_and_one_that_is_lost_is_not(monkeypatch):
    monkeypatch.setattr(hearing, "_SOUND_WITHIN_S", -1.0)
    async with Desk() as desk:
        desk.microphone.hear(1)
        await desk.acted()
        assert desk.dictation.progress.stalled() == ["microphone"]
        desk.microphone.lose()
        await desk.acted()
        assert desk.dictation.progress.stalled() == []


# What listens along.


def fail_once(detector):
    def fail(_):
        del detector.probability
        raise MemoryError("the last words")

    detector.probability = fail


async def test_what_was_said_before_the_detector_fails_is_typed(caplog):
    async with Desk("Before.", "After.") as desk:
        desk.button.press()
        desk.microphone.speak()
        await desk.acted()
        fail_once(desk.detector)
        desk.microphone.hear(1)
        await desk.until_shown(State.ERROR)
        desk.button.release()
        await desk.until_finished(1)
        await desk.dictate()
    assert desk.host.text == "Before. After."
    assert "MemoryError" in caplog.text
    assert "last words" not in caplog.text


async def test_a_detector_that_fails_at_the_press_is_asked_again_at_the_next():
    async with Desk("One.", "Two.") as desk:
        await desk.dictate()
        desk.microphone.hear(1)
        fail_once(desk.detector)
        desk.button.press()
        await desk.until_shown(State.ERROR)
        desk.button.release()
        await desk.dictate()
    assert desk.host.text == "One. Two."


# The keyboard.


async def test_a_tap_ends_the_recording_though_text_waits():
    async with Desk("Hello, host.", "And on.", settings=with_button(mode="toggle")) as desk:
        desk.recogniser.gate.clear()
        desk.tap()
        desk.microphone.speak()
        desk.tap()
        desk.microphone.hear(TAIL)
        await desk.until_recognising(1)
        desk.tap()
        desk.microphone.speak()
        desk.keyboard.unplug_after(5)
        desk.recogniser.gate.set()
        await desk.until(lambda: desk.keyboard.unplugged)
        desk.keyboard.plug_in()
        desk.tap()
        desk.microphone.hear(TAIL)
        await desk.until_recognising(2)
        await desk.until_shown(State.WAITING)
        desk.tap()
        await desk.until_finished(2)
    assert desk.host.text == "Hello, host. And on."


@pytest.mark.parametrize("reports", range(0, 12, 2))
async def test_a_keyboard_lost_in_mid_word_and_back_types_each_character_once(reports):
    async with Desk("Hello, host.", "And on.", "Ever.") as desk:
        desk.keyboard.unplug_after(reports)
        desk.say()
        await desk.until_shown(State.HOST_AWAY)
        before = desk.host.text
        assert "Hello, host.".startswith(before)
        desk.say()  # is kept, too
        await desk.until_recognising(2)
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == before
        desk.tap()
        desk.microphone.hear(TAIL)
        await desk.until(
            lambda: [utterance.number for utterance in desk.finished if utterance.text] == [1, 2]
        )
        assert desk.host.text == "Hello, host. And on."
        await desk.dictate()
    assert desk.host.text == "Hello, host. And on. Ever."


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
async def test_every_press_while_the_host_is_away_is_a_dictation(mode):
    async with Desk("Hello.", "And on.", "Ever.", settings=with_button(mode=mode, tap_ms=60_000)) as desk:
        press, release = (desk.button.press, desk.button.release) if mode == "hold" else (desk.tap, desk.tap)
        desk.keyboard.unplug()
        for dictation in (1, 2, 3):
            press()
            desk.microphone.speak()
            await desk.until_shown(State.LISTENING)
            release()
            desk.microphone.hear(TAIL + 1)
            await desk.until_recognising(dictation)
            await desk.until_shown(State.HOST_AWAY)
        await desk.until(lambda: "characters wait" in desk.indicator.shown[-1][1])
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == ""
        desk.tap()
        desk.microphone.hear(TAIL + 1)
        await desk.until_typed("Hello. And on. Ever.")


async def test_a_host_that_is_away_at_the_start_gets_its_text_at_the_press():
    async with Desk("Hello.", "You.") as desk:
        desk.keyboard.unplug()
        desk.say()
        await desk.until_shown(State.HOST_AWAY)
        desk.tap()  # may have been meant for something else: what is typed later waits for another press
        desk.microphone.hear(TAIL)
        await desk.acted()
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        assert desk.host.text == ""
        await desk.say_and_finish(3)
    assert desk.host.text == "Hello. You."


async def test_a_broken_keyboard_ends_the_device_with_its_reason():
    desk = Desk("Hello.")

    async def broken(_report):
        raise KeyboardError("the gadget is gone")

    desk.keyboard.send = broken
    with pytest.raises(KeyboardError, match="gadget"):
        await desk.dictation.run(ready=desk.say)
    assert desk.keyboard.closed


# The recogniser.


@pytest.mark.parametrize("error", ERRORS, ids=repr)
async def test_what_could_not_be_recognised_once_is_typed_at_the_next_press(error):
    async with Desk(error, "One.", "Two.", "Three.") as desk:
        desk.say()
        await desk.until_shown(State.ERROR)
        assert "last words" not in desk.indicator.shown[-1][1]
        assert desk.finished == []
        await desk.say_and_finish(2)
        assert desk.host.text == "One. Two."
        first, again, _ = desk.recogniser.recordings
        assert first is again
        await desk.dictate()
    assert desk.host.text == "One. Two. Three."


@pytest.mark.parametrize("error", ERRORS, ids=repr)
async def test_what_can_never_be_recognised_does_not_stop_what_follows(error):
    async with Desk(error, error, "Two.", "Three.") as desk:
        desk.say()
        await desk.until_shown(State.ERROR)
        await desk.say_and_finish(2)
        assert desk.host.text == "Two."
        assert "last words" not in desk.finished[0].failure
        assert desk.finished[0].failure
        await desk.dictate()
    assert desk.host.text == "Two. Three."


async def test_the_error_is_shown_until_it_is_tried_again():
    async with Desk(SaykeyError("No memory."), "One.") as desk:
        desk.say()
        await desk.until(lambda: "press the button" in desk.indicator.shown[-1][1])
        assert desk.indicator.shown[-1][0] is State.ERROR
        desk.tap()
        desk.microphone.hear(TAIL)
        await desk.until_finished(2)
    assert desk.host.text == "One."


async def test_a_recogniser_that_hangs_is_noted_until_it_answers(monkeypatch):
    monkeypatch.setattr(transcriber_module, "_STARTUP_S", -1.0)
    monkeypatch.setattr(transcriber_module, "_SLOWEST_RTF", 0.0)
    async with Desk("One.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        assert desk.dictation.progress.stalled() == ["recogniser"]
        desk.recogniser.gate.set()
        await desk.until_finished(1)
        assert desk.dictation.progress.stalled() == []


# The rules for text.


@pytest.mark.parametrize(("rule", "two"), [("understand", "Two new line"), ("write", "two new line")])
async def test_what_the_rules_cannot_write_is_typed_as_it_was_recognised(monkeypatch, caplog, rule, two):
    asked = getattr(written, rule)
    count = 0

    def sometimes(*given, **named):
        nonlocal count
        count += 1
        if count == 2:
            raise ValueError("the last words")
        return asked(*given, **named)

    monkeypatch.setattr(written, rule, sometimes)
    async with Desk("One.", " two  new line", "Three.") as desk:
        for _ in range(3):
            await desk.dictate()
    assert desk.host.text == f"One. {two} Three."
    assert "ValueError" in caplog.text
    assert "last words" not in caplog.text


# The end.


class Daemon(Desk):
    """The path as `saykey run` runs it, ended by signals."""

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self.recogniser.tell = lambda: loop.call_soon_threadsafe(self._changed.set)
        self.start(dictate(self.parts, self.settings))
        await self.until(lambda: self.indicator.shown)
        return self

    async def __aexit__(self, kind, error, traceback):
        self.recogniser.gate.set()
        self.keyboard.go_on()
        if not self.task.done():
            self.terminate()
        await self.stopped()

    def terminate(self):
        os.kill(os.getpid(), signal.SIGTERM)


async def test_sigterm_at_rest():
    async with Daemon("Hello.") as desk:
        desk.say()
        await desk.until_typed("Hello.")
        desk.terminate()
        await desk.stopped()
    assert desk.host.text == "Hello."


async def test_no_memory_for_another_thread_after_a_dictation_ends_nothing(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    async with Daemon("One.", "Two.") as desk:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "run_in_executor", refuse)
            desk.say()
            await desk.until_typed("One.")
            await desk.until_shown(State.IDLE)
        desk.say()
        await desk.until_typed("One. Two.")


async def test_sigterm_before_it_dictates(monkeypatch):
    async def start(_):
        desk.terminate()
        await asyncio.sleep(0.05)

    monkeypatch.setattr(Corrections, "start", start)
    desk = Daemon()
    desk.start(dictate(desk.parts, desk.settings))
    await desk.stopped()


async def test_what_comes_before_it_dictates_is_acted_on():
    desk = Desk("Hello.")
    desk.dictation.post(StopRequested(Then.DRIVE))
    desk.start(desk.dictation.run())
    await desk.stopped()
    assert desk.task.result() is Then.DRIVE


async def test_sigterm_while_listening_types_what_was_said():
    async with Daemon("Hello.") as desk:
        desk.button.press()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.terminate()
        await desk.stopped()
    assert desk.host.text == "Hello."


async def test_sigterm_while_listening_to_nothing():
    async with Daemon() as desk:
        desk.button.press()
        await desk.until_shown(State.LISTENING)
        desk.terminate()
        await desk.stopped()
    assert desk.host.reports[-1:] in ([], [bytes(8)])


async def test_sigterm_while_recognising_types_what_was_said():
    async with Daemon("One.", "Two.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        desk.say()
        await desk.until_recognising(1)
        desk.microphone.lose()  # so that no sound wakes the loop
        desk.terminate()
        desk.recogniser.gate.set()
        await desk.stopped()
    assert desk.host.text == "One. Two."


async def test_sigterm_while_typing_types_to_the_end():
    async with Daemon("Hello, host.") as desk:
        desk.keyboard.brake_after(5)
        desk.say()
        await desk.until_braked()
        desk.microphone.lose()
        desk.terminate()
        desk.keyboard.go_on()
        await desk.stopped()
    assert desk.host.text == "Hello, host."
    assert desk.host.reports[-1] == bytes(8)


@pytest.mark.parametrize(
    ("asked", "then"),
    [
        ([Then.DRIVE, Then.DRIVE, Then.RELOAD], Then.DRIVE),
        ([Then.RELOAD, Then.STOP], Then.STOP),
        ([Then.STOP], Then.STOP),
    ],
)
async def test_whatever_comes_after_it_types_to_the_end_first_unless_it_shall_stop(asked, then):
    async with Desk("Hello, host.") as desk:
        desk.keyboard.brake_after(5)
        desk.say()
        await desk.until_braked()
        for each in asked:
            desk.dictation.post(StopRequested(each))
        desk.keyboard.go_on()
        await desk.stopped()
        assert desk.task.result() is then
    if then is not Then.STOP:
        assert desk.host.text == "Hello, host."


@pytest.mark.parametrize("then", [Then.DRIVE, Then.RELOAD])
async def test_a_command_does_not_cut_short_who_speaks(then, monkeypatch):
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 0.0)
    async with Desk("Hello, host.") as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.dictation.post(StopRequested(then))
        await desk.acted()
        desk.microphone.speak()
        desk.keyboard.brake_after(5)
        desk.button.release()
        desk.microphone.hear(TAIL + 1)
        await desk.until_braked()
        desk.keyboard.go_on()
        await desk.stopped()
        assert desk.task.result() is then
    assert desk.host.text == "Hello, host."
    assert len(desk.finished) == 1


async def test_a_new_model_waits_for_the_text_that_waits_and_the_drive_does_not():
    for then in (Then.RELOAD, Then.DRIVE):
        async with Desk("Hello, host.") as desk:
            desk.keyboard.unplug_after(3)
            desk.say()
            await desk.until_shown(State.HOST_AWAY)
            desk.keyboard.plug_in()
            await desk.until_shown(State.WAITING)
            desk.dictation.post(StopRequested(then))
            if then is Then.RELOAD:
                await desk.acted()
                desk.tap()
                desk.microphone.hear(TAIL + 1)
            await desk.stopped()
            assert desk.task.result() is then
        assert (desk.host.text == "Hello, host.") is (then is Then.RELOAD)


@pytest.mark.parametrize("then", [Then.DRIVE, Then.RELOAD])
async def test_a_command_does_not_wait_for_what_cannot_be_recognised(then):
    async with Desk(MemoryError(), MemoryError()) as desk:
        desk.say()
        await desk.until_shown(State.ERROR)
        desk.dictation.post(StopRequested(then))
        await desk.stopped()
        assert desk.task.result() is then


@pytest.mark.parametrize("then", [Then.DRIVE, Then.RELOAD])
async def test_a_command_loses_nothing_behind_what_could_not_be_recognised(then, monkeypatch):
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 0.0)
    async with Desk(MemoryError(), "One.", "Two.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        desk.say()
        desk.recogniser.gate.set()
        await desk.until_shown(State.ERROR)
        desk.recogniser.gate.clear()
        desk.dictation.post(StopRequested(then))
        await desk.until_recognising(2)
        desk.recogniser.gate.set()
        await desk.stopped()
        assert desk.task.result() is then
    assert desk.host.text == "One. Two."


async def test_sigterm_tries_once_more_what_could_not_be_recognised():
    async with Daemon(MemoryError(), "One.") as desk:
        desk.say()
        await desk.until_shown(State.ERROR)
        desk.terminate()
        await desk.stopped()
    assert desk.host.text == "One."


async def test_sigterm_gives_up_what_can_never_be_recognised(caplog):
    async with Daemon(MemoryError(), MemoryError()) as desk:
        desk.button.press()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        desk.terminate()
        await desk.stopped()
    assert caplog.text.count("dictation 1 could not be recognised: MemoryError") == 2


async def test_sigterm_types_nothing_that_waits_for_the_user(caplog):
    async with Daemon("Hello, host.") as desk:
        desk.keyboard.unplug_after(3)
        desk.say()
        await desk.until_shown(State.HOST_AWAY)
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        typed = desk.host.text
        desk.terminate()
        await desk.stopped()
    assert desk.host.text == typed
    assert "dictations lost: 1" in caplog.text


async def test_a_second_sigterm_stops_at_once():
    async with Daemon("Hello.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        desk.terminate()
        await desk.until_shown(State.RECOGNISING)
        desk.terminate()
        await desk.stopped()
        assert desk.host.text == ""


async def test_a_press_stops_the_typing_after_sigterm_too():
    async with Daemon("Hello, host.") as desk:
        desk.keyboard.brake_after(5)
        desk.say()
        await desk.until_braked()
        desk.terminate()
        await until_stopping()
        desk.button.press()
        desk.keyboard.go_on()
        await desk.stopped()
    assert desk.host.text != "Hello, host."
    assert "Hello, host.".startswith(desk.host.text)


async def until_stopping():
    """Let the loop take a signal that was sent: it comes by a pipe, in one turn."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_recogniser_that_hangs_does_not_keep_the_device_from_stopping(monkeypatch):
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 0.1)
    async with Desk("Hello.") as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        desk.dictation.post(StopRequested())
        await desk.stopped()
        assert desk.finished == []


async def test_a_keyboard_that_hangs_does_not_keep_the_device_from_stopping(monkeypatch):
    monkeypatch.setattr(dictation_module, "STOP_GRACE_S", 0.1)
    async with Desk("Hello.") as desk:
        desk.keyboard.brake_after(0)
        desk.say()
        await desk.until_braked()
        desk.dictation.post(StopRequested())
        await desk.stopped()
        assert desk.host.text == ""


async def test_a_button_that_cannot_be_watched_ends_the_device_with_its_reason():
    desk = Desk()

    def refuse(_post):
        raise SaykeyError("no such pin")

    desk.button.start = refuse
    with pytest.raises(SaykeyError, match="pin"):
        await desk.dictation.run()
    assert desk.keyboard.closed


# The service manager.


async def test_the_watchdog_is_fed_only_while_there_is_progress(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.setattr(transcriber_module, "_STARTUP_S", -1.0)
    monkeypatch.setattr(transcriber_module, "_SLOWEST_RTF", 0.0)
    with service_manager(tmp_path, monkeypatch) as manager:
        async with Daemon("Hello.") as desk:
            while (told := await manager.next()) != "READY=1":
                assert told == "WATCHDOG=1"
            assert await manager.next() == "WATCHDOG=1"
            desk.recogniser.gate.clear()
            desk.say()
            await desk.until_recognising(1)
            manager.drain()
            async with asyncio.timeout(PATIENCE_S):
                while caplog.text.count("no progress: recogniser") < 3:  # noqa: ASYNC110  a log tells nobody
                    await asyncio.sleep(0.01)
            assert manager.drain() == []
            desk.recogniser.gate.set()
            await desk.until_typed("Hello.")
            assert await manager.next() == "WATCHDOG=1"
            desk.terminate()
            await desk.stopped()
            assert manager.drain()[-1] == "STOPPING=1"
        assert desk.host.text == "Hello."


async def test_without_a_service_manager_nothing_is_missed(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    async with Daemon("Hello.") as desk:
        desk.say()
        await desk.until_typed("Hello.")
    assert desk.host.text == "Hello."
