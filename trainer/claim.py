"""Folders in which one program works at a time."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from trainer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = ".lock"
"""The name of the empty file that is locked meanwhile, and stays; beside a `claimed_place`, its ending."""

_MODE = 0o666
"""Of that file: what `sudo` has made, as `collect --card` wants it, its folder's owner can lock, too."""


@contextmanager
def claimed(folder: Path, wait_s: float = 0) -> Iterator[None]:
    """Have a folder, which is made if it is not there, for oneself as long as the block runs.

    The lock ends with the program, however that ends.

    Args:
        folder: It.
        wait_s: How long another program is waited for.

    Raises:
        DataError: Another program is at work in it.
        OSError: It cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / LOCK, folder, wait_s):
        yield


@contextmanager
def claimed_place(path: Path) -> Iterator[None]:
    """Have the place of a folder that is replaced as a whole for oneself as long as the block runs.

    What is locked lies beside it, since a file in it would go with it, and is gone when the block has ended.

    Raises:
        DataError: Another program is at work there.
        OSError: The folder above cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}{LOCK}")
    with _locked(lock, path):
        try:
            yield
        finally:
            # While it is still ours: who opened it before sees that it has no name any more, and tries again.
            with suppress(OSError):  # Windows removes nothing that is open
                lock.unlink()


@contextmanager
def _locked(file: Path, folder: Path, wait_s: float = 0) -> Iterator[None]:
    lock = FileLock(file, mode=_MODE)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise DataError(
            f"another saykey-trainer is at work in {folder}: wait for it, or name another folder"
        ) from error
    try:
        yield
    finally:
        lock.release()
