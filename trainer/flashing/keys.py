"""The owner's pair of keys, in minisign's format: the secret one signs models, the public one is shown once.

Made by py-minisign; Debian's minisign reads both files, and theirs can be used here.
"""

from __future__ import annotations

import base64
import errno
import os
import shlex
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import minisign

from device.errors import BundleError
from device.models.signature import PublicKey
from trainer.errors import OwnerKeyError
from trainer.files import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET, PUBLIC = "owner.key", "owner.pub"
"""The names of the two files."""

_ED25519 = slice(62, 126)
"""Where a secret key has it: behind three algorithms of two bytes, 32 of salt, two limits of eight, and the
eight of the key's number (minisign's page, "Secret key format")."""

_OPSLIMIT, _MEMLIMIT = 1 << 25, 1 << 30
"""What a try of a password costs: some seconds and 1 GiB, as minisign itself has it (libsodium,
crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE and _MEMLIMIT_SENSITIVE)."""


def default_folder() -> Path:
    """Give the folder of the owner's keys: the user's for settings, on any system."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "saykey"


def make(folder: Path, password: str = "") -> PublicKey:
    """Make a pair of keys; the secret one is readable to its owner alone.

    Args:
        folder: Where the two files go.
        password: What the secret key is locked with; nothing locks it not.

    Raises:
        OwnerKeyError: One of the files is there already, or cannot be written; or a password needs more
            memory than there is.
    """
    check_free(folder)
    pair = minisign.KeyPair.generate()
    public = PublicKey.parse(bytes(pair.public_key))
    if password:
        with _enough_memory():
            pair.secret_key.encrypt(password, opslimit=_OPSLIMIT, memlimit=_MEMLIMIT)
    pair.secret_key.untrusted_comment = f"Saykey, secret key of {public.id}: keep it to yourself"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(folder / PUBLIC, public.content)
        try:
            _write_new(folder / SECRET, bytes(pair.secret_key) + b"\n")
        except OSError:  # half a pair would be in the way of the next
            (folder / PUBLIC).unlink(missing_ok=True)
            raise
        sync(folder)
    except FileExistsError as error:
        raise _there(Path(str(error.filename2 or error.filename))) from error
    except OSError as error:
        raise OwnerKeyError(
            f"{folder} cannot be written ({error.strerror}): check its permissions and the disk"
        ) from error
    return public


def public_key(folder: Path) -> PublicKey:
    """Read the public key of a pair.

    Raises:
        OwnerKeyError: The file is not there, cannot be read, or holds no key.
    """
    file = folder / PUBLIC
    content = _read(file, other=folder / SECRET)
    try:
        return PublicKey.parse(content)
    except BundleError as error:
        raise OwnerKeyError(f"{file} is no public key: {_anew(folder)}") from error


def secret_key(folder: Path, ask: Callable[[], str]) -> minisign.SecretKey:
    """Read the secret key of a pair, unlocked.

    Args:
        folder: Where the files are.
        ask: Gives the password, if there is one.

    Raises:
        OwnerKeyError: The file is not there, cannot be read, holds no key, has another password, or does not
            belong to the public key beside it.
    """
    file = folder / SECRET
    content = _read(file, other=folder / PUBLIC)
    try:
        key = minisign.SecretKey.from_bytes(content)
        if key.is_encrypted():
            with _enough_memory():
                key.decrypt(ask())
    except minisign.ParseError as error:
        raise OwnerKeyError(f"{file} is no secret key of minisign's: bring back your copy of it") from error
    except minisign.Error as error:
        raise OwnerKeyError(f"{file} has another password: try again") from error
    if os.path.lexists(folder / PUBLIC):
        _check_pair(key, folder)
    return key


def ed25519_secret(key: minisign.SecretKey) -> bytes:
    """Give the secret key as Ed25519 has it: 64 bytes, the seed and the public key.

    Args:
        key: It, unlocked.
    """
    raw = base64.b64decode(bytes(key).splitlines()[1])
    return raw[_ED25519]


def _check_pair(key: minisign.SecretKey, folder: Path) -> None:
    """Refuse a pair whose public key is shown to devices while another one signs."""
    ours, shown = PublicKey.parse(bytes(key.get_public_key())), public_key(folder)
    if ours != shown:
        raise OwnerKeyError(
            f"{folder / PUBLIC} is {shown.id}, but {folder / SECRET} belongs to {ours.id}: bring back the "
            f"right one, or {_anew(folder)}"
        )


def _anew(folder: Path) -> str:
    secret, public = (shlex.quote(str(folder / name)) for name in (SECRET, PUBLIC))
    return f"write it anew: minisign -R -s {secret} -p {public}"


@contextmanager
def _enough_memory() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise OwnerKeyError(
            f"A key with a password needs {_MEMLIMIT >> 20} MB of free memory: close other programs"
        ) from error


def _read(file: Path, other: Path) -> bytes:
    """Read one half of a pair; where it is missing, say what can be done as the other is there or not."""
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        remedy = "run saykey-trainer keys new"
        if os.path.lexists(other):
            remedy = _anew(file.parent) if file.name == PUBLIC else "bring back your copy of it"
        raise OwnerKeyError(f"{file} is not there: {remedy}") from error
    except OSError as error:
        raise OwnerKeyError(f"{file} cannot be read ({error.strerror}): check its permissions") from error


def check_free(folder: Path) -> None:
    """Look whether a new pair can be made in a folder.

    Raises:
        OwnerKeyError: One of the two files is there.
    """
    for file in (folder / SECRET, folder / PUBLIC):
        if os.path.lexists(file):
            raise _there(file)


def _there(file: Path) -> OwnerKeyError:
    return OwnerKeyError(
        f"{file} is there already and stays: a device that trusts it takes no other key. "
        "To make a new pair, move it away"
    )


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, whole or not at all, and never over another.

    Raises:
        FileExistsError: There is one.
        OSError: It cannot be written.
    """
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # it has the mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(partial, path)  # unlike a rename, it never replaces
        except FileExistsError:
            raise
        except OSError:  # FAT, which a stick has, knows no second name of a file
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
            Path(partial).rename(path)
    finally:
        with suppress(OSError):
            Path(partial).unlink()
