"""The air between Bluetooth stacks: a controller for each, and links that a test can slow down and break.

Real are the stacks: the kernel and bluetoothd of each guest, and bumble as a host on this machine. Emulated
are their controllers (bumble's, whose features are those of a small board: LE without extended advertising)
and what is between them. An ACL packet waits for the next connection event, is with the peer then, and its
sender is told at once that it was acknowledged. Advertising, connecting and encrypting take no time on the
air. A link that breaks swallows what is sent on it without a word, until both ends give up; so does one that
was asked for of somebody who had just ceased to advertise.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from bumble import hci, link, ll
from bumble.transport.common import StreamPacketSink, StreamPacketSource

from tests.vm.radio import Radio

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bumble import controller
    from bumble.core import PhysicalTransport
    from bumble.transport.common import TransportSink, TransportSource

T = TypeVar("T")

_LIMIT_S = 60.0

ESTABLISHED_WITHIN = 6
"""How many connection intervals a new link has to come about (Bluetooth Core 5.4, 6.B.4.5)."""

_INTERVAL_UNIT_S = 0.00125
"""What connection intervals are counted in (4.E.7.7.65.1)."""


class Ether(link.LocalLink):
    """What carries packets between controllers. All of it happens in one asyncio loop."""

    interval_s = 0.0
    packets_an_event = 4
    supervision_timeout_s = 1.0

    controllers: set[Radio]

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[controller.Connection, hci.HCI_AclDataPacket]] = []
        self._next_event: asyncio.TimerHandle | None = None
        self._broken: set[frozenset[hci.Address]] = set()

    def carry(self, connection: controller.Connection, packet: hci.HCI_AclDataPacket) -> None:
        """Take a packet along at the next connection event."""
        self._waiting.append((connection, packet))
        if not self.interval_s:
            self._hold_event()
        elif self._next_event is None:
            self._expect_event()

    def forsake(self, radio: Radio) -> None:
        """Break all links of a controller.

        What is sent on them from now on reaches nobody and is not acknowledged; when the supervision timeout
        is over, both ends learn that the link is lost.
        """
        for connection in radio.le_connections.values():
            reason = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
            self._break(_ends(connection), self.supervision_timeout_s, reason)

    def send_advertising_pdu(
        self, sender_controller: controller.Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Deliver; who asks in vain for a link is told so.

        That is the case when the advertising ceases between the advertisement and the answer to it, and while
        the other end has not given up an earlier link yet: then both links are given up together.
        """
        if not isinstance(packet, ll.ConnectInd):
            super().send_advertising_pdu(sender_controller, packet)
        elif frozenset((packet.initiator_address, packet.advertiser_address)) not in self._broken:
            super().send_advertising_pdu(sender_controller, packet)
            asyncio.get_running_loop().call_soon(self._look_established, packet)

    def send_acl_data(
        self,
        sender_controller: controller.Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Deliver under the address that the sender has on this link, which need not be its random one."""
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is not None and receiver is not None:
            source = connection.self_address
            asyncio.get_running_loop().call_soon(receiver.on_link_acl_data, source, transport, data)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Deliver at once; on a broken link not at all."""
        is_whole = frozenset((sender_address, receiver_address)) not in self._broken
        if is_whole and self.find_le_controller(receiver_address) is not None:
            super().send_ll_control_pdu(sender_address, receiver_address, packet)

    def _hold_event(self) -> None:
        self._next_event = None
        waiting, self._waiting = self._waiting, []
        sent: Counter[int] = Counter()
        for connection, packet in waiting:
            has_ended = connection.controller.le_connections.get(connection.peer_address) is not connection
            if has_ended or _ends(connection) in self._broken:
                continue
            if self.interval_s and sent[id(connection)] == self.packets_an_event:
                self._waiting.append((connection, packet))
                continue
            sent[id(connection)] += 1
            connection.on_hci_acl_data_packet(packet)
        if self._waiting:
            self._expect_event()

    def _expect_event(self) -> None:
        loop = asyncio.get_running_loop()
        # All links have their events at the same times: the multiples of the interval.
        event_s = (loop.time() // self.interval_s + 1) * self.interval_s
        self._next_event = loop.call_at(event_s, self._hold_event)

    def _look_established(self, asked: ll.ConnectInd) -> None:
        ends = frozenset((asked.initiator_address, asked.advertiser_address))
        if len(self._links(ends)) == 1:
            within_s = ESTABLISHED_WITHIN * asked.interval * _INTERVAL_UNIT_S
            self._break(ends, within_s, hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)

    def _break(self, ends: frozenset[hci.Address], for_s: float, reason: hci.HCI_ErrorCode) -> None:
        if ends not in self._broken:
            self._broken.add(ends)
            asyncio.get_running_loop().call_later(for_s, self._give_up, ends, reason)

    def _give_up(self, ends: frozenset[hci.Address], reason: hci.HCI_ErrorCode) -> None:
        for connection in self._links(ends):
            connection.controller.on_le_disconnected(connection, reason)
        self._broken.discard(ends)

    def _links(self, ends: frozenset[hci.Address]) -> list[controller.Connection]:
        """Give what the radios have of a link: two ends when it is whole."""
        connections = (each for radio in self.controllers for each in radio.le_connections.values())
        return [each for each in connections if _ends(each) == ends]


class Air:
    """The air, for tests that are not asynchronous: it has a thread of its own.

    As a context manager it begins and ends; a radio is named after the stack that has it.
    """

    def __init__(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="air")
        self._is_up = threading.Event()
        self._folder = Path(tempfile.mkdtemp(prefix="air-"))  # a socket's path has room for 108 characters
        self._ether = Ether()
        self._radios: dict[str, Radio] = {}
        self._sockets: list[asyncio.Server] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_up.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._is_over.set)
        self._thread.join()
        shutil.rmtree(self._folder)

    def do(self, work: Coroutine[Any, Any, T], limit_s: float = _LIMIT_S) -> T:
        """Let something asynchronous happen in the air's loop; give what comes of it.

        Raises:
            TimeoutError: Nothing came of it in time.
        """
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, limit_s), self._loop).result()

    def socket(self, name: str, address: str) -> Path:
        """Give a Unix socket; whoever connects to it speaks with a new controller of this public address."""
        path = self._folder / name

        def plug() -> _Wire:
            return _Wire(lambda source, sink: self._add(name, address, source, sink))

        async def listen() -> None:
            self._sockets.append(await self._loop.create_unix_server(plug, str(path)))

        self.do(listen())
        return path

    def radio(self, name: str, address: str) -> Radio:
        """Give a controller for a stack that runs in the air's loop."""

        async def make() -> Radio:
            return self._add(name, address)

        return self.do(make())

    def set_interval(self, interval_s: float) -> None:
        """Set how far the connection events of all links are apart; 0 lets everything pass at once."""

        async def change() -> None:
            self._ether.interval_s = interval_s

        self.do(change())

    def lose_links(self, name: str) -> None:
        """Break all links of a radio; both ends are told after the supervision timeout."""

        async def lose() -> None:
            self._ether.forsake(self._radios[name])

        self.do(lose())

    def _add(
        self,
        name: str,
        address: str,
        source: TransportSource | None = None,
        sink: TransportSink | None = None,
    ) -> Radio:
        radio = Radio(name, source, sink, self._ether, address)
        self._radios[name] = radio
        return radio

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_over = asyncio.Event()
        self._is_up.set()
        await self._is_over.wait()
        for server in self._sockets:
            server.close()
        for radio in self._ether.controllers:
            radio.le_legacy_advertiser.stop()


class _Wire(StreamPacketSource):
    """One stack's connection to its controller."""

    def __init__(self, plug: Callable[[TransportSource, TransportSink], Radio]) -> None:
        super().__init__()
        self._plug = plug
        self._radio: Radio | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._radio = self._plug(self, StreamPacketSink(transport))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._radio is not None:
            self._radio.host = None
            self._radio.fall_silent()
            self._radio.link.remove_controller(self._radio)


def _ends(connection: controller.Connection) -> frozenset[hci.Address]:
    """Name a link by the addresses of both its ends."""
    return frozenset((connection.self_address, connection.peer_address))
