"""Where files are dropped for the device: a drive's image, or a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import BinaryIO

LONGEST_TEXT = 1 << 20
"""Bytes of a text that is read whole: ten times the settings with all their comments."""


class Place(Protocol):
    """Files by their names, without folders. Small and capital letters may be the same in it."""

    def files(self) -> list[str]:
        """Name the files, but for those that other systems hide there.

        Raises:
            DriveError: They cannot be read.
        """

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give the content of a file, as a stream. To read it may raise a `DriveError` too.

        Raises:
            DriveError: It is not there, cannot be read, or has a name that must be changed first.
        """

    def put(self, name: str, content: bytes) -> None:
        """Write a file, in the place of one that has this name.

        Raises:
            DriveError: It cannot be written.
        """

    def done_with(self, name: str) -> None:
        """Take a file away that was taken or refused, where it would be met again.

        Raises:
            DriveError: It cannot be removed.
        """


def is_hidden(name: str) -> bool:
    """Say whether other systems put a file there for themselves: macOS ("._model.saykey") and Unix do so."""
    return name.startswith(".")
