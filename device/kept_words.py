"""Where the device keeps the owner's list of words, beside the settings that came by the drive."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from device.errors import SettingsError
from device.kept_host import state_folder
from device.models.files import other_owner, replace_file
from device.text.vocabulary import HEAD, parse

if TYPE_CHECKING:
    from pathlib import Path

    from device.text.vocabulary import Word

log = logging.getLogger(__name__)

FILE = "words.txt"
"""The list's name in the state folder."""

_LONGEST = 256 << 10
"""Bytes of a list: several times what its words can have, for comments."""


class KeptWords:
    """The file with the list, which need not be there."""

    def __init__(self, folder: Path | None = None) -> None:
        """Name the folder; without, the state folder."""
        self.file = (folder or state_folder()) / FILE

    def content(self) -> str:
        """Give the list as its owner wrote it; before there is one, what a new one begins with.

        Raises:
            SettingsError: It cannot be read.
        """
        try:
            with self.file.open("rb") as file:
                return text_of(file.read(_LONGEST + 1), str(self.file))
        except FileNotFoundError:
            return HEAD
        except OSError as error:
            raise SettingsError(
                f"{self.file} cannot be read: {error.strerror}; check its name and its permissions"
            ) from error

    def words(self) -> tuple[Word, ...]:
        """Give the words.

        Raises:
            SettingsError: The list cannot be read, or a line of it is wrong.
        """
        return parse(self.content(), str(self.file))

    def change(self, content: str, name: str) -> int:
        """Put another list in its place, if it is right; give how many words it has.

        Args:
            content: The list.
            name: What an error calls it.

        Raises:
            SettingsError: A line of it is wrong, or the file cannot be written.
        """
        count = len(parse(content, name))
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.file, content.encode())
        except OSError as error:
            raise self._unwritable(error) from error
        return count

    def _unwritable(self, error: OSError) -> SettingsError:
        if owner := other_owner(self.file.parent):
            return SettingsError(
                f"{self.file.parent} belongs to the user {owner}: "
                f"run it as that user, with sudo -u {owner} saykey and the same words"
            )
        return SettingsError(
            f"{self.file} cannot be changed ({error.strerror}): check its permissions and the disk"
        )


def words_in_force() -> tuple[Word, ...]:
    """Give the owner's words: none where their list is of no use, and a line in the log says so."""
    with suppress(RuntimeError):  # nobody knows a home folder: nothing can have been kept there
        try:
            return KeptWords().words()
        except SettingsError:  # whose message may have a word in it
            log.warning("the list of words is passed over: saykey words says why")
    return ()


def text_of(content: bytes, name: str) -> str:
    """Give a list as text.

    Raises:
        SettingsError: It is too long, or not UTF-8.
    """
    if len(content) > _LONGEST:
        raise SettingsError(f"{name} is longer than {_LONGEST >> 10} KiB: take comments out of it")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{name}, line {line}: this is not UTF-8; save the file as UTF-8") from error
