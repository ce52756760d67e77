"""Signatures in the format of minisign (jedisct1.github.io/minisign), verified by Debian's minisign."""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from device.errors import BundleError

_TIMEOUT_S = 60
"""It takes milliseconds, but a board that is swapping may take long to start a program."""

_KEY_BYTES = 2 + 8 + 32
"""Of a public key: algorithm, key id, Ed25519 key (minisign's page, "Public key format")."""

_SECRET = (b"Ed\0\0B2", b"EdScB2")
"""How a secret key begins, without a password and with one ("Secret key format" there)."""

_LINES = 4
"""Of a file with a signature: two comments, each before what it is about."""

_SIGNATURE_BYTES = 2 + 8 + 64
"""Of a signature: algorithm, key id, Ed25519 signature ("Signature format" there)."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are verified with.

    Attributes:
        text: It, in base64: the second line of a file of minisign's.
    """

    text: str

    @classmethod
    def parse(cls, content: bytes) -> PublicKey:
        """Read the file of a public key, or the key's line alone.

        Raises:
            BundleError: It is none; where it is the secret key, that is said, and nothing of it.
        """
        # The file may have gone through an editor on any system.
        lines = [line.strip() for line in content.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
        if any(_decoded(line).startswith(_SECRET) for line in lines):
            raise BundleError(
                "This is your secret key, not the public one: remove it from here now, since whoever has it "
                "can sign models as you, and give owner.pub in its place."
            )
        if lines and lines[0].startswith(b"untrusted comment:"):
            lines = lines[1:]
        raw = _decoded(lines[0]) if len(lines) == 1 else b""
        if len(raw) != _KEY_BYTES or not raw.startswith(b"Ed"):
            raise BundleError(
                "This is no public key of minisign's: take the one of saykey-trainer keys show."
            )
        return cls(base64.b64encode(raw).decode())

    @property
    def id(self) -> str:
        """What it is called: 16 digits, as minisign prints them."""
        return _id(base64.b64decode(self.text))

    @property
    def ed25519(self) -> bytes:
        """It as Ed25519 has it (RFC 8032): 32 bytes."""
        return base64.b64decode(self.text)[-32:]

    @property
    def content(self) -> bytes:
        """The file of it, as minisign writes one."""
        return f"untrusted comment: minisign public key {self.id}\n{self.text}\n".encode()


def verify(content: bytes, signature: bytes, key: PublicKey) -> str:
    """Give the comment of a signature, which is signed with the content.

    Only the signature of a hash is accepted (algorithm "ED", what minisign writes unless told otherwise): the
    legacy one of the content itself ("Ed") would be a second way to the same, kept for old files that nobody
    has here.

    Raises:
        BundleError: Another key signed it, or it is not the signature of this content, or damaged; or the
            program is missing.
        OSError: There is no room for a temporary file.
    """
    _check_key(signature, key)
    with TemporaryDirectory(prefix="saykey-") as folder:
        signed, beside = Path(folder, "signed"), Path(folder, "signature")
        signed.write_bytes(content)
        beside.write_bytes(signature)
        done = _minisign("-V", "-H", "-Q", "-P", key.text, "-x", str(beside), "-m", str(signed))
    if done.returncode != 0:
        raise BundleError(
            f"The signature does not belong to the bundle: somebody or something changed it after {key.id} "
            "signed it; pack it again."
        )
    return done.stdout.decode(errors="replace").removesuffix("\n")


def _check_key(signature: bytes, key: PublicKey) -> None:
    """Say what is wrong with a signature that cannot be this key's. What is right, minisign says."""
    lines = signature.splitlines()
    raw = _decoded(lines[1]) if len(lines) == _LINES else b""
    if len(raw) != _SIGNATURE_BYTES or raw[:2] not in {b"ED", b"Ed"}:
        raise BundleError("The signature of the bundle is damaged: copy it again.")
    if raw.startswith(b"Ed"):
        raise BundleError("The bundle is signed in minisign's legacy format: sign it without -l.")
    if _id(raw) != key.id:
        raise BundleError(
            f"The bundle is signed with the key {_id(raw)}, but this device trusts {key.id}: sign it with "
            "that one, or run on the device: saykey key forget"
        )


def _minisign(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["minisign", *arguments]
    path = os.environ.get("PATH", os.defpath)
    try:
        return subprocess.run(  # noqa: S603  # by name, as the user would
            command,
            capture_output=True,
            check=False,
            env={"PATH": path, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise BundleError(
            "No signature can be verified without the program minisign: run sudo apt install minisign"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise BundleError(
            f"minisign gave no answer within {_TIMEOUT_S} s: try again when the device has less to do."
        ) from error


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        return b""


def _id(raw: bytes) -> str:
    """Give the key id behind the two letters of the algorithm: a number, its lowest byte first."""
    return f"{int.from_bytes(raw[2:10], 'little'):016X}"
