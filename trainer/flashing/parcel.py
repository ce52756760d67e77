"""What a bundle says of itself before its parts, and whose key signed it: enough to send it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import BundleError
from device.models.archive import Archive
from device.models.bundle import SIGNATURE, SUFFIX, parse_index
from device.models.manifest import INDEX
from trainer.errors import FlashError

if TYPE_CHECKING:
    from pathlib import Path

    from device.models.signature import PublicKey

_MOST_BYTES = 256 << 10
"""Of the index; the signature has less (docs/bundle.md)."""

_SIGNATURE_BYTES = 74
"""Two of the algorithm, eight of the key's number, 64 of the signature (minisign, "Signature format")."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A bundle that is to be sent.

    Attributes:
        file: Where it is on this computer.
        name: The model's.
        id: The sha256 of its index, by which the device names it in what it answers.
        size: In bytes.
        signer: The number of the key that it says it was signed with: 16 hexadecimal digits, as minisign
            prints them.
        key: The owner's public key, where that is the one.
    """

    file: Path
    name: str
    id: str
    size: int
    signer: str
    key: PublicKey | None

    @property
    def file_name(self) -> str:
        """Its name at the other end, which any file system can have."""
        return f"{self.name}{SUFFIX}"


def open_parcel(file: Path, key: PublicKey | None) -> Parcel:
    """Look at a bundle; whether it is sound is for the device to find.

    Args:
        file: The bundle.
        key: The owner's public key, if there is one.

    Raises:
        FlashError: It cannot be read.
        BundleError: It is no bundle.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            archive = Archive(stream)
            signature, index = (_member(archive, name) for name in (SIGNATURE, INDEX))
    except OSError as error:
        raise FlashError(f"{file} cannot be read ({error.strerror or error}).") from error
    signer = _signer(signature)
    ours = key if key is not None and key.id == signer else None
    return Parcel(file, parse_index(index).name, hashlib.sha256(index).hexdigest(), size, signer, ours)


def _member(archive: Archive, name: str) -> bytes:
    member = archive.next()
    if member is None or member.name != name or member.size > _MOST_BYTES:
        raise BundleError(
            f"The bundle does not have {name} where it belongs: make it with saykey-trainer pack."
        )
    return b"".join(iter(archive.read, b""))


def _signer(signature: bytes) -> str:
    """Give the number of the key, which a signature holds with the lowest byte first."""
    try:
        content = base64.b64decode(signature.splitlines()[1], validate=True)
    except (IndexError, binascii.Error):
        content = b""
    if len(content) != _SIGNATURE_BYTES:
        raise BundleError("The bundle's signature is damaged: pack it again.")
    return content[2:10][::-1].hex().upper()
