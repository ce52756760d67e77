"""Corrections on the drive: there while there are any, and deleted where the owner's computer has them."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from device.corrections.sealed import HEAD_BYTES
from device.corrections.store import Limits
from device.drive.folder import FolderPlace
from device.drive.image import LEAST_BYTES, FatImage
from device.drive.session import serve_drive, take_left_over
from device.drive.take import take
from device.simulation.scripted_button import ScriptedButton
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.virtual_drive import VirtualDrive
from tests.bundles import OWNER, STRANGER, public
from tests.corrections.made import sealed
from tests.drive.fat import drop, is_sound, mtools, names, needs_mtools, read
from tests.parts import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from device.drive.kept import Kept

PLENTY = Limits(1 << 30, 30)


def listed(image: Path) -> list[str]:
    lines = mtools(image, "mdir", "-b", "::/CORRECTIONS").decode().splitlines()
    return sorted(line.removeprefix("::/CORRECTIONS/") for line in lines)


@pytest.fixture
def ours(kept: Kept) -> list[str]:
    """The names of three that are kept."""
    for seed in range(3):
        kept.corrections.add(sealed(seed=seed), PLENTY)
    return [each.name for each in kept.corrections.kept()]


@needs_mtools
def test_they_are_on_the_drive_as_they_are_with_no_more_than_their_day(kept, ours):
    image = kept.make_image().path
    assert listed(image) == sorted(ours)
    assert is_sound(image)
    for each in kept.corrections.kept():
        assert mtools(image, "mtype", f"::/CORRECTIONS/{each.name}") == kept.corrections.read(each)
    lines = mtools(image, "mdir", "::/CORRECTIONS").decode().splitlines()
    hours = {re.search(r"(\d+:\d\d)  ", line)[1] for line in lines if line.endswith(".sealed")}
    assert len(hours) == 1  # midnight in UTC, whatever that is here
    assert next(iter(hours)).endswith((":00", ":15", ":30", ":45"))
    assert "CORRECTIONS/" in names(image)
    assert "CORRECTIONS" not in FatImage(image).files()


@needs_mtools
def test_without_any_there_is_no_folder(kept):
    assert "CORRECTIONS/" not in names(kept.make_image().path)


@needs_mtools
def test_they_leave_room_for_a_model_the_oldest_first(kept, monkeypatch):
    monkeypatch.setattr("device.drive.kept.size_for", lambda _: LEAST_BYTES)
    kept.corrections.folder.mkdir(parents=True)
    for number in range(1, 6):
        file = kept.corrections.folder / f"2026-01-0{number}-{'0' * 32}.sealed"
        with file.open("wb") as sparse:
            sparse.truncate(5_000_000)
    assert [name[:10] for name in listed(kept.make_image().path)] == [
        f"2026-01-0{number}" for number in (1, 2, 3)
    ]


@needs_mtools
def test_those_of_a_former_key_leave_their_room_to_those_of_the_owner(kept, monkeypatch):
    monkeypatch.setattr("device.drive.kept.size_for", lambda _: LEAST_BYTES)
    kept.corrections.folder.mkdir(parents=True)
    for number, pair in enumerate((STRANGER, STRANGER, STRANGER, OWNER, OWNER), 1):
        file = kept.corrections.folder / f"2026-01-0{number}-{'0' * 32}.sealed"
        with file.open("wb") as sparse:
            sparse.write(sealed(pair=pair)[:HEAD_BYTES])
            sparse.truncate(5_000_000)
    kept.trust.trust(public(OWNER))
    assert [name[:10] for name in listed(kept.make_image().path)] == [
        "2026-01-01",
        "2026-01-04",
        "2026-01-05",
    ]
    kept.trust._file.write_bytes(b"?")  # it costs nothing but the order
    assert [name[:10] for name in listed(kept.make_image().path)] == [
        f"2026-01-0{number}" for number in (1, 2, 3)
    ]


@needs_mtools
def test_where_they_cannot_be_put_the_drive_is_there_all_the_same(kept, ours, monkeypatch, caplog):
    monkeypatch.setattr("device.drive.kept._CORRECTIONS_SHARE", 2.0)
    file = kept.corrections.folder / f"2026-01-01-{'0' * 32}.sealed"
    with file.open("wb") as sparse:
        sparse.truncate(LEAST_BYTES + 1)
    monkeypatch.setattr("device.drive.kept.size_for", lambda _: LEAST_BYTES)
    assert "INFO.TXT" in names(kept.make_image().path)
    assert "no corrections are on the drive" in caplog.text


def test_what_was_collected_is_deleted_and_nothing_else(tmp_path, kept, ours):
    place = tmp_path / "dropped"
    place.mkdir()
    words = f"{ours[0]}\r\n{ours[2]}\r\n2026-01-31-{'0' * 32}.sealed\r\n../owner.pub\r\n"
    (place / "COLLECTED.TXT").write_text(words, newline="")
    taken = take(FolderPlace(place), kept, lambda _: False, lambda *_: None)
    assert taken.result == b"2 corrections collected, and deleted here.\r\nfile: COLLECTED.TXT\r\n"
    assert [each.name for each in kept.corrections.kept()] == [ours[1]]
    assert list(place.iterdir()) == []


def test_what_cannot_be_deleted_is_said(tmp_path, kept, ours, monkeypatch):
    place = tmp_path / "dropped"
    place.mkdir()
    (place / "COLLECTED.TXT").write_text(ours[0])

    def refuse(_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(kept.corrections, "remove", refuse)
    taken = take(FolderPlace(place), kept, lambda _: False, lambda *_: None)
    assert taken.has_failed
    assert "could not be deleted: Read-only file system." in taken.result.decode()


@needs_mtools
async def test_a_computer_collects_and_sees_them_gone(kept, ours):
    seen = []

    def use(image: Path) -> bool:
        seen.append((listed(image) if "CORRECTIONS/" in names(image) else [], names(image)))
        if len(seen) == 1:
            drop(image, "COLLECTED.TXT", "\r\n".join(ours).encode())
        elif len(seen) == 2:
            assert read(image, "RESULT.TXT").startswith("3 corrections collected")
        return True

    async with asyncio.timeout(PATIENCE_S):
        await serve_drive(VirtualDrive(use), kept, ScriptedButton(), SilentIndicator(), asyncio.Event())
    assert [there for there, _ in seen] == [sorted(ours), []]
    assert "COLLECTED.TXT" not in seen[1][1]
    assert kept.corrections.kept() == []


@needs_mtools
async def test_what_a_cable_that_was_pulled_left_is_done_at_the_next_start(kept, ours):
    drop(kept.make_image().path, "COLLECTED.TXT", ours[0].encode())
    await take_left_over(VirtualDrive(bool), kept, ScriptedButton(), SilentIndicator(), asks=False)
    assert len(kept.corrections.kept()) == 2
    assert not kept.image.exists()
