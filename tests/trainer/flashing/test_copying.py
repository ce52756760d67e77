from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.bundles import bundle, public
from tests.trainer.flashing.made import parcel
from trainer.errors import FlashError
from trainer.flashing.copying import put
from trainer.progress import silent


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "drive"
    folder.mkdir()
    (folder / "INFO.TXT").write_text("Saykey\n")
    return folder


def names(folder):
    return {file.name for file in folder.iterdir()}


def test_what_is_copied_is_the_bundle_and_how_much_is_told(tmp_path, folder):
    sent = parcel(tmp_path)
    sent.file.write_bytes(bundle() + bytes(3_000_000))  # blocks; what is in them is for the device to judge
    size = sent.file.stat().st_size
    shown = []
    target = put(
        type(sent)(sent.file, sent.name, sent.id, size, sent.signer, sent.key),
        folder,
        with_key=True,
        report=lambda _what, done: shown.append(done),
    )
    assert target == folder / "anna.saykey"
    assert target.read_bytes() == sent.file.read_bytes()
    assert shown == sorted(shown)
    assert len(shown) == 4
    assert shown[-1] == 1
    assert (folder / "SAYKEY.PUB").read_bytes() == public().content


def test_while_it_is_copied_its_name_is_one_that_the_device_passes_over(tmp_path, folder):
    (folder / "anna.saykey").write_bytes(b"from before")
    seen = []
    put(parcel(tmp_path), folder, with_key=False, report=lambda _what, _done: seen.append(names(folder)))
    assert [{name for name in each if not name.startswith(".")} for each in seen] == [{"INFO.TXT"}] * len(
        seen
    )
    assert names(folder) == {"INFO.TXT", "anna.saykey"}


def test_too_little_room_is_said_before_anything_is_copied(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5_000))
    with pytest.raises(FlashError, match=r"no room for anna.saykey \(0 MB free, 0 MB needed\)"):
        put(parcel(tmp_path), folder, with_key=False, report=silent)
    assert names(folder) == {"INFO.TXT"}


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "has no room for anna.saykey: remove"),
        (errno.EIO, "plug the device or the card in again"),
    ],
)
def test_a_disk_that_fails_under_way_keeps_nothing_of_it(tmp_path, folder, monkeypatch, number, message):
    def fail(_descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FlashError, match=message):
        put(parcel(tmp_path), folder, with_key=False, report=silent)
    assert names(folder) == {"INFO.TXT"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_a_full_disk_is_told_by_the_kernel_too(tmp_path, folder):
    def fill(_what, _done):
        new = folder / ".anna.saykey.partial"
        new.unlink()
        new.symlink_to("/dev/full")

    with pytest.raises(FlashError, match=r"has no room for anna\.saykey: remove"):
        put(parcel(tmp_path), folder, with_key=False, report=fill)
    assert names(folder) == {"INFO.TXT"}


def test_other_bundles_from_before_go_for_a_device_takes_none_of_two(tmp_path, folder):
    for name in ("bob.saykey", "OLD.SAYKEY", ".bob.saykey.partial", "RESULT.TXT", "SAYKEY.TOML"):
        (folder / name).write_bytes(b"from before")
    put(parcel(tmp_path), folder, with_key=False, report=silent)
    assert names(folder) == {"INFO.TXT", "SAYKEY.TOML", "anna.saykey"}


def test_a_bundle_that_lies_where_it_would_be_copied_to_stays(tmp_path, folder):
    sent = parcel(folder)
    with pytest.raises(FlashError, match=r"made\.saykey is there already: move it"):
        put(sent, folder, with_key=False, report=silent)
    assert names(folder) == {"INFO.TXT", "made.saykey"}
