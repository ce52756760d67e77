"""A folder as the place where files are dropped: on a card that was in the owner's computer, for one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from device.drive.place import is_hidden
from device.errors import DriveError
from device.models.files import replace_file, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


class FolderPlace:
    """The plain files in a folder; what is no plain file is not there."""

    def __init__(self, folder: Path) -> None:
        """Name the folder. One that is not there has no files."""
        self._folder = folder

    def files(self) -> list[str]:
        """Name the files, in alphabetical order.

        Raises:
            DriveError: The folder cannot be read.
        """
        with _explained(self._folder, "read"):
            if not self._folder.exists():
                return []
            with os.scandir(self._folder) as entries:
                return sorted(
                    entry.name
                    for entry in entries
                    if entry.is_file(follow_symlinks=False) and not is_hidden(entry.name)
                )

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Give the content of a file.

        Raises:
            DriveError: It cannot be opened.
        """
        file = self._folder / name
        with _explained(file, "read"):
            stream = file.open("rb")
        with stream:
            yield stream

    def put(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all.

        Raises:
            DriveError: It cannot be written.
        """
        with _explained(self._folder / name, "written"):
            replace_file(self._folder / name, content)

    def done_with(self, name: str) -> None:
        """Take a file away that was taken or refused.

        Raises:
            DriveError: It cannot be removed.
        """
        with _explained(self._folder / name, "removed"):
            (self._folder / name).unlink()
            sync(self._folder)


@contextmanager
def _explained(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DriveError(f"{path} cannot be {what} ({error.strerror}): check the card or disk.") from error
