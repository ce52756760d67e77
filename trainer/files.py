"""Files and folders that are whole on the disk or not there at all, on any system."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from trainer.claim import claimed_place

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRATCH = "saykey-trainer-"

_STALE_S = 3600.0
"""What needs a scratch folder is done within minutes."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a place for a new file; when the block ends well, the file takes the place of `path`.

    Raises:
        OSError: It cannot be written; what was at `path` is still there.
    """
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(exist_ok=False)  # a link that somebody puts there is not followed
    try:
        yield partial
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file of UTF-8 text, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder; when the block ends well, it takes the place of `path`.

    What was at `path` is then gone. Killed between its removal and the new name, there is no `path`, never
    half of one.

    Raises:
        DataError: Another program is writing it.
        OSError: It cannot be written.
    """
    with claimed_place(path):
        partial = path.with_name(f".{path.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            for each in (partial, *partial.rglob("*")):
                sync(each)
            old = path.with_name(f".{path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            if path.exists():
                path.replace(old)
            partial.replace(path)
            sync(path.parent)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """Give an empty folder in the system's temporary one, and remove it behind.

    Those of an hour ago and more are removed with it: nothing but a kill can have left them.

    Raises:
        OSError: It cannot be made.
    """
    for left in Path(gettempdir()).glob(f"{_SCRATCH}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _STALE_S:
                shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=_SCRATCH) as folder:
        yield Path(folder)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk.

    Raises:
        OSError: It cannot be brought there.
    """
    if os.name != "posix" and path.is_dir():
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
