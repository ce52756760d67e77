"""Bluetooth through BlueZ: the keyboard's services, who may find it and pair, and what becomes of it.

One task brings bluetoothd to what is wanted, and begins again whenever something changed: so it does not
matter in which order adapter, bluetoothd and wishes come and go. Only this file and `bluez_setup`,
`bluez_agent`, `bluez_objects`, `bluetoothd`, `gatt_objects` and `glib_thread` know of D-Bus.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from device.hardware.bluetoothd import Bluetoothd
from device.hardware.bluez_objects import ADAPTER, DEVICE
from device.hardware.bluez_setup import NO_ADAPTER, NO_BLUETOOTHD, BluezSetup, RadioError
from device.hardware.glib_thread import BusError
from device.hardware.radio import Listener, PairingRequest, Peer, Radio

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Sequence

    from device.hardware.gatt import Service

__all__ = ["Bluez", "Listener", "PairingRequest", "Peer", "Radio"]

_log = logging.getLogger(__name__)

RETRY_S = 5.0
"""Time between two tries where nothing tells that it is worth one, as when rfkill lets go of an adapter."""

PAUSE_S = 0.2
"""The least time between two tries. bluetoothd tells of what it tries in vain: each try would be the cause of
the next one."""

_FORBIDDEN = "D-Bus does not let this user speak with BlueZ; run: usermod -aG bluetooth saykey"
_FAILED = "BlueZ does not do what it should ({}); run: systemctl restart bluetooth"


class Bluez:
    """The Bluetooth keyboard as bluetoothd has it. Its methods are called on the asyncio loop."""

    def __init__(self, name: str, services: Sequence[Service], *, address: str | None = None) -> None:
        """Describe the keyboard; nothing is started yet.

        Args:
            name: What hosts call it.
            services: What they find there.
            address: The message bus's, as D-Bus writes it; none for the system bus.
        """
        self._name, self._services, self._address = name, services, address
        self._values: dict[str, bytes] = {}
        self._is_window_open = self._is_connectable = False
        self._listener: Listener
        self._loop: asyncio.AbstractEventLoop
        self._bluetoothd: Bluetoothd | None = None
        self._setup = BluezSetup(name)
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._problem: str | None = None  # until it is known whether there is one
        self._told: Radio | None = None

    # For the user.

    def start(self, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        """Begin. Never raises: what is missing is told, and may come later."""
        self._listener, self._loop = listener, loop
        self._spawn(self._run())

    def stop(self) -> None:
        """Leave bluetoothd, which forgets services, advertisement and agent. The listener is told no more."""
        for task in self._tasks:
            task.cancel()
        bluetoothd, self._bluetoothd = self._bluetoothd, None
        if bluetoothd is not None:
            if adapter := bluetoothd.objects.adapter():
                bluetoothd.set_soon(adapter, ADAPTER, "Pairable", "b", value=False)
            bluetoothd.close()

    def open_window(self) -> None:
        """Let computers find the keyboard, and ask to pair."""
        self._is_window_open = True
        self._woken.set()

    def close_window(self) -> None:
        """Let no computer find the keyboard, nor ask to pair."""
        self._is_window_open = False
        self._woken.set()

    def advertise(self, on: bool) -> None:  # noqa: FBT001  # it says what it switches
        """Let bonded hosts connect, or not. They may in any case while the window is open."""
        self._is_connectable = on
        self._woken.set()

    def disconnect(self, path: str) -> None:
        """End the link to a computer."""
        self._do(path, f"{DEVICE}.Disconnect")

    def forget(self, path: str) -> None:
        """Forget a computer and its bond.

        It is disconnected first: bluetoothd 5.82 may crash when one that it is to remove goes by itself.
        """

        async def forget(bluetoothd: Bluetoothd) -> None:
            with suppress(BusError):  # it is not connected
                await bluetoothd.call(path, f"{DEVICE}.Disconnect")
            self._do(path.rpartition("/")[0], f"{ADAPTER}.RemoveDevice", "(o)", (path,))

        if self._bluetoothd is not None and self._bluetoothd.is_open:
            self._spawn(forget(self._bluetoothd))

    def rename(self, path: str, name: str) -> None:
        """Call a computer otherwise."""
        if self._bluetoothd is not None:
            self._bluetoothd.set_soon(path, DEVICE, "Alias", "s", name)

    def register_again(self) -> None:
        """Register the services anew, so that all hosts are told to look at them again (Service Changed).

        Hosts that come before that is done are disconnected: they come again, and find them all.
        """
        radio = self._radio() or Radio()
        self._setup.forget_services(frozenset(peer.path for peer in radio.peers if peer.is_connected))
        self._woken.set()

    def set_value(self, key: str, value: bytes) -> None:
        """Set what hosts read from a characteristic from now on. What they write there does not change it."""
        self._values[key] = value
        if self._bluetoothd is not None and self._bluetoothd.is_open:
            self._bluetoothd.set_value(key, value)

    # From bluetoothd.

    def came_or_went(self) -> None:
        """Forget what it was given."""
        self._setup.forget_all()
        if self._problem is not None:
            self._problem = NO_BLUETOOTHD
        self.changed()

    def adapter_changed(self) -> None:
        """Give it all again: an adapter that was away or switched off has neither."""
        self._setup.forget_adapter()

    def changed(self) -> None:
        """Tell the listener, and see what there is to do."""
        self._woken.set()
        self._tell()

    def released(self) -> None:
        """Advertise again."""
        self._setup.forget_advertisement()
        self._woken.set()

    def subscribed(self, path: str, key: str, link: socket.socket) -> None:
        """Tell the listener."""
        self._listener.subscribed(path, key, link)

    def written(self, path: str, key: str, value: bytes) -> None:
        """Tell the listener."""
        self._listener.written(path, key, value)

    def asked(self, method: str, path: str, answer: Callable[[bool], None]) -> None:
        """Refuse what the window or a bond does not allow; the rest is the listener's."""
        peer = self._bluetoothd.objects.peer(path) if self._bluetoothd else None
        if peer is not None and method == "AuthorizeService":
            answer(peer.is_bonded)
        elif peer is not None and self._is_window_open:
            self._listener.asked_to_pair(PairingRequest(peer, answer))
        else:
            answer(False)  # noqa: FBT003  # it is the answer

    def cancelled(self) -> None:
        """Tell the listener."""
        self._listener.pairing_cancelled()

    # The task.

    async def _run(self) -> None:
        while True:
            began_s = self._loop.time()
            self._woken.clear()
            try:
                self._problem = await self._settle()
            except Exception as error:  # noqa: BLE001  # Bluetooth goes on
                _log.exception("Bluetooth")
                self._problem = _FAILED.format(type(error).__name__)
            self._loop.call_soon(self._tell)  # a listener that fails ends this neither
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), RETRY_S if self._problem else None)
            await asyncio.sleep(began_s + PAUSE_S - self._loop.time())

    async def _settle(self) -> str:
        """Bring bluetoothd to what is wanted.

        Returns:
            What keeps it from that; empty when nothing does.
        """
        try:
            bluetoothd = await self._connected()
        except BusError as error:
            return str(error)
        try:
            await self._setup.give(
                bluetoothd, is_discoverable=self._is_window_open, is_connectable=self._is_connectable
            )
        except RadioError as error:
            return str(error)
        except BusError as error:
            if not bluetoothd.is_running:
                return NO_BLUETOOTHD
            return _FORBIDDEN if error.name.endswith(".AccessDenied") else _FAILED.format(error)
        return ""

    async def _connected(self) -> Bluetoothd:
        if self._bluetoothd is not None and self._bluetoothd.is_open:
            return self._bluetoothd
        if self._bluetoothd is not None:
            await asyncio.to_thread(self._bluetoothd.close)  # it may wait for a second
        self._bluetoothd = Bluetoothd(self._address, self._loop, self)
        try:
            await self._bluetoothd.open(self._name, self._services)
        except BusError:
            await asyncio.to_thread(self._bluetoothd.close)
            raise
        for key, value in self._values.items():
            self._bluetoothd.set_value(key, value)
        return self._bluetoothd

    # Tools.

    def _tell(self) -> None:
        radio = self._radio()
        if radio is not None and radio != self._told:
            self._told = radio
            self._listener.changed(radio)

    def _radio(self) -> Radio | None:
        if self._problem is None or self._bluetoothd is None:
            return None
        objects = self._bluetoothd.objects
        adapter = objects.adapter()
        if adapter is None:
            return Radio(self._problem or NO_ADAPTER)
        properties = objects.interfaces(adapter)[ADAPTER]
        return Radio(
            self._problem, properties.get("Address", ""), properties.get("Alias", ""), objects.peers(adapter)
        )

    def _do(self, path: str, method: str, signature: str = "()", arguments: tuple[Any, ...] = ()) -> None:
        """Call a method; where it fails, the log says so, and the state that is told stays as it is."""

        async def do(bluetoothd: Bluetoothd) -> None:
            try:
                await bluetoothd.call(path, method, signature, arguments)
            except BusError as error:
                _log.warning("BlueZ: %s failed: %s", method, error)

        if self._bluetoothd is not None and self._bluetoothd.is_open:
            self._spawn(do(self._bluetoothd))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
