"""Files and folders that are whole on the disk or not there at all."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import pwd
from contextlib import contextmanager, suppress
from glob import escape
from secrets import token_hex
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from device.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
"""From Linux's fcntl.h and fs.h."""


class FileSum(msgspec.Struct, frozen=True):
    """What a file must be like.

    Attributes:
        sha256: Its sum, in hexadecimal.
        size: Its length in bytes.
    """

    sha256: str
    size: int


class SummedFile:
    """A new file that knows the sum of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        """Write all of some bytes."""
        self._file.write(data)
        self._hash.update(data)
        self._size += len(data)

    @property
    def sum(self) -> FileSum:
        """The sum of what was written so far."""
        return FileSum(self._hash.hexdigest(), self._size)


@contextmanager
def new_file(path: Path) -> Iterator[SummedFile]:
    """Open a file that must not be there yet; on the way out it is on the disk, not only in memory."""
    with path.open("xb") as file:
        yield SummedFile(file)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in the place of what is there: a cut leaves the one or the other, whole.

    Others may write it meanwhile: the last one counts. What a writer that was killed has left goes.

    Raises:
        OSError: It cannot be written; what was there still is.
    """
    _sweep(path)
    while not _replaced(path, content):
        pass  # somebody swept what was just made, and not locked yet


def _replaced(path: Path, content: bytes) -> bool:
    new = path.with_name(f".{path.name}.{token_hex(4)}.new")
    try:
        with new.open("xb") as file:
            with suppress(OSError):  # where there are no locks, nobody gets one to sweep, either
                fcntl.flock(file, fcntl.LOCK_EX)  # the kernel lets go of it however this program ends
            if not os.fstat(file.fileno()).st_nlink:
                return False
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
    sync(path.parent)
    return True


def _sweep(path: Path) -> None:
    """Remove what was to become a file, where nobody writes it any more."""
    for new in path.parent.glob(f".{escape(path.name)}.*new"):
        with suppress(OSError), new.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            new.unlink()


def write_over(path: Path, content: bytes) -> None:
    """Write a small file where it lies, which takes no room on a full disk; a cut may leave half of it.

    Raises:
        OSError: It is not there, or cannot be written.
    """
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """Give the sum of a file, in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_full(error: OSError) -> bool:
    """Say whether an error means that the disk, or the owner's share of it, is full."""
    return error.errno in _FULL


def unreadable(path: Path, error: OSError) -> ModelError:
    """Give the error to raise where a file or folder that is there cannot be read."""
    return ModelError(f"{path} cannot be read ({error.strerror}): check its permissions and the disk.")


def other_owner(path: Path) -> str:
    """Name the user to whom a file or folder, or where it would be, belongs, and who must change it, not we.

    Empty where it is our own, or we may write to it and are not root: root would leave there what is root's.
    """
    for there in (path, *path.absolute().parents):
        with suppress(OSError):  # it is not there, or in a folder that is closed to us
            owner = there.stat().st_uid
            break
    else:
        return ""
    if owner == os.geteuid() or (os.geteuid() != 0 and (owner == 0 or os.access(there, os.W_OK))):
        return ""
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"#{owner}"  # as sudo takes a number


@contextmanager
def opened_folder(folder: Path) -> Iterator[int]:
    """Give a descriptor of a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    with opened_folder(folder) as descriptor:
        os.fsync(descriptor)


def swap(first: Path, second: Path) -> None:
    """Exchange two folders so that at no moment one of the names is free. Python has no call for it.

    Raises:
        OSError: The file system refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(second))
