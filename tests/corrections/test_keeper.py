"""What becomes of what was taken back and said again: through the thread, onto the disk, or nowhere."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import threading
from datetime import date
from typing import TYPE_CHECKING

import pytest

from device.corrections.content import decode
from device.corrections.days import Seen
from device.corrections.keeper import Corrections
from device.corrections.sealed import unseal
from device.corrections.store import Store
from device.corrections.watch import AGAIN_WITHIN_S, LONGEST_S, UNDONE_WITHIN_S, Heard
from device.errors import CorrectionError
from device.models.trust import Trust
from device.recordings import Recorded
from device.settings import CorrectionsSettings
from tests.bundles import OWNER, STRANGER, public
from tests.corrections.made import MISHEARD, OTHER, SAID, recording, secret
from tests.parts import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

KEEP = CorrectionsSettings(keep=True)


class Device:
    """A device whose clock is the test's."""

    def __init__(self, folder: Path, settings: CorrectionsSettings = KEEP) -> None:
        self.store, self.trust = Store(folder / "corrections"), Trust(folder / "owner.pub")
        self.settings = settings
        self.now_s = 1000.0
        self.count = 0

    async def restart(self) -> None:
        self.corrections = Corrections(
            self.settings, store=self.store, trust=self.trust, clock=lambda: self.now_s
        )
        await self.corrections.start()

    @classmethod
    async def started(cls, folder: Path, settings: CorrectionsSettings = KEEP) -> Device:
        device = cls(folder, settings)
        await device.restart()
        return device

    def say(self, text: str, length_s: float = 2.0) -> None:
        self.count += 1
        self.now_s += length_s
        self.corrections.recorded(self.count, Recorded(recording(length_s, seed=self.count), self.now_s))
        self.corrections.typed(self.count, text, is_pure=True)

    def undo(self) -> None:
        self.corrections.taken_back(self.count)

    def correct(self, text: str = SAID, instead_of: str = MISHEARD) -> None:
        """Take something back, say it again, and let it stay."""
        self.say(instead_of)
        self.undo()
        self.say(text)
        self.say(OTHER)

    async def written(self) -> None:
        """Wait until all that is certain is written."""
        await asyncio.wrap_future(self.corrections._writer.submit(int))

    @property
    def texts(self) -> list[str]:
        """What the owner reads."""
        return [decode(unseal(self.store.read(each), secret())).text for each in self.store.kept()]


@pytest.fixture
async def device(tmp_path):
    device = Device(tmp_path)
    device.trust.trust(public(OWNER))
    await device.restart()
    yield device
    await device.corrections.stop()


async def test_what_was_said_again_is_kept_for_the_owner(device):
    device.correct()
    await device.corrections.stop()
    (kept,) = device.store.kept()
    correction = decode(unseal(device.store.read(kept), secret()))
    assert correction.text == SAID
    assert len(correction.undone) == 1
    assert correction.undone[0][:4] == correction.stays[:4] == b"fLaC"
    assert correction.undone[0] != correction.stays
    assert correction.day == kept.day.isoformat()


async def test_something_else_is_not(device):
    device.correct(OTHER)
    await device.corrections.stop()
    assert not device.store.folder.exists()


async def test_the_sound_of_a_command_is_not_kept_as_that_of_the_text(device):
    device.say(MISHEARD)
    device.undo()
    device.count += 1
    device.corrections.recorded(device.count, Recorded(recording(), device.now_s))
    device.corrections.typed(device.count, SAID, is_pure=False)
    device.say(OTHER)
    await device.corrections.stop()
    (kept,) = device.store.kept()
    assert decode(unseal(device.store.read(kept), secret())).stays == b""


async def test_nor_is_it_where_that_was_taken_back(device):
    device.count += 1
    device.corrections.recorded(device.count, Recorded(recording(), device.now_s))
    device.corrections.typed(device.count, MISHEARD, is_pure=False)
    device.undo()
    device.say(SAID)
    device.say(OTHER)
    await device.corrections.stop()
    assert not device.store.folder.exists()


