"""A reader of flattened device trees, as the Devicetree Specification 0.4 has them in chapter 5."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


def read(file: Path) -> dict[str, dict[str, bytes]]:
    """Give each node's properties by the node's path, such as "/soc/usb@7e980000"."""
    content = file.read_bytes()
    magic, _, structure, strings = struct.unpack_from(">4I", content)
    assert magic == 0xD00DFEED
    path, nodes, at = [], {}, structure
    while True:
        (token,) = struct.unpack_from(">I", content, at)
        at += 4
        if token == BEGIN_NODE:
            name = _text(content, at)
            at += _aligned(len(name) + 1)
            path.append(name)
            nodes["/".join(path) or "/"] = {}
        elif token == END_NODE:
            path.pop()
        elif token == PROP:
            length, name = struct.unpack_from(">2I", content, at)
            nodes["/".join(path) or "/"][_text(content, strings + name)] = content[at + 8 : at + 8 + length]
            at += 8 + _aligned(length)
        elif token == END:
            return nodes
        else:
            assert token == NOP


def texts(value: bytes) -> list[str]:
    """Give the strings of a property."""
    return value.decode().rstrip("\0").split("\0")


def _text(content: bytes, at: int) -> str:
    return content[at : content.index(b"\0", at)].decode()


def _aligned(length: int) -> int:
    return (length + 3) & ~3
