from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.drive.folder import FolderPlace
from device.errors import DriveError

if TYPE_CHECKING:
    from pathlib import Path


def test_plain_files_are_there_and_nothing_else(tmp_path: Path):
    (tmp_path / "b.saykey").write_bytes(b"b")
    (tmp_path / "A.PUB").write_bytes(b"a")
    (tmp_path / "._b.saykey").touch()
    (tmp_path / "folder.saykey").mkdir()
    (tmp_path / "link.saykey").symlink_to("/etc/passwd")
    place = FolderPlace(tmp_path)
    assert place.files() == ["A.PUB", "b.saykey"]
    with place.open("b.saykey") as stream:
        assert stream.read() == b"b"
    place.done_with("b.saykey")
    assert place.files() == ["A.PUB"]


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path):
    assert FolderPlace(tmp_path / "none").files() == []


def test_what_is_put_is_whole(tmp_path: Path):
    place = FolderPlace(tmp_path)
    place.put("RESULT.TXT", b"first")
    place.put("RESULT.TXT", b"second")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"RESULT.TXT": b"second"}


def test_what_the_disk_refuses_is_said(tmp_path: Path):
    (tmp_path / "file").touch()
    place = FolderPlace(tmp_path / "file")
    with pytest.raises(DriveError, match="cannot be read"):
        place.files()
    with pytest.raises(DriveError, match="cannot be written"):
        place.put("RESULT.TXT", b"")
    with pytest.raises(DriveError, match="cannot be removed"):
        place.done_with("RESULT.TXT")
    with pytest.raises(DriveError, match="cannot be read"), place.open("RESULT.TXT"):
        pass