async def test_what_is_not_certain_when_it_stops_is_not_kept(device):
    device.say(MISHEARD)
    device.undo()
    device.say(SAID)
    await device.corrections.stop()
    assert not device.store.folder.exists()


async def test_the_time_is_kept_without_another_dictation(device):
    device.say(MISHEARD)
    device.undo()
    device.say(SAID)
    device.now_s += UNDONE_WITHIN_S
    device.corrections._pass()
    await device.corrections.stop()
    assert device.texts == [SAID]


async def test_a_timer_runs_as_long_as_sound_is_held_and_no_longer(device):
    assert device.corrections._timer is None
    device.say(MISHEARD)
    assert device.corrections._timer
    device.undo()
    device.now_s += AGAIN_WITHIN_S + LONGEST_S
    device.corrections._pass()
    assert device.corrections._timer is None


@pytest.mark.parametrize("trusts", [False, True])
async def test_without_consent_no_sound_is_held(tmp_path, trusts):
    device = await Device.started(tmp_path, CorrectionsSettings())
    if trusts:
        device.trust.trust(public(OWNER))
        await device.restart()
    device.correct()
    assert device.corrections._watch is None
    assert not [each for each in gc.get_objects() if type(each) is Heard]
    await device.corrections.stop()
    assert not device.store.folder.exists()


async def test_nor_without_a_key_and_that_is_said_once(tmp_path, caplog):
    device = await Device.started(tmp_path)
    device.correct()
    assert device.corrections._watch is None
    await device.corrections.stop()
    assert not device.store.folder.exists()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "no owner's key" in caplog.text


async def test_a_damaged_key_disturbs_nobody(tmp_path, caplog):
    (tmp_path / "owner.pub").write_bytes(b"?")
    device = await Device.started(tmp_path)
    device.correct()
    await device.corrections.stop()
    assert not device.store.folder.exists()
    assert "owner.pub is damaged" in caplog.text


async def test_a_key_that_is_forgotten_meanwhile_seals_nothing_more(device):
    device.trust.forget()
    device.correct()
    await device.corrections.stop()
    assert device.store.kept() == []


async def test_another_owner_cannot_read_what_the_first_one_had(device):
    device.correct()
    await device.corrections.stop()
    (kept,) = device.store.kept()
    with pytest.raises(CorrectionError):
        unseal(device.store.read(kept), secret(STRANGER))


# Deleted means gone.


async def test_all_is_deleted_what_is_kept_and_what_is_held(device):
    device.correct()
    await device.written()
    device.say(MISHEARD)
    device.undo()
    device.say(SAID)
    assert await device.corrections.forget() == 1
    device.say(OTHER)
    device.now_s += 600
    device.corrections._pass()
    await device.corrections.stop()
    assert not device.store.folder.exists()


async def test_what_was_on_its_way_to_the_disk_is_not_written_after_that(device, monkeypatch):
    added = []
    monkeypatch.setattr(device.store, "add", lambda *each: added.append(each))
    device.corrections._writer.submit(lambda: None)
    device.corrections._forgotten += 1  # as `forget` does first of all
    certain = _certain(device)
    device.corrections._write(certain, 0)
    assert added == []
    device.corrections._write(certain, 1)
    assert len(added) == 1


def _certain(device):
    watch = device.corrections._watch
    for number, text in enumerate((MISHEARD, SAID), 1):
        watch.recorded(number, recording(), number)
        watch.typed(number, text, number, is_pure=True)
        if number == 1:
            watch.undone(number, number)
    return watch.passed(1000)


async def test_to_turn_it_off_deletes_all_at_the_next_start(device, caplog):
    device.correct()
    await device.corrections.stop()
    assert device.store.kept()
    device.settings = CorrectionsSettings(keep=False)
    with caplog.at_level(logging.INFO):
        await device.restart()
        await device.corrections.stop()
    assert not device.store.folder.exists()
    assert "1 correction deleted, since" in caplog.text


