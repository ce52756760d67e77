"""The weights in an ONNX file, read as what it is: a protobuf message (onnx.proto3; protobuf.dev, Encoding).

onnxruntime would take 30 MB of memory, and as long to start as the speech model to load, for one network of
1 MB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_VARINT, _LENGTH = 0, 2
_SIZES = {1: 8, 5: 4}
"""Wire types: a number, bytes after their count, and bytes of fixed count."""

_FLOAT = 1
"""TensorProto.DataType."""


def read_weights(file: Path) -> dict[str, NDArray[np.float32]]:
    """Give the named float32 tensors that a network was trained to, its initializers.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no ONNX file, or damaged.
    """
    weights = {}
    for field in _fields(memoryview(file.read_bytes())):
        match field:
            case 7, memoryview() as graph:
                for part in _fields(graph):
                    match part:
                        case 5, memoryview() as initializer:
                            weights.update(_tensor(initializer))
    return weights


def _tensor(message: memoryview) -> dict[str, NDArray[np.float32]]:
    """Give a tensor under its name, or nothing if it holds other numbers than float32."""
    name, kind, shape, raw = "", 0, [], memoryview(b"")
    for field in _fields(message):
        match field:
            case 1, int() as length:
                shape.append(length)
            case 2, int() as kind:
                pass
            case 8, memoryview() as text:
                name = str(text, "utf-8")
            case 9, memoryview() as raw:
                pass
    return {name: np.frombuffer(raw, "<f4").reshape(shape)} if kind == _FLOAT else {}


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Give number and content of each field of a message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire_type == _LENGTH:
            size, at = _varint(message, at)
        elif wire_type in _SIZES:
            size = _SIZES[wire_type]
        else:
            raise ValueError(f"no field has the wire type {wire_type}")
        if at + size > len(message):
            raise ValueError("the message is cut short")
        yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Give the number of up to 64 bits that begins at an index, and the index behind it."""
    value = 0
    for count, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, at + count + 1
    raise ValueError("a number has no end")
