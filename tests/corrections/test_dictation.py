"""The whole path: what is said, taken back and said again, and what of it is on the disk and in memory."""

from __future__ import annotations

import gc
import tempfile
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from device.corrections.content import decode
from device.corrections.keeper import Corrections
from device.corrections.sealed import unseal
from device.corrections.store import Limits, Store
from device.corrections.watch import Heard
from device.errors import SaykeyError
from device.models.trust import Trust
from device.ports import State
from device.settings import CorrectionsSettings
from tests.bundles import OWNER, public
from tests.corrections.made import MISHEARD, OTHER, SAID, secret
from tests.parts import Desk, TimedButton, with_button

if TYPE_CHECKING:
    from pathlib import Path

GESTURES = with_button(double_press="undo", triple_press="forget_corrections")

PLENTY = Limits(1 << 30, 30)
ON, OFF = CorrectionsSettings(keep=True), CorrectionsSettings()


class KeepingDesk(Desk):
    """A desk whose device keeps corrections, or not; press twice to take back, three times to delete all."""

    def __init__(self, state, *script, keeps=ON, trusts=True, settings=GESTURES):
        self.store, trust = Store(state / "corrections"), Trust(state / "owner.pub")
        if trusts:
            trust.trust(public(OWNER))
        self.corrections = corrections = Corrections(keeps, store=self.store, trust=trust)
        super().__init__(*script, settings=settings, button=TimedButton(), corrections=corrections)

    async def __aenter__(self):
        await self.corrections.start()
        return await super().__aenter__()

    async def gesture(self, presses):
        self.button.taps(presses)
        self.button.rest()
        await self.acted()
        await self.until(
            lambda: self.indicator.states[-1] not in {State.TYPING, State.LISTENING, State.RECOGNISING}
        )

    async def undo(self):
        await self.gesture(2)

    async def forget(self):
        await self.gesture(3)
        await self.dictation._switching._forgetting

    @property
    def kept(self):
        return [decode(unseal(self.store.read(each), secret())) for each in self.store.kept()]


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


async def test_what_is_taken_back_and_said_again_is_one_correction_with_the_final_text(state):
    async with KeepingDesk(state, MISHEARD, SAID, OTHER) as desk:
        await desk.dictate()
        await desk.undo()
        await desk.dictate()
        await desk.dictate()
    (correction,) = desk.kept
    assert correction.text == SAID
    assert len(correction.undone) == 1
    assert correction.stays


async def test_something_else_is_none(state):
    async with KeepingDesk(state, MISHEARD, OTHER, SAID) as desk:
        await desk.dictate()
        await desk.undo()
        await desk.dictate()
        await desk.dictate()
    assert not desk.store.folder.exists()


async def test_nor_is_what_was_not_taken_back(state):
    async with KeepingDesk(state, MISHEARD, SAID, OTHER) as desk:
        for _ in range(3):
            await desk.dictate()
    assert not desk.store.folder.exists()


async def test_the_sound_of_what_was_recognised_in_part_is_not_kept_with_that_part(state):
    error = SaykeyError("No memory.")
    in_part = (SAID, error)
    async with KeepingDesk(state, MISHEARD, in_part, in_part, OTHER) as desk:
        await desk.dictate()
        await desk.undo()
        desk.recogniser.next_piece.release(2)
        desk.say()
        await desk.until(lambda: "press the button" in desk.indicator.shown[-1][1])
        await desk.say_and_finish(3)
    assert not desk.store.folder.exists()


async def test_several_tries_are_one_correction(state):
    async with KeepingDesk(state, MISHEARD, "I scream for eyes cream.", SAID, OTHER) as desk:
        for _ in range(2):
            await desk.dictate()
            await desk.undo()
        await desk.dictate()
        await desk.dictate()
    (correction,) = desk.kept
    assert (correction.text, len(correction.undone)) == (SAID, 2)


