"""What became of reports on the air, read off what passes between the kernel and its Bluetooth controllers.

A report is on its way when an ACL packet that carries it as a notification is given to the controller, and it
is the host's when the controller has counted that packet as completed: in Low Energy that is when the other
end's link layer has acknowledged it (Core 5.4, volume 4, part E, 4.1.1 and 7.7.19). What a link that ends has
not counted is lost, but for one gap: what the host acknowledged in the very last moment counts as lost too.
Pure, and as frames come from everywhere: one that is cut or senseless is passed over.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FRAME = struct.Struct("<HHH")
"""Opcode, index of the controller, length of what follows (the kernel's hci_mon.h, hci_mon_hdr)."""

_EVENT, _ACL_TX, _ACL_RX = 3, 4, 5
_STARTS_ANEW = frozenset((0, 1, 8, 9))
"""Opcodes: a controller was added, removed, opened, or closed (hci_mon.h)."""

_DISCONNECTED, _COMPLETED, _LE_META = 0x05, 0x13, 0x3E
"""Event codes (Core 5.4, volume 4, part E, 7.7.5, 7.7.19 and 7.7.65)."""

_LE_CONNECTED = frozenset((0x01, 0x0A, 0x29))
"""LE Connection Complete, Enhanced Connection Complete and its version 2 (7.7.65.1 and 7.7.65.10)."""

_CONTINUED = 1
"""Packet boundary flag of every fragment but a first one (Core 5.4, volume 4, part E, 5.4.2)."""

_ATT, _SMP = 4, 6
"""Fixed L2CAP channels of Low Energy (Core 5.4, volume 3, part A, 2.1)."""

_LONGEST_PDU = 517
"""Bytes: an attribute's 512 and what goes before them (BlueZ's src/shared/att-types.h, BT_ATT_MAX_LE_MTU)."""

_NOTIFICATION, _NOTIFICATIONS = 0x1B, 0x23
"""Handle Value Notification, and several in one (Core 5.4, volume 3, part F, 3.4.7.1 and 3.4.7.4)."""

_REQUESTS = frozenset((*range(0x02, 0x1A, 2), 0x20))
_RESPONSES = frozenset((0x01, *(request + 1 for request in _REQUESTS)))
"""What asks, and what answers. One is open at most (Core 5.4, volume 3, part F, 3.3.2 and 3.4.8)."""

_REPORT_BYTES = 8

_PAIRING_REQUEST, _PAIRING_REQUEST_BYTES, _SECURE_CONNECTIONS = 0x01, 7, 0x08
"""Code, length and the bit of its byte AuthReq (Core 5.4, volume 3, part H, 3.5.1)."""

_MOST_LINKS = 64
"""More than any controller keeps; the oldest is forgotten."""

_ARRIVED, _LOST = True, False


@dataclass(eq=False, slots=True)
class Expected:
    """A report of which news is wanted.

    Attributes:
        report: Its bytes.
        settle: Called once: whether the host has it.
    """

    report: bytes
    settle: Callable[[bool], object]


class _Fragments:
    """Puts the PDUs of the channels that matter together again, for one direction of a link."""

    def __init__(self) -> None:
        self._part: bytes | None = None

    def add(self, fragment: bytes, *, is_first: bool) -> tuple[int, bytes]:
        """Give channel and PDU that this fragment completes; channel 0 where it completes none."""
        if is_first:
            part = fragment
        elif self._part is None:
            return 0, b""
        else:
            part = self._part + fragment
        self._part = part
        if len(part) >= 4:
            length, channel = struct.unpack_from("<HH", part)
            if channel not in (_ATT, _SMP) or length > _LONGEST_PDU:
                self._part = None
            elif len(part) >= 4 + length:
                self._part = None
                return channel, part[4 : 4 + length]
        return 0, b""


@dataclass(eq=False, slots=True)
class _Link:
    sent: int = 0
    completed: int = 0
    on_air: deque[tuple[int, Expected]] = field(default_factory=deque)  # with the number of the last packet
    ours: _Fragments = field(default_factory=_Fragments)
    theirs: _Fragments = field(default_factory=_Fragments)
    requests: int = 0  # that bluetoothd has sent
    is_asked: bool = False  # the last of them is not answered


class Receipts:
    """Follows every link, and tells what became of the reports that are expected on any of them.

    Attributes:
        secure_connections: Whether the latest request to pair asked for LE Secure Connections, if there was
            one that could be read.
    """

    def __init__(self) -> None:
        self.secure_connections: bool | None = None
        self._expected: deque[Expected] = deque()
        self._links: dict[tuple[int, int], _Link] = {}  # by controller and connection handle

    @property
    def unanswered(self) -> frozenset[tuple[int, int, int]]:
        """The requests of bluetoothd's that hosts have not answered: controller, link, and number on it."""
        return frozenset((*key, link.requests) for key, link in self._links.items() if link.is_asked)

    def expect(self, report: bytes, settle: Callable[[bool], object]) -> Expected:
        """Look out for a report that is about to be sent. Equal ones are told apart by their order."""
        expected = Expected(report, settle)
        self._expected.append(expected)
        return expected

    def forget(self, expected: Expected) -> None:
        """Look out no more for a report that has not been seen yet."""
        if expected in self._expected:
            self._expected.remove(expected)

    def feed(self, frame: bytes) -> None:
        """Take in one frame of the monitor channel."""
        if len(frame) < _FRAME.size:
            return
        opcode, index, _ = _FRAME.unpack_from(frame)
        if opcode in (_ACL_TX, _ACL_RX):
            self._packet(index, frame, is_ours=opcode == _ACL_TX)
        elif opcode == _EVENT:
            self._event(index, frame)
        elif opcode in _STARTS_ANEW:
            for key in [key for key in self._links if key[0] == index]:
                self._end(key)

    def end(self) -> None:
        """Give up: what is not the host's by now counts as lost."""
        for key in list(self._links):
            self._end(key)
        while self._expected:
            self._expected.popleft().settle(_LOST)

    def _packet(self, index: int, frame: bytes, *, is_ours: bool) -> None:
        if len(frame) < 10:
            return
        (word,) = struct.unpack_from("<H", frame, 6)
        link = self._link((index, word & 0xFFF))
        fragments = link.ours if is_ours else link.theirs
        channel, pdu = fragments.add(frame[10:], is_first=word >> 12 & 3 != _CONTINUED)
        code = pdu[0] if channel == _ATT and pdu else None
        if is_ours:
            link.sent += 1
            if code in _REQUESTS:
                link.requests += 1
                link.is_asked = True
            elif code is not None:
                for value in _notified(pdu):
                    self._send(link, value)
        elif code in _RESPONSES:
            link.is_asked = False
        elif channel == _SMP and pdu[:1] == bytes((_PAIRING_REQUEST,)):
            is_whole = len(pdu) == _PAIRING_REQUEST_BYTES
            self.secure_connections = bool(pdu[3] & _SECURE_CONNECTIONS) if is_whole else None

    def _send(self, link: _Link, value: bytes) -> None:
        for expected in self._expected:
            if expected.report == value:
                self._expected.remove(expected)
                link.on_air.append((link.sent, expected))
                return

    def _event(self, index: int, frame: bytes) -> None:
        code = frame[6] if len(frame) > 8 else 0
        if code == _COMPLETED:
            for at in range(9, min(len(frame) - 3, 9 + 4 * frame[8]), 4):
                handle, packets = struct.unpack_from("<HH", frame, at)
                self._complete((index, handle & 0xFFF), packets)
        elif code == _DISCONNECTED and len(frame) >= 11 and not frame[8]:
            self._end((index, int.from_bytes(frame[9:11], "little") & 0xFFF))
        elif code == _LE_META and frame[8] in _LE_CONNECTED and len(frame) >= 12 and not frame[9]:
            self._end((index, int.from_bytes(frame[10:12], "little") & 0xFFF))

    def _complete(self, key: tuple[int, int], packets: int) -> None:
        link = self._links.get(key)
        if link is None:
            return
        # Packets from before we listened may be counted too.
        link.completed = min(link.completed + packets, link.sent)
        while link.on_air and link.on_air[0][0] <= link.completed:
            link.on_air.popleft()[1].settle(_ARRIVED)

    def _link(self, key: tuple[int, int]) -> _Link:
        link = self._links.get(key)
        if link is None:
            if len(self._links) >= _MOST_LINKS:
                self._end(next(iter(self._links)))
            link = self._links[key] = _Link()
        return link

    def _end(self, key: tuple[int, int]) -> None:
        link = self._links.pop(key, None)
        for _, expected in link.on_air if link else ():
            expected.settle(_LOST)


def _notified(pdu: bytes) -> Iterator[bytes]:
    """Give the values of a report's length that a PDU notifies."""
    code = pdu[0] if pdu else 0
    if code == _NOTIFICATION and len(pdu) == 3 + _REPORT_BYTES:
        yield pdu[3:]
    at = 1 if code == _NOTIFICATIONS else len(pdu)
    while at + 4 <= len(pdu):
        _, length = struct.unpack_from("<HH", pdu, at)
        at += 4 + length
        if length == _REPORT_BYTES and at <= len(pdu):
            yield pdu[at - length : at]
