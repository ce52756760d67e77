from __future__ import annotations

import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drive import image as image_module
from device.drive.image import LEAST_BYTES, MOST_BYTES, FatImage, size_for
from device.errors import DriveError
from tests.drive.fat import drop, is_sound, mtools, needs_mtools, read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_mtools

MIB = 1 << 20


@pytest.fixture
def image(tmp_path: Path) -> FatImage:
    return FatImage.make(tmp_path / "drive.img", LEAST_BYTES)


def content(image: FatImage, name: str) -> bytes:
    with image.open(name) as stream:
        return stream.read()


# The file system.


@pytest.mark.parametrize("size", [LEAST_BYTES, 128 * MIB, 255 * MIB, 256 * MIB, 257 * MIB, MOST_BYTES])
def test_every_size_is_a_sound_fat16_that_takes_no_room(tmp_path: Path, size: int):
    file = FatImage.make(tmp_path / "drive.img", size).path
    assert is_sound(file)
    assert file.stat().st_size == size
    assert file.stat().st_blocks * 512 < MIB
    about = mtools(file, "minfo", "::").decode()
    assert 'disk type="FAT16   "' in about
    assert 'disk label="SAYKEY     "' in about


@pytest.mark.parametrize(
    ("free", "size"),
    [(2 * LEAST_BYTES, LEAST_BYTES), (300 * MIB + 5, 150 * MIB), (10 << 30, MOST_BYTES)],
)
def test_it_takes_at_most_half_of_what_is_free(free: int, size: int):
    assert size_for(free) == size


def test_too_little_room_is_told_in_numbers():
    with pytest.raises(DriveError, match="35 MB are missing"):
        size_for(100_000_000)


def test_an_image_that_was_there_is_replaced(image: FatImage):
    drop(image.path, "old.txt", b"old")
    assert FatImage.make(image.path, LEAST_BYTES).files() == []


# Its files.


def test_what_a_computer_drops_is_listed_and_read(image: FatImage):
    assert image.files() == []
    drop(image.path, "anna's model.saykey", b"\0\r\n\x1a" * 50_000)
    drop(image.path, "SAYKEY.PUB", b"key")
    assert image.files() == ["SAYKEY.PUB", "anna's model.saykey"]
    assert content(image, "anna's model.saykey") == b"\0\r\n\x1a" * 50_000
    assert content(image, "saykey.pub") == b"key"


def test_folders_and_what_other_systems_hide_are_not_there(image: FatImage):
    mtools(image.path, "mmd", "::/System Volume Information", "::/folder.saykey")
    for name in ("._anna.saykey", ".DS_Store"):
        drop(image.path, name, b"x")
    drop(image.path, "secret.saykey", b"x")
    mtools(image.path, "mattrib", "+h", "::/secret.saykey")
    assert image.files() == []


def test_what_is_put_is_what_a_computer_reads(image: FatImage):
    image.put("RESULT.TXT", b"first, which is longer")
    image.put("RESULT.TXT", b"second")
    assert read(image.path, "RESULT.TXT") == "second"
    assert is_sound(image.path)


def test_no_room_is_said(image: FatImage):
    with pytest.raises(DriveError, match=r"mcopy failed \(.*full"):
        image.put("large", bytes(LEAST_BYTES))


def test_who_stops_reading_leaves_nothing_behind(image: FatImage):
    drop(image.path, "large.saykey", bytes(20 * MIB))
    with image.open("large.saykey") as stream:
        assert stream.read(512) == bytes(512)
    assert content(image, "large.saykey") == bytes(20 * MIB)


def test_a_file_that_is_gone_is_said(image: FatImage):
    with pytest.raises(DriveError, match=r"a\.saykey cannot be read \(.*not found"):
        content(image, "a.saykey")


# Names.


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=40))
def test_a_name_is_that_of_one_file_or_refused(many: FatImage, name: str):
    """No name is a pattern that others match, an option, a path or an end of the line."""
    with pytest.raises(DriveError):
        content(many, name)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> FatImage:
    image = FatImage.make(tmp_path_factory.mktemp("fat") / "drive.img", LEAST_BYTES)
    for name in ("a.saykey", "b.saykey"):
        drop(image.path, name, b"x")
    return image


@given(st.text(st.sampled_from("aZ09-_.,;+=@#$%&'(){}~!^` üß漢"), min_size=1, max_size=30))
def test_a_name_that_windows_could_write_is_read_or_refused(tmp_path_factory, name: str):
    image = FatImage.make(tmp_path_factory.mktemp("fat") / "drive.img", LEAST_BYTES)
    drop(image.path, f"x{name}x.saykey", b"content")
    (listed,) = image.files()
    try:
        found = content(image, listed)
    except DriveError:
        found = b"content"
    assert found == b"content"
    shutil.rmtree(image.path.parent)


@pytest.mark.parametrize(
    "name", ["[a].saykey", "a*.saykey", "?.saykey", "a\\b", "a\nb", "::/a.saykey", "\u202e", ".", ".."]
)
def test_an_odd_name_is_to_be_changed(image: FatImage, name: str):
    drop(image.path, "a.saykey", b"x")
    with pytest.raises(DriveError, match="rename it"):
        content(image, name)


# What a host may leave.


def test_a_file_system_of_another_kind_is_said(image: FatImage):
    with image.path.open("r+b") as file:
        file.write(b"\xeb\x52\x90NTFS    " + bytes(4096))
    with pytest.raises(DriveError, match="no FAT file system any more"):
        image.files()


def test_a_broken_chain_of_clusters_is_no_whole_file(image: FatImage):
    drop(image.path, "a.saykey", bytes(8192))
    with image.path.open("r+b") as file:
        file.seek(512)
        table = bytearray(file.read(64))
        # The first FAT, 16 bits each: the file's second cluster leads to one that cannot be.
        table[6:8] = b"\xf5\xff"
        for start in (512, 512 + 255 * 512):
            file.seek(start)
            file.write(table)
    assert not is_sound(image.path)
    with pytest.raises(DriveError, match=r"a\.saykey cannot be read"):
        content(image, "a.saykey")


def test_without_mtools_it_says_what_to_install(image: FatImage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(image_module._ENVIRONMENT, "PATH", "/nowhere")
    for act in (image.files, lambda: content(image, "a"), lambda: FatImage.make(image.path, LEAST_BYTES)):
        with pytest.raises(DriveError, match="install mtools"):
            act()


def test_a_program_that_hangs_is_ended(image: FatImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "mdir"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setitem(image_module._ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(image_module, "_PATIENCE_S", 0.2)
    with pytest.raises(DriveError, match="mdir took more than"):
        image.files()


def test_a_program_is_given_little_memory_and_time(
    image: FatImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = tmp_path / "mdir"
    program.write_text('#!/bin/sh\necho "::/$(ulimit -v)-$(ulimit -t)"\n')
    program.chmod(0o755)
    monkeypatch.setitem(image_module._ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")
    assert image.files() == [f"{128 << 10}-60"]


def test_no_room_for_what_is_to_be_copied_is_said(image: FatImage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(DriveError, match="cannot be written"):
        image.put("RESULT.TXT", b"x")


def test_a_disk_that_refuses_is_said(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(DriveError, match="cannot be made"):
        FatImage.make(tmp_path / "file" / "drive.img", LEAST_BYTES)
    assert subprocess.run(["ls", tmp_path], capture_output=True, check=True).stdout == b"file\n"
