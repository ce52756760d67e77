"""Bundles made by hand, right and wrong: independent of what packs and reads them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from minisign import KeyPair

from device.models.signature import PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OWNER, STRANGER = KeyPair.generate(), KeyPair.generate()
"""Two pairs of keys, made anew in each run of the tests."""

PARTS = {
    "model.bin": bytes(range(256)) * 8,
    "config.json": b"{}",
    "saykey.json": b'{"name": "anna"}',
    "selftest.flac": b"fLaC" + b"\1" * 700,
}
"""What a small bundle holds. No model can be loaded from it."""

ENDING = bytes(1024)


def public(pair: KeyPair = OWNER) -> PublicKey:
    """Give the public key of a pair."""
    return PublicKey.parse(bytes(pair.public_key))


def index_of(parts: Mapping[str, bytes] = PARTS, /, **changes: Any) -> dict[str, Any]:
    """Give the index of these parts, with some of its values changed."""
    return {
        "format": 1,
        "name": "anna",
        "created": "2026-01-02T03:04:05Z",
        "created_by": "saykey-trainer 0",
        "parts": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in parts.items()
        },
        "self_test": {"file": "selftest.flac", "text": "And you always want to see it.", "most_wrong": 1},
    } | changes


def encoded(index: Mapping[str, Any]) -> bytes:
    """Give an index as its file."""
    return json.dumps(index, indent=2).encode()


def sign(content: bytes, pair: KeyPair = OWNER, comment: str = "saykey bundle 1 anna") -> bytes:
    """Give the signature of some content."""
    return bytes(pair.secret_key.sign(content, trusted_comment=comment)) + b"\n"


def member(name: str, content: bytes, **changes: Any) -> bytes:
    """Give a file as it stands in an archive; attributes of its header may be changed (`tarfile.TarInfo`)."""
    header = tarfile.TarInfo(name)
    header.size = len(content)
    for attribute, value in changes.items():
        setattr(header, attribute, value)
    content += bytes(-len(content) % 512)
    return header.tobuf(tarfile.USTAR_FORMAT) + content


def header_with(offset: int, field: bytes, *, of: bytes) -> bytes:
    """Give a member with bytes of its header replaced, and the header's sum made right again."""
    header = bytearray(of[:512])
    header[offset : offset + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + of[512:]


def joined(*members: bytes) -> bytes:
    """Give an archive of members."""
    return b"".join((*members, ENDING))


def bundle(
    parts: Mapping[str, bytes] = PARTS,
    *,
    pair: KeyPair = OWNER,
    index: bytes | None = None,
    signature: bytes | None = None,
    stored: Sequence[tuple[str, bytes]] | None = None,
) -> bytes:
    """Give a bundle.

    Args:
        parts: Its parts.
        pair: Who signs it.
        index: Another index than that of the parts; it is signed as it is.
        signature: Another signature.
        stored: What the archive holds behind the index, instead of the parts.
    """
    index = encoded(index_of(parts)) if index is None else index
    signature = sign(index, pair) if signature is None else signature
    stored = list(parts.items()) if stored is None else stored
    return joined(
        member("bundle.minisig", signature),
        member("bundle.json", index),
        *(member(name, content) for name, content in stored),
    )


class Pipe(io.RawIOBase):
    """A stream that cannot seek and gives a few bytes at a time, as a pipe does."""

    def __init__(self, content: bytes, most: int = 700) -> None:
        self._rest = io.BytesIO(content)
        self._most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._rest.read(min(len(buffer), self._most))
        buffer[: len(data)] = data
        return len(data)
