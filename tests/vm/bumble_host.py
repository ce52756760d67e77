"""A host of a Bluetooth keyboard that is not Linux: bumble's stack, which knows nothing of BlueZ."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bumble import att, hci
from bumble.core import UUID
from bumble.device import Device, Peer
from bumble.gatt import GATT_SERVICE_CHANGED_CHARACTERISTIC
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate

from tests.vm.air import ESTABLISHED_WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bumble.device import Connection
    from bumble.gatt_client import CharacteristicProxy

    from tests.vm.radio import Radio

_LIMIT_S = 30.0

# Assigned numbers, 3.8.1 and 3.7.
REPORT_MAP = UUID.from_16_bits(0x2A4B)
REPORT = UUID.from_16_bits(0x2A4D)
_REPORT_REFERENCE = UUID.from_16_bits(0x2908)

# Kinds of reports in the report reference (HID Service 1.0, 2.7.3.1).
_INPUT, _OUTPUT = 1, 2

_MTU = 247


@dataclass(frozen=True, slots=True)
class Arrived:
    """One input report.

    Attributes:
        at_s: When it came, in seconds of the monotonic clock.
        report: Its bytes.
    """

    at_s: float
    report: bytes


class BumbleHost:
    """A host with one keyboard; everything happens in the loop of the air (`Air.do`).

    Args:
        radio: Its controller.
        address: Its random static address.
        bonds: Whether it keeps the keys that pairing gives it, and says so.
        secure: Whether it pairs by Secure Connections. Otherwise it does as before Bluetooth 4.2.

    Attributes:
        address: Its address.
        arrived: The input reports since it subscribed.
        changes: How often the keyboard has said that its services changed.
    """

    def __init__(self, radio: Radio, address: str, *, bonds: bool = True, secure: bool = True) -> None:
        self.address = address
        self.arrived: list[Arrived] = []
        self.changes = 0
        self._device = Device(name="bumble host", address=hci.Address(address), host=Host(radio, radio))
        self._device.keystore = MemoryKeyStore()
        delegate = PairingDelegate(PairingDelegate.NO_OUTPUT_NO_INPUT)
        self._device.pairing_config_factory = lambda _: PairingConfig(
            sc=secure, mitm=False, bonding=bonds, delegate=delegate
        )
        self._keyboard = ""
        self._input_handle = self._changed_handle = 0
        self._ended = asyncio.Event()
        self._ended.set()
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Power it on."""
        await self._device.power_on()

    async def find(self, keyboard: str) -> str:
        """Look for a keyboard's public address; give the name that it advertises."""
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def look(advertisement) -> None:
            name = advertisement.data.get(0x09) or advertisement.data.get(0x08)
            if advertisement.address == _public(keyboard) and name and not found.done():
                found.set_result(str(name))

        self._device.on("advertisement", look)
        await self._device.start_scanning(active=True)
        try:
            return await asyncio.wait_for(found, _LIMIT_S)
        finally:
            self._device.remove_listener("advertisement", look)
            await self._device.stop_scanning()

    async def connect(self, keyboard: str) -> None:
        """Connect to a keyboard's public address, without encrypting; again until a link comes about.

        Raises:
            bumble.core.TimeoutError: It is not advertised.
        """
        self._keyboard = keyboard
        while not await self._is_linked():
            pass

    async def _is_linked(self) -> bool:
        """Connect; say whether the keyboard was still there to take the link."""
        reasons: list[int] = []
        ended = asyncio.Event()

        def end(reason: int) -> None:
            reasons.append(reason)
            ended.set()

        self._connection: Connection = await self._device.connect(_public(self._keyboard), timeout=_LIMIT_S)
        self._connection.on("disconnection", end)
        self._peer, self._ended = Peer(self._connection), ended
        with suppress(TimeoutError):
            interval_s = self._connection.parameters.connection_interval / 1000
            await asyncio.wait_for(ended.wait(), (ESTABLISHED_WITHIN + 1) * interval_s)
        return hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR not in reasons

    async def pair(self) -> bool:
        """Pair, which just works; say whether it was by Secure Connections.

        Raises:
            bumble.core.ProtocolError: The keyboard refused.
            ConnectionAbortedError: The connection ended meanwhile.
        """
        try:
            await self._connection.pair()
        except asyncio.CancelledError:
            if not self._ended.is_set():
                raise
            raise ConnectionAbortedError from None
        return self._connection.sc

    async def discover(self) -> dict[str, list[int]]:
        """Find all that it offers; give the handles of the characteristics, by their short UUIDs."""
        if self._peer.gatt_client.mtu < _MTU:
            await self._peer.request_mtu(_MTU)
        await self._peer.discover_all()
        found: dict[str, list[int]] = {}
        for service in self._peer.services:
            for each in service.characteristics:
                found.setdefault(each.uuid.to_hex_str(), []).append(each.handle)
        return found

    async def read_report_map(self) -> bytes:
        """Read what its reports mean; `discover` must have been."""
        return await self._one(REPORT_MAP).read_value()

    async def subscribe(self) -> None:
        """Subscribe to its input reports, and to changes of its services."""
        for changed in self._peer.get_characteristics_by_uuid(GATT_SERVICE_CHANGED_CHARACTERISTIC):
            self._changed_handle = changed.handle
            await self._peer.subscribe(changed, self._note_change)
        report = await self._report(_INPUT)
        self._input_handle = report.handle
        await self._peer.subscribe(report, self._note)

    async def light(self, leds: int) -> None:
        """Write its output report, as a host does to switch LEDs."""
        await (await self._report(_OUTPUT)).write_value(bytes([leds]))

    async def read_all(self) -> dict[int, bytes | str]:
        """Read every attribute; give its value, or the name of the error, by handle."""
        read: dict[int, bytes | str] = {}
        for attribute in await self._peer.discover_attributes():
            try:
                read[attribute.handle] = await self._peer.read_value(attribute)
            except att.ATT_Error as error:
                read[attribute.handle] = error.error_name
        return read

    async def attributes(self) -> dict[int, UUID]:
        """Find the handles of all attributes; give their types."""
        return {each.handle: each.type for each in await self._peer.discover_attributes()}

    async def ask(self, request: att.ATT_PDU) -> att.ATT_PDU:
        """Send a request of the Attribute Protocol; give the answer, whatever it is."""
        return await self._peer.gatt_client.send_request(request)

    async def tell(self, command: att.ATT_PDU) -> None:
        """Send a command of the Attribute Protocol, which is not answered."""
        await self._peer.gatt_client.send_command(command)

    def note_all(self, handles: Iterable[int]) -> None:
        """Take whatever is notified of these attributes for an input report."""
        for handle in handles:
            self._peer.gatt_client.notification_subscribers[handle] = {self._note}

    async def write(self, handle: int, value: bytes) -> str:
        """Write an attribute; give the name of the error, or nothing."""
        try:
            await self._peer.write_value(handle, value, with_response=True)
        except att.ATT_Error as error:
            return error.error_name
        return ""

    async def disconnect(self) -> None:
        """End the connection."""
        await self._connection.disconnect()

    async def leave(self) -> None:
        """End the connection, if there is one; return when it has ended."""
        if self.has_ended:
            return
        with suppress(hci.HCI_StatusError):  # it ends already
            await self._connection.disconnect()
        await self.wait_until_ended()

    @property
    def has_ended(self) -> bool:
        """Whether there is no connection."""
        return self._ended.is_set()

    async def wait_until_ended(self) -> None:
        """Return when the connection has ended, whoever ended it."""
        await asyncio.wait_for(self._ended.wait(), _LIMIT_S)

    async def reconnect(self, *, subscribes: bool) -> None:
        """Connect again and encrypt with the key that is kept.

        Args:
            subscribes: Whether it discovers and subscribes again, as BlueZ does. Otherwise it relies on what
                it wrote before, as Windows, Android and Apple's hosts do, until the keyboard says that its
                services changed.
        """
        await self.connect(self._keyboard)
        await self._connection.encrypt()
        if subscribes:
            await self.discover()
            await self.subscribe()
        else:
            self._peer.gatt_client.notification_subscribers[self._input_handle] = {self._note}
            self._peer.gatt_client.indication_subscribers[self._changed_handle] = {self._note_change}

    def answer(self, *, answers: bool) -> None:
        """Answer what the keyboard asks of it, as it does by itself, or nothing."""
        server = self._device.gatt_server
        server.on_gatt_pdu = type(server).on_gatt_pdu.__get__(server) if answers else _ignore  # type: ignore[method-assign]

    def forget(self) -> None:
        """Lose the keys."""
        self._device.keystore = MemoryKeyStore()

    def _note(self, report: bytes) -> None:
        self.arrived.append(Arrived(time.monotonic(), bytes(report)))

    def _note_change(self, _: bytes) -> None:
        self.changes += 1
        if self._looking is not None:
            self._looking.cancel()  # it begins anew, as each range of handles that changed is told by itself
        self._looking = asyncio.create_task(self._look_again())

    async def _look_again(self) -> None:
        await self.discover()
        await self.subscribe()

    def _one(self, uuid: UUID) -> CharacteristicProxy[bytes]:
        (found,) = self._peer.get_characteristics_by_uuid(uuid)
        return found

    async def _report(self, kind: int) -> CharacteristicProxy[bytes]:
        for report in self._peer.get_characteristics_by_uuid(REPORT):
            reference = report.get_descriptor(_REPORT_REFERENCE)
            if reference is not None and (await reference.read_value())[1] == kind:
                return report
        raise LookupError(f"the keyboard has no report of kind {kind}")


def _ignore(*_: object) -> None:
    pass


def _public(address: str) -> hci.Address:
    return hci.Address(address, hci.Address.PUBLIC_DEVICE_ADDRESS)
