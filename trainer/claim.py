"""Folders in which one program works at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from trainer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = ".lock"
"""The name of the empty file that is locked meanwhile, and stays."""

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
    lock = FileLock(folder / LOCK, mode=_MODE)
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
