"""What the kernel shows on its monitor channel, made by hand."""

from __future__ import annotations

import struct

TX, RX = 4, 5


def frame(opcode: int, payload: bytes = b"", index: int = 0) -> bytes:
    return struct.pack("<HHH", opcode, index, len(payload)) + payload


def pdu(payload: bytes, channel: int = 4) -> bytes:
    return struct.pack("<HH", len(payload), channel) + payload


def packets(whole: bytes, handle: int, *, index: int = 0, opcode: int = TX, size: int = 27) -> list[bytes]:
    """Cut a PDU into ACL packets as a controller takes them."""
    first = 0 if opcode == TX else 2
    return [
        frame(
            opcode,
            struct.pack("<HH", handle | (1 if at else first) << 12, len(whole[at : at + size]))
            + whole[at : at + size],
            index,
        )
        for at in range(0, len(whole), size)
    ]


def notification(value: bytes) -> bytes:
    return pdu(b"\x1b\x2a\x00" + value)


def notifications(*values: bytes) -> bytes:
    return pdu(b"\x23" + b"".join(struct.pack("<HH", 42, len(value)) + value for value in values))


def event(code: int, parameters: bytes, index: int = 0) -> bytes:
    return frame(3, bytes((code, len(parameters))) + parameters, index)


def completed(*counts: tuple[int, int], index: int = 0) -> bytes:
    """Number Of Completed Packets, for (handle, packets)."""
    pairs = b"".join(struct.pack("<HH", *each) for each in counts)
    return event(0x13, bytes((len(counts),)) + pairs, index)


def disconnected(handle: int, index: int = 0, status: int = 0) -> bytes:
    return event(0x05, struct.pack("<BHB", status, handle, 0x08), index)


def connected(handle: int, index: int = 0, subevent: int = 0x0A) -> bytes:
    return event(0x3E, struct.pack("<BBHB", subevent, 0, handle, 1) + bytes(20), index)


def pairing_request(authentication: int) -> bytes:
    return pdu(bytes((0x01, 0x03, 0x00, authentication, 0x10, 0x01, 0x01)), 6)
