"""Files that others write at the same time, and that a writer leaves half written when it is killed."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from device.models import files
from device.models.files import replace_file
from tests.packages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# It has written all, and waits before it gives the file its name.
SCRIPT = """
import os, sys
from pathlib import Path
from device.models.files import replace_file

def wait(_):
    os.fsync = lambda _: None
    print(flush=True)
    sys.stdin.readline()

os.fsync = wait
replace_file(Path(sys.argv[1]), b"first")
"""


@contextmanager
def writing(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have another process at work on a file for the block."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as writer:
        writer.stdout.readline()
        yield writer


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_of_two_that_write_a_file_at_once_the_last_one_counts(tmp_path: Path):
    file = tmp_path / "owner.pub"
    with writing(file) as writer:
        replace_file(file, b"second")
        assert file.read_bytes() == b"second"
        writer.communicate(b"\n")
    assert writer.returncode == 0
    assert file.read_bytes() == b"first"
    assert names(tmp_path) == ["owner.pub"]


def test_what_a_killed_writer_has_left_goes_with_the_next(tmp_path: Path):
    file = tmp_path / ".starts"
    with writing(file) as writer:
        writer.kill()
    assert len(names(tmp_path)) == 1
    replace_file(file, b"second")
    assert names(tmp_path) == [".starts"]


def test_what_was_swept_before_it_was_locked_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "host.json"

    def flock(*arguments: int) -> None:
        monkeypatch.undo()
        next(tmp_path.glob(".host.json.*.new")).unlink()
        real(*arguments)

    real = fcntl.flock
    monkeypatch.setattr(files.fcntl, "flock", flock)
    replace_file(file, b"all of it")
    assert file.read_bytes() == b"all of it"
    assert names(tmp_path) == ["host.json"]


def test_on_a_file_system_without_locks_it_is_written_too_and_no_other_writer_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    file = tmp_path / "host.json"
    with writing(file) as writer:
        monkeypatch.setattr(files.fcntl, "flock", flock)
        replace_file(file, b"second")
        assert file.read_bytes() == b"second"
        writer.communicate(b"\n")
    assert writer.returncode == 0
    assert names(tmp_path) == ["host.json"]


def test_what_cannot_take_its_place_is_not_left(tmp_path: Path):
    (tmp_path / "host.json").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "host.json", b"{}")
    assert names(tmp_path) == ["host.json"]