async def test_the_limits_hold_at_the_start(device):
    for text in (SAID, "I scream for ice creams."):
        device.correct(text)
    await device.corrections.stop()
    assert len(device.store.kept()) == 2
    device.settings = CorrectionsSettings(keep=True, max_mb=1)
    big = device.store.folder / f"2026-01-31-{'0' * 32}.sealed"
    big.write_bytes(bytes(900_000))
    await device.restart()
    await device.corrections.stop()
    assert not big.exists()


async def test_the_limits_hold_while_it_runs(device, monkeypatch):
    device.correct()
    await device.written()
    tidied: asyncio.Queue[int] = asyncio.Queue()
    loop, tidy = asyncio.get_running_loop(), device.store.tidy

    def told(limits):
        tidy(limits)
        loop.call_soon_threadsafe(tidied.put_nowait, len(device.store.kept()))

    monkeypatch.setattr("device.corrections.keeper.TIDY_S", 0.01)
    monkeypatch.setattr(device.store, "tidy", told)
    await device.restart()
    async with asyncio.timeout(PATIENCE_S):
        assert [await tidied.get() for _ in range(3)] == [1, 1, 1]
        monkeypatch.setattr(device.store, "_now", lambda: Seen(date(2999, 1, 1), "", 0))
        while await tidied.get():
            pass
    await device.corrections.stop()
    assert device.corrections._next_tidy.cancelled()


async def test_they_hold_without_a_key_too_but_where_nothing_is_wanted_nobody_looks(device):
    device.trust.forget()
    await device.restart()
    await device.corrections.stop()
    assert device.corrections._next_tidy
    device.settings = CorrectionsSettings(keep=False)
    await device.restart()
    await device.corrections.stop()
    assert device.corrections._next_tidy is None


async def test_what_cannot_be_deleted_while_it_runs_is_told_once(device, monkeypatch, caplog):
    def refuse(_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(device.store, "tidy", refuse)
    for _ in range(2):
        device.corrections._tidy_now()
        device.corrections._next_tidy.cancel()
    await device.corrections.stop()
    (record,) = caplog.records
    assert "Read-only file system" in record.getMessage()


async def test_what_cannot_be_deleted_is_told(device, monkeypatch):
    def refuse():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(device.store, "forget", refuse)
    with pytest.raises(CorrectionError, match=r"cannot be emptied .Read-only file system.: check the disk"):
        await device.corrections.forget()


async def test_after_the_end_nothing_can_be_deleted_and_that_is_told(device):
    await device.corrections.stop()
    with pytest.raises(CorrectionError, match="once more"):
        await device.corrections.forget()


# Faults.


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
async def test_a_disk_that_refuses_is_told_once_without_what_was_said(device, monkeypatch, caplog, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number), str(device.store.folder))

    monkeypatch.setattr(device.store, "add", refuse)
    for _ in range(3):
        device.correct()
    await device.corrections.stop()
    (record,) = caplog.records
    assert os.strerror(number) in record.getMessage()
    assert "scream" not in caplog.text
    assert record.exc_info is None


async def test_without_memory_for_a_thread_it_is_written_with_the_next_one(device, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        device.correct()
    await device.written()
    assert device.texts == [SAID]


async def test_whatever_else_goes_wrong_is_told_by_its_name_alone(device, monkeypatch, caplog):
    def fail(_):
        raise ValueError(SAID)

    monkeypatch.setattr("device.corrections.keeper.flac", fail)
    device.correct()
    await device.corrections.stop()
    assert "ValueError" in caplog.text
    assert "scream" not in caplog.text


async def test_a_missing_library_is_told(device, monkeypatch, caplog):
    monkeypatch.setitem(__import__("sys").modules, "nacl.public", None)
    device.correct()
    await device.corrections.stop()
    assert "PyNaCl is missing" in caplog.text
    assert not device.store.folder.exists()