async def test_what_is_taken_back_while_it_is_recognised_counts(state):
    async with KeepingDesk(state, MISHEARD, SAID, OTHER) as desk:
        desk.recogniser.gate.clear()
        desk.say()
        await desk.until_recognising(1)
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.recogniser.gate.set()
        await desk.until_finished(1)
        await desk.dictate()
        await desk.dictate()
    assert [each.text for each in desk.kept] == [SAID]


async def test_what_is_taken_back_while_it_is_typed_counts(state):
    async with KeepingDesk(state, MISHEARD, SAID, OTHER) as desk:
        desk.keyboard.brake_after(8)
        desk.say()
        await desk.until_braked()
        desk.button.taps(2)
        desk.button.rest()
        await desk.acted()
        desk.keyboard.go_on()
        await desk.until_finished(1)
        await desk.until_typed("")
        await desk.until_shown(State.IDLE)
        await desk.dictate()
        await desk.dictate()
    assert [each.text for each in desk.kept] == [SAID]


async def test_one_gesture_deletes_all_and_says_so(state):
    async with KeepingDesk(state, MISHEARD, SAID, OTHER, MISHEARD) as desk:
        await desk.dictate()
        await desk.undo()
        await desk.dictate()
        await desk.dictate()
        await desk.dictate()
        await desk.undo()
        await desk.forget()
        assert not desk.store.folder.exists()
        assert (State.IDLE, "deleted: 1 correction") in desk.indicator.shown
        assert desk.dictation._corrections._watch.held == 0
    assert not desk.store.folder.exists()


async def test_a_long_press_in_silence_deletes_all_too(state):
    settings = with_button(long_press="forget_corrections", long_press_s=3.0)
    state.mkdir()
    Store(state / "corrections").add(b"kept before", PLENTY)
    async with KeepingDesk(state, SAID, settings=settings) as desk:
        desk.button.press()
        desk.microphone.hear(3)
        desk.button.rest(3.5)
        await desk.acted()
        await desk.dictation._switching._forgetting
        assert not desk.store.folder.exists()
        desk.button.release()
        await desk.acted()
        assert (await desk.dictate()).text == SAID


async def test_with_a_word_it_is_a_dictation(state):
    settings = with_button(long_press="forget_corrections", long_press_s=3.0)
    state.mkdir()
    Store(state / "corrections").add(b"kept before", PLENTY)
    async with KeepingDesk(state, SAID, settings=settings) as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.rest(3.5)
        desk.button.release()
        desk.microphone.hear(3)
        await desk.until_finished(1)
        assert desk.dictation._switching._forgetting is None
        assert len(desk.store.kept()) == 1
    assert desk.finished[0].text == SAID


def _files(*folders: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("keeps", "trusts"), [(OFF, True), (OFF, False), (ON, False)], ids=["off", "off, no key", "no key"]
)
async def test_nothing_is_on_the_disk_or_held_unless_it_is_enabled(
    state, tmp_path, monkeypatch, keeps, trusts
):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.chdir(temporary)
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    state.mkdir()
    desk = KeepingDesk(state, MISHEARD, SAID, OTHER, MISHEARD, keeps=keeps, trusts=trusts)
    before = _files(state, temporary)
    folders = sorted(tmp_path.rglob("*"))
    async with desk:
        await desk.dictate()
        await desk.undo()
        await desk.dictate()
        await desk.dictate()
        await desk.dictate()
        await desk.undo()
        assert not [each for each in gc.get_objects() if type(each) is Heard]
    assert _files(state, temporary) == before
    assert sorted(tmp_path.rglob("*")) == folders


async def test_without_any_the_default_settings_keep_nothing(state, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    settings = replace(GESTURES, corrections=ON)
    async with Desk(MISHEARD, settings=settings, button=TimedButton()) as desk:
        await desk.dictate()
        assert desk.dictation._corrections._watch is None
    assert not state.exists()
