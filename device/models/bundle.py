"""A model in one signed file, `NAME.saykey`: read as a stream, and nothing of it believed before it is known.

docs/bundle.md has the format. The signature comes first, then the index that it signs, then the parts, of
which the index has the sums.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from device.errors import BundleError
from device.models.archive import NAME, Archive, Member
from device.models.check import MODEL
from device.models.files import FileSum, new_file
from device.models.manifest import INDEX, MANIFEST
from device.models.signature import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from device.models.convert import Progress
    from device.models.signature import PublicKey

FORMAT = 1
"""The only format there is."""

SUFFIX = ".saykey"
"""How the file's name ends."""

SIGNATURE = "bundle.minisig"
"""The first member; the index is the second. Both stay beside the parts when they are unpacked."""

SELF_TEST = "selftest.flac"
"""The part with the recording that the model must understand."""

MOST_PARTS = 64
MOST_BYTES = 8 << 30
"""Of all parts: the largest Whisper takes 1.6 GB in int8."""

_MOST_INDEX = 256 << 10
_BEFORE = {SIGNATURE: 4 << 10, INDEX: _MOST_INDEX}
"""What is read before anything is known, and how many bytes of it at most."""

LONGEST_NAME = 55
"""Characters of a model's name: what is left of one in the store, 64, before a dash and eight digits of the
bundle's sum."""

_MODEL_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")

_SHA256 = re.compile(r"[0-9a-f]{64}")


class SelfTest(msgspec.Struct, frozen=True):
    """What the model must understand before it is used.

    Attributes:
        file: The part with the recording.
        text: What the model made of it where it was packed.
        most_wrong: So many words may differ: another processor rounds otherwise.
    """

    file: str
    text: str
    most_wrong: int = 0


class Index(msgspec.Struct, frozen=True):
    """What a bundle holds. Fields that this version does not know are passed over.

    Attributes:
        format: `FORMAT`.
        name: The model's.
        created: When, in UTC, by ISO 8601.
        created_by: The program that made it, with its version.
        parts: Its files by name, in their order.
        self_test: What to try before the model is used.
    """

    format: int
    name: str
    created: str
    created_by: str
    parts: dict[str, FileSum]
    self_test: SelfTest


class _Formatted(msgspec.Struct):
    format: int


class Bundle:
    """A bundle of which the signature and the index have been read, and were the owner's.

    Attributes:
        index: What it holds.
        id: What tells it from every other: the sha256 of its index, in hexadecimal.
        size: Bytes of all parts.
    """

    def __init__(self, index: Index, contents: dict[str, bytes], archive: Archive) -> None:
        """Take what has been read, and the archive behind that."""
        self.index = index
        self.id = hashlib.sha256(contents[INDEX]).hexdigest()
        self.size = sum(part.size for part in index.parts.values())
        self._contents = contents
        self._archive = archive

    def unpack(self, folder: Path, progress: Progress) -> None:
        """Write the parts into an empty folder, once, and beside them the index and its signature.

        Args:
            folder: Where to. After an error it holds what had come, which is not to be used.
            progress: Told how far it is.

        Raises:
            BundleError: A part is not as the index says, or there are others.
            OSError: The stream cannot be read, or the folder not be written: there is no room, for one.
        """
        done = 0
        for name, expected in self.index.parts.items():
            self._check_next(name, expected)
            with new_file(folder / name) as file:
                while data := self._archive.read():
                    file.write(data)
                    done += len(data)
                    progress("unpacking", done / self.size)
            if file.sum != expected:
                raise BundleError(f"{name} in the bundle is damaged (its sha256 is another): copy it again.")
        if member := self._archive.next():
            raise self._unexpected(member, "its end", len(self.index.parts))
        for name, content in self._contents.items():
            with new_file(folder / name) as file:
                file.write(content)

    def _check_next(self, name: str, expected: FileSum) -> None:
        member = self._archive.next()
        if member is None:
            raise BundleError(f"The bundle lacks {name}: pack it again.")
        if member.name != name:
            raise self._unexpected(member, name, list(self.index.parts).index(name))
        if member.size != expected.size:
            raise BundleError(
                f"{name} in the bundle has {member.size} bytes, but the index says {expected.size}: "
                "pack it again."
            )

    def _unexpected(self, member: Member, wanted: str, position: int) -> BundleError:
        names = [*self._contents, *self.index.parts]
        if member.name not in names:
            return BundleError(f"{member.name} is in the bundle but not in its index: pack it again.")
        if member.name in names[: position + len(self._contents)]:
            return BundleError(f"{member.name} is in the bundle twice: pack it again.")
        return BundleError(f"The bundle has {member.name} where {wanted} belongs: pack it again.")


