"""From float weights to int8, once, so that every later start loads a file half the size at once.

The result is what CTranslate2 makes in memory when it loads float weights with `compute_type="int8"`, bit
for bit. Its own converter makes the two convolutions int8 as well: that costs accuracy of the encoder's
output and was not faster, so they stay as they are, like all that is no matrix. Rows are converted a few at a
time: a device with 512 MB can convert a model that is larger than its memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Protocol

import numpy as np

from device.errors import ModelError
from device.models.weights import Contents, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

Progress = Callable[[str, float], None]
"""Told what is being done, and how much of it is, 0 to 1."""

_CHUNK = 1 << 20
"""Bytes that are read at a time: what they become fits in the memory of any board."""

_FLOATS = ("float32", "float16")


class Sink(Protocol):
    """Takes bytes: an open file, or one that sums what it takes."""

    def write(self, data: bytes) -> object:
        """Take some bytes, all of them."""


def quantization(contents: Contents) -> str:
    """Give the type of the model's matrices, as in "float16" or "int8".

    Raises:
        ModelError: They are of several types.
    """
    types = {variable.type for variable in contents.variables if _is_matrix(variable)}
    if len(types) != 1:
        raise ModelError(
            f"The model's weights are of several types ({', '.join(sorted(types)) or 'none'}): "
            "convert it again with ct2-transformers-converter --quantization float16."
        )
    return types.pop()


def as_int8(contents: Contents) -> Contents:
    """Give the contents that the model has once it is int8.

    Raises:
        ModelError: Its weights are of a type that cannot be made int8.
    """
    kind = quantization(contents)
    if kind == "int8":
        return contents
    if kind not in _FLOATS:
        raise ModelError(
            f"The model's weights are {kind}, from which int8 cannot be made without loss: "
            "convert it again with ct2-transformers-converter --quantization float16."
        )
    variables = (new for variable in contents.variables for new in _int8_variables(variable))
    return replace(contents, variables=tuple(variables))


def write_int8(source: Path, contents: Contents, sink: Sink, progress: Progress) -> None:
    """Write the model as int8.

    Args:
        source: The `model.bin` to read.
        contents: What is in it.
        sink: Takes the new file from its first byte to its last.
        progress: Told how far it is.

    Raises:
        ModelError: Its weights are of a type that cannot be made int8.
        OSError: The file cannot be read, or the sink cannot take what is written.
    """
    target = as_int8(contents)
    total = max(1, sum(variable.size for variable in contents.variables))
    done = 0
    sink.write(target.head())
    with source.open("rb") as file:
        for variable in contents.variables:
            if _is_matrix(variable) and variable.type in _FLOATS:
                _write_matrix(file, variable, sink)
            else:
                sink.write(variable.header())
                for chunk in _chunks(file, variable, _CHUNK):
                    sink.write(chunk)
            done += variable.size
            progress("converting to int8", done / total)
    sink.write(target.tail())


def _is_matrix(variable: Variable) -> bool:
    """Say whether CTranslate2 multiplies by it as int8: its rule for Whisper (src/models/whisper.cc)."""
    is_weight = variable.name.endswith("weight") and "conv" not in variable.name
    return is_weight and len(variable.shape) == 2 and variable.size > 0


def _int8_variables(variable: Variable) -> tuple[Variable, ...]:
    if not _is_matrix(variable):
        return (variable,)
    scale = Variable(f"{variable.name}_scale", variable.shape[:1], "float32")
    return replace(variable, type="int8"), scale


def _write_matrix(file: BinaryIO, variable: Variable, sink: Sink) -> None:
    weight, scale = _int8_variables(variable)
    columns = variable.size // variable.shape[0]
    scales = []
    sink.write(weight.header())
    for chunk in _chunks(file, variable, max(1, _CHUNK // columns) * columns):
        rows = np.frombuffer(chunk, np.dtype(variable.type).newbyteorder("<"))
        quantised, row_scales = _quantise(rows.reshape(-1, variable.shape[1]).astype(np.float32))
        sink.write(quantised.tobytes())
        scales.append(row_scales)
    sink.write(scale.header())
    sink.write(np.concatenate(scales).astype("<f4").tobytes())


def _quantise(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Scale each row so that its largest weight is 127 (ctranslate2/specs/model_spec.py, `_quantize`)."""
    largest = np.abs(rows).max(axis=1)
    largest[largest == 0] = 127
    # The scale of a row of tiny weights must not overflow.
    largest = np.maximum(largest, np.float32(127) / np.finfo(np.float32).max)
    scales = np.float32(127) / largest
    return np.rint(rows * scales[:, np.newaxis]).astype(np.int8), scales


def _chunks(file: BinaryIO, variable: Variable, size: int) -> Iterator[bytes]:
    file.seek(variable.offset)
    for start in range(0, variable.size, size):
        yield file.read(min(size, variable.size - start))
