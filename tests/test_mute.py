"""The mute, through the whole path: while it is on, the microphone is closed and nothing is recorded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from unittest.mock import AsyncMock

import numpy as np
import pytest
from msgspec.structs import replace as changed

from device import mute
from device.audio.sound import WINDOW
from device.buttons import Buttons
from device.events import StopRequested
from device.gestures import Gesture
from device.mute import Mute
from device.ports import State
from tests.parts import PATIENCE_S, SPOKEN, TAIL, Desk, TimedButton, with_button
from tests.switchboard import HostsDesk


class MuteDesk(Desk):
    """A desk with a button for the mute."""

    def __init__(self, *script, settings=None, mute=None):
        self.switch = TimedButton()
        super().__init__(
            *script, settings=settings or with_button(debounce_ms=25), button=TimedButton(), mute=mute
        )

    @property
    def parts(self):
        parts = super().parts
        return replace(parts, button=Buttons(parts.button, {Gesture.MUTE: self.switch}))

    async def mute_by_button(self):
        """Press the button, and wait until the microphone is closed."""
        self.switch.tap()
        await self.until_history("open", "close")

    async def until_shown_first(self):
        """Wait until anything is shown at all."""
        await self.until(lambda: self.indicator.shown)

    async def until_history(self, *moves):
        """Wait until the microphone was opened and closed so, and that was noticed."""
        async with asyncio.timeout(PATIENCE_S):
            while self.microphone.history != list(moves) or self.dictation._hearing._microphone._closing:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0)


async def test_a_press_closes_the_microphone_and_another_one_opens_it():
    async with MuteDesk("Hello.") as desk:
        await desk.mute_by_button()
        assert desk.mute.is_on
        desk.switch.tap()
        await desk.until_history("open", "close", "open")
        await desk.until_shown(State.IDLE)
        assert not desk.mute.is_on
        await desk.dictate()
    assert desk.host.text == "Hello."


async def test_a_muted_device_says_so_at_the_press_and_records_nothing():
    async with MuteDesk() as desk:
        await desk.mute_by_button()
        desk.button.press()
        await desk.until(lambda: desk.indicator.shown[-1] == (State.MUTED, "nothing is recorded"))
        desk.button.release()
        await desk.until(lambda: desk.indicator.shown[-1] == (State.MUTED, ""))
        assert State.LISTENING not in desk.indicator.states
        assert not desk.recogniser.recordings
        assert not desk.finished


async def test_what_is_being_said_when_the_mute_begins_is_thrown_away():
    async with MuteDesk("After.") as desk:
        desk.button.press()
        desk.microphone.speak()
        await desk.until_shown(State.LISTENING)
        await desk.mute_by_button()
        desk.button.release()
        desk.switch.tap()
        await desk.until_shown(State.IDLE)
        desk.say()
        await desk.until_finished(1)
        assert len(desk.recogniser.recordings) == 1
    assert desk.host.text == "After."


async def test_what_was_said_before_the_button_came_up_is_typed():
    async with MuteDesk("Before.") as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release()
        desk.switch.tap()  # in the tail
        await desk.until_finished(1)
        await desk.until_history("open", "close")
        await desk.until_typed("Before.")
        await desk.until_shown(State.MUTED)


async def test_what_waits_for_a_double_press_counts_as_said():
    async with MuteDesk("Yes.", settings=with_button(double_press="undo", debounce_ms=25)) as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release(0.2)
        desk.microphone.hear(TAIL + 1)
        await desk.acted()
        assert desk.recogniser.recordings == []
        desk.switch.tap()
        await desk.until_finished(1)
        await desk.until_typed("Yes.")


async def test_what_was_heard_before_the_mute_opens_no_recording_after_it():
    async with MuteDesk("One.") as desk:
        desk.microphone.hear(5, speech=True)
        await desk.mute_by_button()
        desk.switch.tap()
        await desk.until_shown(State.IDLE)
        desk.microphone.hear(1)
        await desk.dictate()
    recording = desk.recogniser.recordings[0]
    np.testing.assert_array_equal(recording.samples, np.concatenate(desk.microphone.heard[5:-1]))


async def test_sound_that_is_still_under_way_does_not_count():
    async with MuteDesk("One.") as desk:
        desk.microphone.closing.clear()  # the sound system takes its time
        desk.switch.tap()
        await desk.until_shown(State.MUTED)
        desk.microphone.hear(3, speech=True)
        desk.switch.tap()  # not muted any more, before it was even closed
        desk.microphone.hear(2, speech=True)
        desk.microphone.closing.set()
        await desk.until_history("open", "close", "open")
        await desk.until_shown(State.IDLE)
        desk.microphone.hear(1)
        await desk.dictate()
    recording = desk.recogniser.recordings[0]
    np.testing.assert_array_equal(recording.samples, np.concatenate(desk.microphone.heard[5:-1]))


async def test_a_muted_device_is_ready_without_a_microphone_and_does_not_open_it():
    async with MuteDesk(mute=_muted()) as desk:
        await desk.until_shown(State.MUTED)
        assert desk.microphone.history == []
        desk.switch.tap()
        await desk.until_shown(State.IDLE)
        assert desk.microphone.history == ["open"]


async def test_a_missing_microphone_is_no_problem_while_it_is_muted():
    async with MuteDesk() as desk:
        desk.microphone.present = False
        desk.microphone.lose()
        await desk.until_shown(State.ERROR)
        await desk.mute_by_button()
        desk.switch.tap()
        await desk.until_shown(State.ERROR)
        assert desk.indicator.shown[-1][1] == "the microphone is unplugged"


async def test_a_muted_microphone_is_not_taken_for_one_that_hangs():
    async with MuteDesk() as desk:
        desk.microphone.hear(1)
        await desk.acted()
        await desk.mute_by_button()
        assert "microphone" not in desk.dictation.progress._deadlines


async def test_text_is_typed_while_it_is_muted_and_the_button_stops_and_resumes_it():
    async with MuteDesk("Hello, host.") as desk:
        desk.keyboard.brake_after(4)
        desk.say()
        await desk.until_braked()
        desk.switch.tap()
        desk.button.press()
        desk.button.release()
        desk.keyboard.go_on()
        await desk.until_history("open", "close")
        await desk.until_shown(State.MUTED)
        assert "characters wait" in desk.indicator.shown[-1][1]
        desk.button.press()
        desk.button.release()
        await desk.until_typed("Hello, host.")


async def test_the_text_that_was_typed_ahead_stays_and_no_more_comes():
    settings = with_button(debounce_ms=25)
    settings = changed(settings, recognition=changed(settings.recognition, type_while_speaking=True))
    async with MuteDesk("Next.", settings=settings) as desk:
        desk.recogniser.ahead = ["Hello there."] * 3
        desk.button.press()
        for _ in range(3):
            desk.microphone.speak(40)
            await desk.recognised()
        await desk.until_typed("Hello there.")
        desk.switch.tap()
        await desk.until_finished(1)
        desk.button.release()
        desk.switch.tap()
        await desk.until_shown(State.IDLE)
        desk.say()
        await desk.until_finished(2)
    assert desk.host.text == "Hello there. Next."


async def test_a_long_press_pairs_while_it_is_muted():
    async with HostsDesk() as desk:
        await desk.dictation.mute(on=True)
        desk.button.press()
        desk.button.rest(9.0)
        await desk.until_shown(State.PAIRING)


async def test_muted_before_the_microphone_is_open_it_is_ready_all_the_same():
    desk = MuteDesk()
    desk.microphone.come_back = lambda: None  # it takes its time
    ready = []
    desk.start(desk.dictation.run(ready=lambda: ready.append("ready")))
    await desk.until_shown_first()
    assert not ready
    await desk.dictation.mute(on=True)
    assert ready == ["ready"]
    desk.dictation.post(StopRequested())
    await desk.stopped()


async def test_asked_by_a_command_it_returns_when_the_microphone_is_closed():
    async with MuteDesk() as desk:
        for _ in range(2):  # twice the same is once
            await desk.dictation.mute(on=True)
            assert desk.microphone.history == ["open", "close"]
        await desk.dictation.mute(on=False)
        await desk.until_history("open", "close", "open")


async def test_without_memory_for_a_thread_it_is_closed_all_the_same(monkeypatch):
    async def refuse(*_):
        raise RuntimeError("can't start new thread")

    async with MuteDesk("Hello.") as desk:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "to_thread", refuse)
            await desk.mute_by_button()
        desk.switch.tap()
        await desk.until_shown(State.IDLE)
        await desk.dictate()
    assert desk.host.text == "Hello."


async def test_a_microphone_without_memory_for_its_thread_is_opened_a_little_later(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(mute, "_RETRY_S", 0.01)
    async with MuteDesk("Hello.") as desk:
        await desk.mute_by_button()
        with monkeypatch.context() as patch:
            patch.setattr(desk.microphone, "start", refuse)
            desk.switch.tap()
            await desk.until_shown(State.ERROR)
            assert "can't start new thread" in desk.indicator.shown[-1][1]
            desk.switch.tap()
            await desk.until_shown(State.MUTED)
            desk.switch.tap()
            await desk.until_shown(State.ERROR)
        await desk.until_shown(State.IDLE)
        await desk.dictate()
    assert desk.microphone.history == ["open", "close", "close", "open", "close"]
    assert desk.host.text == "Hello."


async def test_what_a_microphone_hears_that_cannot_be_closed_is_thrown_away_and_that_is_told():
    def refuse():
        raise OSError("the sound system")

    async with MuteDesk("One.") as desk:
        close, desk.microphone.stop = desk.microphone.stop, refuse
        desk.switch.tap()
        await desk.until_shown(State.ERROR)
        assert desk.indicator.shown[-1][1] == (
            "the microphone cannot be closed (OSError): what it hears is thrown away"
        )
        desk.say()
        await desk.until_shown(State.MUTED)
        desk.microphone.stop = close
        desk.switch.tap()
        await desk.until_shown(State.IDLE)
        desk.microphone.hear(1)
        await desk.dictate()
    assert desk.host.text == "One."
    (recording,) = desk.recogniser.recordings
    assert len(recording.samples) == (1 + SPOKEN + TAIL) * WINDOW


async def test_one_part_that_cannot_be_stopped_keeps_no_other_one_from_it(caplog):
    def refuse():
        raise OSError("the sound system")

    async with MuteDesk() as desk:
        desk.microphone.stop = refuse
    assert desk.keyboard.closed
    assert "the microphone cannot be closed" in caplog.text
    desk = MuteDesk()
    desk.keyboard.close = lambda: (setattr(desk.keyboard, "closed", True), refuse())
    with pytest.raises(OSError, match="sound system"):
        async with desk:
            desk.dictation._corrections.stop = (stopped := AsyncMock())
    stopped.assert_awaited_once()


def _muted() -> Mute:
    mute = Mute()
    mute.turn(on=True)
    return mute


# What is kept.


def test_it_is_kept_where_the_service_has_a_folder(tmp_path):
    file = tmp_path / "muted"
    Mute(file).turn(on=True)
    assert Mute(file).is_on
    Mute(file).turn(on=False)
    assert not Mute(file).is_on
    assert list(tmp_path.iterdir()) == []


def test_without_that_folder_it_holds_until_the_end(tmp_path, caplog):
    mute = Mute(tmp_path / "none" / "muted")
    for on in (True, False, True):
        mute.turn(on=on)
        assert mute.is_on is on
    assert not caplog.records


def test_what_cannot_be_kept_is_told(tmp_path, caplog):
    (tmp_path / "file").touch()
    mute = Mute(tmp_path / "file" / "muted")
    mute.turn(on=True)
    assert mute.is_on
    assert "whether it is muted is forgotten when Saykey ends" in caplog.text