def open_bundle(stream: BinaryIO, key: PublicKey) -> Bundle:
    """Read the beginning of a bundle, up to its parts.

    Args:
        stream: The bundle; it need not seek.
        key: The owner's.

    Raises:
        BundleError: It is no bundle, not signed by this key, or not in the format.
        OSError: The stream cannot be read, or there is no room for temporary files.
    """
    archive = Archive(stream)
    contents = {name: _read(archive, name, most) for name, most in _BEFORE.items()}
    comment = verify(contents[INDEX], contents[SIGNATURE], key)
    index = parse_index(contents[INDEX])
    if comment != trusted_comment(index):
        raise BundleError(
            f"The signature is for something else ('{_short(comment)}'): "
            f"sign the bundle with the trusted comment '{trusted_comment(index)}'."
        )
    return Bundle(index, contents, archive)


def trusted_comment(index: Index) -> str:
    """Give the comment in the signature, so that nothing else that the owner signs passes for a bundle."""
    return f"saykey bundle {index.format} {index.name}"


def is_name(text: str) -> bool:
    """Say whether the model of a bundle can have this name."""
    return _MODEL_NAME.fullmatch(text) is not None


def parse_index(content: bytes) -> Index:
    """Read the index of a bundle.

    Raises:
        BundleError: It is of another format, or says what cannot be.
    """
    try:
        values = msgspec.json.decode(content.decode())  # all of it: what is passed over must be JSON, too
        _check_format(msgspec.convert(values, _Formatted).format)
        index = msgspec.convert(values, Index)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(
            f"{INDEX} in the bundle is not as it should be ({error}): pack it again."
        ) from error
    if len(content) > _MOST_INDEX:
        raise BundleError(f"{INDEX} in the bundle is too large: use shorter texts.")
    for problem in _problems(index):
        raise BundleError(f"{INDEX} in the bundle {problem}: pack it again.")
    return index


def _check_format(given: int) -> None:
    if given < FORMAT:
        raise BundleError(
            f"The bundle has the format {given} and was made by an older trainer: "
            "pack it again with saykey-trainer pack."
        )
    if given > FORMAT:
        raise BundleError(
            f"The bundle has the format {given}, but this device knows {FORMAT} only: update the device."
        )


def _problems(index: Index) -> Iterator[str]:
    """Say what an index claims that cannot be."""
    parts = index.parts
    if not is_name(index.name):
        yield (
            f"names the model '{_short(index.name)}', which has to be up to {LONGEST_NAME} letters, digits, "
            "dots, dashes and underscores"
        )
    yield from _problems_of_parts(parts)
    if next(iter(parts), None) != MODEL:
        yield f"does not begin with {MODEL}"
    for name in (MANIFEST, index.self_test.file):
        if name not in parts:
            yield f"lacks the part {_short(name)}"
    if index.self_test.most_wrong < 0:
        yield "allows a negative number of wrong words"


def _problems_of_parts(parts: dict[str, FileSum]) -> Iterator[str]:
    if len(parts) > MOST_PARTS:
        yield f"lists {len(parts)} parts, more than {MOST_PARTS}"
    for name, part in parts.items():
        if not NAME.fullmatch(name) or name in _BEFORE:
            yield f"lists '{_short(name)}', which is no name of a part"
        if part.size < 0 or not _SHA256.fullmatch(part.sha256):
            yield f"has no right size or sha256 for {name}"
    if sum(part.size for part in parts.values()) > MOST_BYTES:
        yield f"lists parts of more than {MOST_BYTES >> 30} GiB in all"


def _read(archive: Archive, name: str, most: int) -> bytes:
    member = archive.next()
    if member and name == SIGNATURE and member.name == INDEX:
        raise BundleError("The bundle is not signed: make it with saykey-trainer pack.")
    if member is None or member.name != name:
        found = f"has {member.name}" if member else "ends"
        raise BundleError(f"The bundle {found} where {name} belongs: make it with saykey-trainer pack.")
    if member.size > most:
        raise BundleError(f"{name} in the bundle has {member.size} bytes, more than {most}: pack it again.")
    return b"".join(iter(archive.read, b""))


def _short(text: str) -> str:
    """Give the beginning of a text from a stranger, as what can be printed."""
    return "".join(each if each.isprintable() else "?" for each in text[:80])
