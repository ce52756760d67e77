"""What Bluetooth tells, sorted: keys to the keyboard, pairing to its window; and who may stay connected."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from device.hardware.battery import charge_percent
from device.hardware.bonds import bonds, find, new_name
from device.hardware.gatt import BATTERY_LEVEL
from device.hardware.pairing_window import WINDOW_S, PairingWindow

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from device.hardware.bluetooth_keyboard import BluetoothKeyboard
    from device.hardware.bluez import Bluez
    from device.hardware.hci_monitor import HciMonitor
    from device.hardware.radio import PairingRequest, Peer, Radio
    from device.pairing import BondedHost, Window

log = logging.getLogger(__name__)

_CHARGE_EVERY_S = 60.0
"""How often the battery is asked. It changes by a per cent in minutes."""

STRANGER_S = 10
"""How long who is not paired may stay connected outside the window."""


class Bluetooth:
    """The radio's `Listener`, and what the user does with it. All of it is called on the loop."""

    def __init__(
        self,
        bluez: Bluez,
        keyboard: BluetoothKeyboard,
        monitor: HciMonitor | None = None,
        *,
        window_s: float = WINDOW_S,
        one_at_a_time: bool = False,
    ) -> None:
        """Own these; nothing is started yet.

        Args:
            bluez: The radio.
            keyboard: Is told all that concerns keys.
            monitor: Tells how a computer wants to pair, and the keyboard whether reports arrive.
            window_s: How long the pairing window stays open.
            one_at_a_time: This BlueZ sends reports to every host that is connected. So only the host in use
                may be, and no key is sent before that is so.
        """
        self._bluez, self._keyboard, self._monitor = bluez, keyboard, monitor
        self._one_at_a_time = one_at_a_time
        self._window = PairingWindow(bluez, self._window_changed, monitor, window_s=window_s)
        self._watchers: list[Callable[[Window], None]] = []
        self._host_watchers: list[Callable[[], object]] = []
        self._loop: asyncio.AbstractEventLoop
        self._radio: Radio | None = None
        self._strangers: dict[str, asyncio.TimerHandle] = {}
        self._is_advertised = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; whatever is missing may come later."""
        self._loop = loop
        self._window.start(loop)
        if self._monitor is not None:
            self._monitor.start(loop)
        self._bluez.start(self, loop)

    def stop(self) -> None:
        """Close the window and let go of the radio. The keyboard is closed by who types."""
        self._window.stop()
        for timer in self._strangers.values():
            timer.cancel()
        self._strangers.clear()
        self._bluez.stop()
        if self._monitor is not None:
            self._monitor.close()

    # For the user.

    @property
    def problem(self) -> str:
        """Say what is wrong with Bluetooth and what to do; empty when nothing is."""
        return self._window.problem

    @property
    def name(self) -> str:
        """Give the name by which computers show this device."""
        return "" if self._radio is None else self._radio.name

    @property
    def window(self) -> Window:
        """Give the pairing window as it is now."""
        return self._window.state

    @contextmanager
    def watching(self, tell: Callable[[Window], None]) -> Iterator[None]:
        """Have every change of the pairing window told in the block, and every second while it is open."""
        self._watchers.append(tell)
        try:
            yield
        finally:
            self._watchers.remove(tell)

    @contextmanager
    def watching_hosts(self, tell: Callable[[], object]) -> Iterator[None]:
        """Have told in the block that a paired computer came or went, or is called otherwise."""
        self._host_watchers.append(tell)
        try:
            yield
        finally:
            self._host_watchers.remove(tell)

    def open(self) -> None:
        """Open the pairing window, or begin its time anew.

        Raises:
            HostError: Bluetooth does not work.
        """
        self._window.open()

    def close(self) -> None:
        """Close the pairing window, if it is open."""
        self._window.close()

    def confirm(self) -> bool:
        """Accept the computer that asks to pair; say whether one does."""
        return self._window.confirm()

    def hosts(self) -> list[BondedHost]:
        """Give the computers that are paired, in the order of their names."""
        return [host for host, _ in bonds(self._peers)]

    def forget(self, name: str) -> None:
        """Take a computer's bond away; it may pair again in the window.

        Raises:
            HostError: There is no such computer.
        """
        self._bluez.forget(find(bonds(self._peers), name)[1].path)

    def rename(self, name: str, new: str) -> None:
        """Call a computer otherwise, here only.

        Raises:
            HostError: There is no such computer, or it cannot be called so.
        """
        host, peer = find(bonds(self._peers), name)
        self._bluez.rename(peer.path, new_name(new, (other for other in self.hosts() if other != host)))

    async def tell_charge(self) -> None:
        """Let hosts read how full the battery is, until cancelled: between `start` and `stop`.

        They ask when they connect, and now and then.
        """
        while True:
            percent = await asyncio.to_thread(charge_percent)
            if percent is not None:
                self._bluez.set_value(BATTERY_LEVEL, bytes((percent,)))
            await asyncio.sleep(_CHARGE_EVERY_S)

    # What BlueZ tells.

    def changed(self, radio: Radio) -> None:
        """Take what became of the radio, and of those who are connected or bonded."""
        hosts, self._radio = self.hosts(), radio
        self._keyboard.changed(_deserted(radio) if self._crowd() else radio)
        self._window.changed(radio)
        self._look()
        if self.hosts() != hosts:
            for tell in tuple(self._host_watchers):
                tell()

    def subscribed(self, path: str, key: str, link: socket.socket) -> None:
        """Hand a link for reports to the keyboard."""
        self._keyboard.subscribed(path, key, link)

    def written(self, path: str, key: str, value: bytes) -> None:
        """Hand what a host wrote to the keyboard."""
        self._keyboard.written(path, key, value)

    def asked_to_pair(self, request: PairingRequest) -> None:
        """Hand a request to the window."""
        self._window.asked(request)

    def pairing_cancelled(self) -> None:
        """Tell the window that the request is no more."""
        self._window.cancelled()

    def _window_changed(self, window: Window) -> None:
        self._look()
        for tell in tuple(self._watchers):
            tell(window)

    # Who may connect, and stay.

    def _crowd(self) -> list[Peer]:
        """Give who would receive what is typed into another host."""
        connected = [peer for peer in self._peers if peer.is_connected and peer.is_bonded]
        is_crowded = self._one_at_a_time and len(connected) > 1
        return [peer for peer in connected if peer.address != self._keyboard.address] if is_crowded else []

    @property
    def _peers(self) -> tuple[Peer, ...]:
        return self._radio.peers if self._radio else ()

    def _look(self) -> None:
        """Be there for who is bonded; disconnect who may not stay."""
        for peer in self._crowd():
            self._bluez.disconnect(peer.path)
        is_wanted = any(peer.is_bonded for peer in self._peers)
        if is_wanted != self._is_advertised:
            self._is_advertised = is_wanted
            self._bluez.advertise(is_wanted)
        strangers = {
            peer.path
            for peer in self._peers
            if peer.is_connected and not peer.is_bonded and not self._window.is_open
        }
        for path in self._strangers.keys() - strangers:
            self._strangers.pop(path).cancel()
        for path in strangers - self._strangers.keys():
            self._strangers[path] = self._loop.call_later(STRANGER_S, self._turn_away, path)

    def _turn_away(self, path: str) -> None:
        del self._strangers[path]
        log.info("somebody who is not paired stayed connected, and is disconnected")
        self._bluez.disconnect(path)
        self._look()  # until it is gone


def _deserted(radio: Radio) -> Radio:
    """Give the radio as it would be with nobody connected."""
    return replace(radio, peers=tuple(replace(peer, is_connected=False) for peer in radio.peers))
