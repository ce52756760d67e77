"""Whose bundles this device takes: the one public key that its owner showed it first."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from device.errors import BundleError, ModelError
from device.kept_host import state_folder
from device.models.files import other_owner, replace_file, sync, unreadable
from device.models.signature import PublicKey

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


class Trust:
    """The file with the owner's public key."""

    def __init__(self, file: Path | None = None) -> None:
        """Name the file, which need not be there yet; nor its folder. Without, it is in the state folder."""
        self._file = file or state_folder() / "owner.pub"

    def key(self) -> PublicKey | None:
        """Give the owner's key, or `None` before there is one.

        Raises:
            BundleError: The file is damaged: who the owner is cannot be known, and is not for anyone to say.
            ModelError: It cannot be read.
        """
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(self._file, error) from error
        try:
            return PublicKey.parse(content)
        except BundleError as error:
            raise BundleError(
                f"{self._file} is damaged: show this device your key again, as the first time."
            ) from error

    def shown(self) -> PublicKey | None:
        """Give the owner's key as far as another one has to be held to it: a damaged file has none.

        So who may show the first key, by a login or a press of the button, mends that as well.

        Raises:
            ModelError: The file cannot be read.
        """
        try:
            return self.key()
        except BundleError as error:
            log.warning("%s", error)
            return None

    def trust(self, key: PublicKey) -> None:
        """Make a key the owner's, for good.

        Raises:
            BundleError: Another one is.
            ModelError: The file cannot be read or written.
        """
        known = self.shown()
        if known == key:
            return
        if known is not None:
            raise BundleError(
                f"The key {key.id} is not trusted: this device belongs to {known.id}. "
                "If it is yours, run on the device: saykey key forget"
            )
        try:
            self._write(key.content)
        except OSError as error:
            raise self._unwritable(error) from error

    def forget(self) -> bool:
        """Have no owner any more; say whether there was one.

        Raises:
            ModelError: The file cannot be removed.
        """
        try:
            self._file.unlink()
            sync(self._file.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unwritable(error) from error
        return True

    def _write(self, content: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._file, content)

    def _unwritable(self, error: OSError) -> ModelError:
        if owner := other_owner(self._file.parent):
            return ModelError(
                f"{self._file.parent} belongs to the user {owner}: "
                f"run it as that user, with sudo -u {owner} saykey and the same words."
            )
        return ModelError(
            f"{self._file} cannot be changed ({error.strerror}): check its permissions and the disk."
        )
