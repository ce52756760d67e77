"""The kernel's monitor channel, on which it shows all traffic with its Bluetooth controllers.

Opening it takes CAP_NET_RAW, which is given up at once. What is read stays in this process and is not kept:
the traffic carries the keys that are typed.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from device.hardware.receipts import Receipts

if TYPE_CHECKING:
    from typing import Self

_AF_BLUETOOTH, _BTPROTO_HCI = 31, 1
"""By number: not every Python was built where Bluetooth's headers are (the kernel's bluetooth.h)."""

_EVERY_CONTROLLER, _MONITOR = 0xFFFF, 2
"""HCI_DEV_NONE and HCI_CHANNEL_MONITOR (the kernel's hci_sock.h)."""

_CAP_NET_RAW = 13
_CAPABILITY_VERSION_3 = 0x20080522
"""The kernel's capability.h."""

_LONGEST_FRAME = 4096
"""Bytes; of longer ones, the beginning is enough."""

_BUFFER_BYTES = 1 << 20
"""The kernel drops frames that do not fit, and gives less than this where net.core.rmem_max is less."""


class HciMonitor:
    """Tells of reports whether a host has them: see `device.hardware.receipts`."""

    def __init__(self, channel: socket.socket) -> None:
        """Take a socket that gives one frame at each read, and does not block."""
        self._channel = channel
        self._receipts = Receipts()
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def open(cls) -> Self | None:
        """Open the channel, or give none where this process may not, or the kernel has no Bluetooth.

        Afterwards this thread has CAP_NET_RAW no more, nor have those that it starts: call this first.
        """
        channel = None
        try:
            channel = socket.socket(_AF_BLUETOOTH, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _BTPROTO_HCI)
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            _bind(channel)
        except OSError:
            if channel is not None:
                channel.close()
            return None
        finally:
            give_up_net_raw()
        return cls(channel)

    def again(self) -> HciMonitor:
        """Give another one of the same channel, which cannot be opened any more. Only one may be started."""
        return HciMonitor(self._channel.dup())

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read what the kernel shows from now on.

        What it showed before has gaps where there was no room for it, and would be miscounted.
        """
        with suppress(OSError):
            while self._channel.recv(_LONGEST_FRAME):
                pass
        self._loop = loop
        loop.add_reader(self._channel, self.catch_up)

    def expect(self, report: bytes) -> asyncio.Future[bool]:
        """Give what becomes true when a host's link layer has a report that was just written.

        It becomes false when the link that carries the report ends before. A report that never gets as far
        as a controller is waited for until the future is cancelled.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        expected = self._receipts.expect(
            report, lambda arrived: None if future.done() else future.set_result(arrived)
        )
        future.add_done_callback(lambda _: self._receipts.forget(expected))
        return future

    @property
    def secure_connections(self) -> bool | None:
        """Whether the latest request to pair asked for LE Secure Connections; none if nothing was seen."""
        self.catch_up()
        return self._receipts.secure_connections

    @property
    def unanswered(self) -> frozenset[tuple[int, int, int]]:
        """The requests of bluetoothd's that hosts have not answered; equal are the same ones only."""
        self.catch_up()
        return self._receipts.unanswered

    def catch_up(self) -> None:
        """Take in all that the kernel has shown so far."""
        while self._channel.fileno() >= 0:
            try:
                frame = self._channel.recv(_LONGEST_FRAME)
            except OSError:  # mostly: there is no more
                return
            if not frame:
                self.close()
            self._receipts.feed(frame)

    def close(self) -> None:
        """Close the channel. What is not known to be a host's counts as lost."""
        if self._loop is not None and self._channel.fileno() >= 0:
            self._loop.remove_reader(self._channel)
        self._channel.close()
        self._receipts.end()


def _bind(channel: socket.socket) -> None:
    """Bind to the monitor channel; Python's own `bind` names a channel only since 3.14."""
    address = struct.pack("=HHH", _AF_BLUETOOTH, _EVERY_CONTROLLER, _MONITOR)
    if ctypes.CDLL(None, use_errno=True).bind(channel.fileno(), address, len(address)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def give_up_net_raw() -> None:
    """Take CAP_NET_RAW from this thread and those that it starts; what is in no other set is not ambient."""
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable, and the same for capabilities from 32 on (capset(2)).
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) == 0:
        for which in range(3):
            sets[which] &= ~(1 << _CAP_NET_RAW)
        libc.capset(header, sets)
