"""Reading a ustar archive of plain files as a stream, and refusing everything else that tar can hold.

The format is POSIX's "ustar interchange format" (IEEE Std 1003.1, pax, under "EXTENDED DESCRIPTION"): blocks
of 512 bytes, a header before each file. The standard library's reader follows links and extensions and goes
back and forth; this one knows none of them, and so cannot be led anywhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from device.errors import BundleError

if TYPE_CHECKING:
    from typing import BinaryIO

BLOCK = 512
"""Bytes of a header, and what every file is filled up to with zeros."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""The names that a file may have: none of them leaves a folder, or is hidden in it."""

_CHUNK = 1 << 20

_END_BLOCKS = 20
"""Two blocks of zeros end an archive; tar fills its last record of 20 blocks with more of them."""

_ZEROS = bytes(BLOCK)

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
"""How compressed files begin, each by its format's specification."""

_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"5": "a folder",
    b"6": "a pipe",
    b"x": "a pax extension",
    b"g": "a pax extension",
    b"K": "a GNU extension",
    b"L": "a GNU extension",
    b"S": "a sparse file",
}
"""What else a header may announce, by its type flag (POSIX; GNU tar, "Basic Tar Format")."""


class Member(NamedTuple):
    """A file in an archive.

    Attributes:
        name: Its name, which is one of `NAME`.
        size: Its length in bytes, as its header has it.
    """

    name: str
    size: int


class Archive:
    """The files of an archive, one after another. What is read is never more than 1 MiB at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        """Begin at the start of a stream, which need not seek and may give less than it is asked for."""
        self._stream = stream
        self._is_first = True
        self._left = 0  # of the current file
        self._padding = 0  # behind it

    def next(self) -> Member | None:
        """Go to the next file; give `None` at the end, behind which there is nothing.

        Raises:
            BundleError: Something is there that must not be, or the end is missing.
            OSError: The stream cannot be read.
        """
        while self.read():
            pass
        if self._exactly(self._padding).strip(b"\0"):
            raise BundleError("The bundle is damaged (there is something between its files): copy it again.")
        self._padding = 0
        header = self._header()
        if header == _ZEROS:
            self._finish()
            return None
        member = _member(header)
        self._left, self._padding = member.size, -member.size % BLOCK
        return member

    def read(self, size: int = _CHUNK) -> bytes:
        """Give up to this many bytes of the current file, and nothing once all have been given.

        Raises:
            BundleError: The archive ends within the file.
            OSError: The stream cannot be read.
        """
        data = self._stream.read(min(size, self._left, _CHUNK)) if self._left else b""
        if self._left and not data:
            raise _cut_short()
        self._left -= len(data)
        return data

    def _header(self) -> bytes:
        header = self._up_to(BLOCK)
        if self._is_first:
            self._is_first = False
            _check_kind(header)
        if len(header) < BLOCK:
            raise _cut_short()
        return header

    def _finish(self) -> None:
        """Read what is behind the first block of zeros: at least another one, and nothing else."""
        ending = self._up_to((_END_BLOCKS - 1) * BLOCK + 1)
        if ending.strip(b"\0") or len(ending) > (_END_BLOCKS - 1) * BLOCK:
            raise BundleError("Something follows behind the end of the bundle: copy it again.")
        if len(ending) < BLOCK:
            raise _cut_short()

    def _exactly(self, size: int) -> bytes:
        data = self._up_to(size)
        if len(data) < size:
            raise _cut_short()
        return data

    def _up_to(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self._stream.read(size - len(data))):
            data += more
        return data


def _check_kind(start: bytes) -> None:
    """Refuse a file that is no archive, by its first block."""
    if not start:
        raise BundleError("The bundle is empty: copy it again.")
    for magic, kind in _COMPRESSED.items():
        if start.startswith(magic):
            raise BundleError(
                f"This is a compressed file ({kind}), not a bundle: "
                "unpack it first, or make one with saykey-trainer pack."
            )
    if len(start) == BLOCK and start[257:262] != b"ustar":
        raise BundleError("This is no bundle: make one with saykey-trainer pack.")


def _member(header: bytes) -> Member:
    """Read a header.

    The fields, by their offsets: name 0, size 124, checksum 148, type 156, magic 257, prefix 345 to 500.
    """
    name = _shown(header[:100])
    if header[257:265] == b"ustar  \0":
        raise BundleError(
            "The bundle is in GNU tar's own format: make it with saykey-trainer pack, "
            "or with tar --format=ustar."
        )
    if header[257:265] != b"ustar\x0000" or _octal(header[148:156]) != _checksum(header):
        raise BundleError("The bundle is damaged (the header of a file is wrong): copy it again.")
    kind = header[156:157]
    if kind != b"0":
        what = _KINDS.get(kind, "of an unknown kind")
        raise BundleError(f"{name} in the bundle is {what}: a bundle holds plain files only.")
    if header[345:500].strip(b"\0") or re.search(r"[/\\]|^\.\.?$", name):
        raise BundleError(f"{name} in the bundle is a path, not a name: a bundle has no folders.")
    if not NAME.fullmatch(name):
        raise BundleError(
            f"{name} in the bundle is no name that a file of a model can have: "
            "use letters, digits, dots, dashes and underscores."
        )
    size = _octal(header[124:136])
    if size is None:
        raise BundleError(f"The size of {name} in the bundle is no number that ustar knows: pack it again.")
    return Member(name, size)


def _shown(field: bytes) -> str:
    """Give a name as text that can be printed, whatever is in it."""
    text = field.partition(b"\0")[0].decode("ascii", "replace")
    return "".join(each if each.isprintable() else "?" for each in text) or "A file without a name"


def _octal(field: bytes) -> int | None:
    """Read a number: octal digits, behind which only spaces and zeros stand."""
    digits = field.rstrip(b" \0")
    return int(digits, 8) if re.fullmatch(rb" *[0-7]{1,11}", digits) else None


def _checksum(header: bytes) -> int:
    """Sum a header's bytes, those of the checksum itself counted as spaces."""
    return sum(header[:148]) + 8 * ord(" ") + sum(header[156:])


def _cut_short() -> BundleError:
    return BundleError("The bundle is cut short: copy it again.")
