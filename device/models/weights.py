"""The file of weights, `model.bin`: its table of contents, read and written without touching the weights.

The format is CTranslate2's own, version 6, little-endian (ctranslate2/specs/model_spec.py, `_serialize`):
version, kind of model, revision; then each variable with its name, shape, type and bytes; then aliases.
Strings carry their length and a closing zero, both counted.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from device.errors import ModelError
from device.models.files import unreadable

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 6
"""The only version in which CTranslate2 ever wrote a Whisper model."""

TYPES = {"float32": 4, "int8": 1, "int16": 2, "int32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of one element by type, in the order of CTranslate2's type numbers."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the model.

    Attributes:
        name: Its path in the model, as in "encoder/conv1/weight".
        shape: Its dimensions; none for a scalar.
        type: One of `TYPES`.
        offset: Where its bytes begin in the file.
    """

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int = 0

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return math.prod(self.shape) * TYPES[self.type]

    def header(self) -> bytes:
        """Give what stands before its bytes in the file."""
        shape = struct.pack(f"<B{len(self.shape)}I", len(self.shape), *self.shape)
        return _string(self.name) + shape + struct.pack("<BI", list(TYPES).index(self.type), self.size)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in the file.

    Attributes:
        kind: CTranslate2's name for the kind of model, as in "WhisperSpec".
        revision: Version of that kind's layout.
        variables: In the order of the file, which is that of their names.
        aliases: Pairs of another name and the variable that it stands for.
    """

    kind: str
    revision: int
    variables: tuple[Variable, ...]
    aliases: tuple[tuple[str, str], ...]

    def head(self) -> bytes:
        """Give what stands before the first variable."""
        return (
            struct.pack("<I", VERSION)
            + _string(self.kind)
            + struct.pack("<II", self.revision, len(self.variables))
        )

    def tail(self) -> bytes:
        """Give what stands after the last variable."""
        pairs = b"".join(_string(alias) + _string(name) for alias, name in self.aliases)
        return struct.pack("<I", len(self.aliases)) + pairs

    @property
    def size(self) -> int:
        """The length of the whole file in bytes."""
        variables = sum(len(variable.header()) + variable.size for variable in self.variables)
        return len(self.head()) + variables + len(self.tail())


def read_contents(path: Path) -> Contents:
    """Read the table of contents, and hold it to the length of the file.

    Raises:
        ModelError: The file cannot be read, is cut short, is damaged, or is no `model.bin` of version 6.
    """
    try:
        with path.open("rb") as file:
            contents = _Walk(path, file).contents()
            length = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise unreadable(path, error) from error
    if contents.size != length:
        raise _damaged(path, f"{length - contents.size} bytes follow its end")
    return contents


class _Walk:
    """Goes from header to header, over the weights."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._length = os.fstat(file.fileno()).st_size

    def contents(self) -> Contents:
        self._check_version()
        kind, revision = self._text(), self._number("I")
        variables = tuple(self._variable() for _ in range(self._number("I")))
        names = {variable.name for variable in variables}
        aliases = tuple((self._text(), self._text()) for _ in range(self._number("I")))
        if any(name not in names for _, name in aliases):
            raise _damaged(self._path, "its list of aliases names what it does not have")
        return Contents(kind, revision, variables, aliases)

    def _check_version(self) -> None:
        start = self._file.read(4)
        self._file.seek(0)
        if start == b"vers":
            raise ModelError(
                f"{self._path} only says where Git LFS keeps the weights: run git lfs pull in its folder."
            )
        version = self._number("I")
        if VERSION < version < 100:
            raise ModelError(
                f"{self._path} is of a newer CTranslate2: update Saykey, or convert the model again."
            )
        if version != VERSION:
            raise ModelError(
                f"{self._path} is damaged, or no CTranslate2 model: fetch or convert the model again."
            )

    def _variable(self) -> Variable:
        name = self._text()
        shape = tuple(self._number("I") for _ in range(self._number("B")))
        kind = self._number("B")
        if kind >= len(TYPES):
            raise _damaged(self._path, f"'{name}' has an unknown type")
        size = self._number("I")
        variable = Variable(name, shape, list(TYPES)[kind], self._file.tell())
        if variable.size != size:
            raise _damaged(self._path, f"'{name}' has another size than its shape says")
        self._reach(size)
        self._file.seek(size, os.SEEK_CUR)
        return variable

    def _number(self, form: str) -> int:
        number: int = struct.unpack("<" + form, self._bytes(struct.calcsize("<" + form)))[0]
        return number

    def _text(self) -> str:
        text = self._bytes(self._number("H"))
        if not text.endswith(b"\0"):
            raise _damaged(self._path, "one of its names has no end")
        try:
            return text[:-1].decode()
        except UnicodeDecodeError as error:
            raise _damaged(self._path, "one of its names is no text") from error

    def _bytes(self, count: int) -> bytes:
        self._reach(count)
        return self._file.read(count)

    def _reach(self, count: int) -> None:
        missing = self._file.tell() + count - self._length
        if missing > 0:
            raise _damaged(self._path, f"it ends after {self._length} bytes, at least {missing} too early")


def _string(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def _damaged(path: Path, how: str) -> ModelError:
    return ModelError(f"{path} is damaged ({how}): fetch or convert the model again.")
