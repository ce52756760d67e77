"""Computers around a Bluetooth keyboard, and what BlueZ and the kernel do between them and it."""

from __future__ import annotations

import asyncio
import socket

from device.hardware.gatt import INPUT
from device.hardware.hci_monitor import HciMonitor
from device.hardware.radio import Peer, Radio
from tests.hardware.hci_frames import completed, connected, disconnected, notification, packets


class Air:
    """BlueZ, the kernel and the controller; what the keyboard asks of BlueZ is noted."""

    def __init__(self, *, has_monitor: bool = True) -> None:
        self.computers: list[Computer] = []
        self.registered_again = 0
        self.disconnected: list[str] = []
        self.values: dict[str, bytes] = {}
        self.keyboard = None
        self.monitor: HciMonitor | None = None
        self.handles = 0x40
        self._kernel: socket.socket | None = None
        if has_monitor:
            ours, self._kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.settimeout(0)
            self.monitor = HciMonitor(ours)
            self.monitor.start(asyncio.get_running_loop())

    def register_again(self) -> None:
        self.registered_again += 1

    def disconnect(self, path: str) -> None:
        self.disconnected.append(path)
        for computer in self.computers:
            if computer.path == path:
                computer.go()

    def set_value(self, key: str, value: bytes) -> None:
        self.values[key] = value

    def show(self, *frames: bytes) -> None:
        if self._kernel is not None:
            for frame in frames:
                self._kernel.send(frame)

    def tell(self) -> None:
        """Tell the keyboard who is there."""
        if self.keyboard is not None:
            peers = tuple(computer.peer for computer in self.computers if computer.is_known)
            self.keyboard.changed(Radio(peers=peers))

    def close(self) -> None:
        for computer in self.computers:
            computer.end_links()
        if self.monitor is not None:
            self.monitor.close()
        if self._kernel is not None:
            self._kernel.close()


class Computer:
    """A bonded host, which acknowledges what it hears, unless it is out of reach."""

    def __init__(self, air: Air, name: str) -> None:
        self.air, self.name = air, name
        self.path = f"/org/bluez/hci0/dev_{name}"
        self.address = f"C0:FF:EE:00:00:{len(air.computers):02X}"
        self.is_connected = False
        self.is_bonded = True
        self.is_known = True
        self.is_read = True  # bluetoothd reads what is written for it
        self.is_answering = True
        self.received: list[bytes] = []
        self.on_air: list[bytes] = []
        self.on_receive = self.received.append
        self._links: list[socket.socket] = []
        self._handle = 0
        air.computers.append(self)

    @property
    def peer(self) -> Peer:
        return Peer(self.path, self.address, self.name, self.is_connected, self.is_bonded)

    def come(self, *keys: str) -> None:
        """Connect, and subscribe."""
        self.connect()
        for key in keys or (INPUT,):
            self.subscribe(key)

    def connect(self) -> None:
        self.is_connected = self.is_answering = True
        self.air.handles += 1
        self._handle = self.air.handles
        self.air.show(connected(self._handle))
        self.air.tell()

    def subscribe(self, key: str = INPUT) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        theirs.settimeout(0)
        self._links.append(theirs)
        asyncio.get_running_loop().add_reader(theirs, self._read, theirs)
        self.air.keyboard.subscribed(self.path, key, ours)

    def write(self, key: str, *values: int) -> None:
        self.air.keyboard.written(self.path, key, bytes(values))

    def read_again(self) -> None:
        """Have bluetoothd go on."""
        self.is_read = True
        for link in self._links:
            asyncio.get_running_loop().add_reader(link, self._read, link)

    def _read(self, link: socket.socket) -> None:
        if not self.is_read:
            asyncio.get_running_loop().remove_reader(link)
            return
        try:
            report = link.recv(64)
        except OSError:
            report = b""
        if not report:
            asyncio.get_running_loop().remove_reader(link)
            self._links.remove(link)
            link.close()
            return
        self.on_air.append(report)
        self.air.show(*packets(notification(report), self._handle))
        if self.is_answering:
            self.answer()

    def answer(self, count: int | None = None) -> None:
        """Acknowledge what is on the air."""
        for report in self.on_air[:count]:
            self.on_receive(report)
            self.air.show(completed((self._handle, 1)))
        del self.on_air[:count]

    def end_links(self) -> None:
        """Have bluetoothd end the subscriptions."""
        for link in self._links:
            asyncio.get_running_loop().remove_reader(link)
            link.close()
        self._links.clear()

    def go(self, *, is_told_first: bool = False) -> None:
        """End the connection. What is on the air is lost."""
        self.on_air.clear()
        self.is_connected = False
        self.air.show(disconnected(self._handle))
        if is_told_first:
            self.air.tell()
            self.end_links()
        else:
            self.end_links()
            self.air.tell()
