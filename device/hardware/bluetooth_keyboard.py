"""The keyboard at the end of a Bluetooth Low Energy link: reports to one host's hands, lights back.

When a report counts as the host's: its link layer has acknowledged it, which the kernel's monitor channel
tells (`device.hardware.receipts`). bluetoothd itself takes every report at once, and tells nobody what became
of it. So `send` waits for the receipt, which also is what sets the pace: no report waits behind another.

A link that breaks decides about the report that was under way: it was acknowledged, or it is lost. While a
link is merely silent, that is open; the report stays with the controller, which goes on repeating it until
the host answers or the link ends. `wait_until_ready` then sends an all-zero report behind it: reports keep
their order, so when that one has arrived, the other has, or never will.

Without the monitor a report counts when bluetoothd has taken it: a link that breaks may lose some.

A host that says that it sleeps counts as one that went away, so that text waits for the user's press. But
then it is typed: keyboards wake hosts, and not every host says that it is awake again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from device.errors import HostAwayError
from device.hardware.gatt import CONTROL_POINT, PROTOCOL_MODE
from device.hardware.report_link import ReportLink
from device.hardware.subscriber import REPORT, Reminder, Subscriber
from device.keyboard.reports import ALL_UP

if TYPE_CHECKING:
    import socket

    from device.hardware.hci_monitor import HciMonitor
    from device.hardware.radio import Radio
    from device.keyboard.reports import Report

PATIENCE_S = 2.0
"""How long a report may stay unacknowledged before the user is told. Interference is over by then; and a link
that is silent for its supervision timeout ends by itself: after 0.42 s if the host is Linux (the kernel's
hci_core.c, le_supv_timeout), after 2 to 6 s if it is Apple's (Accessory Design Guidelines, Bluetooth)."""

_SILENCE_S = 6.0
"""The longest of these: what another host has not acknowledged after it, it will not."""

_SUSPEND = bytes((0,))
"""What a host writes to the control point before it sleeps (HIDS 1.0, 2.11)."""

_NOBODY = "No Bluetooth computer is chosen; pair one with: saykey pair"
_AWAY = "The Bluetooth computer is out of reach, off or asleep; wake it, or bring it nearer."
_STRANGER = "The Bluetooth computer is not paired any more; pair it with: saykey pair"
_DEAF = "The Bluetooth computer does not take keys yet; if that lasts, turn its Bluetooth off and on."
_BROKEN = "The Bluetooth link broke; bring the computer nearer."
_CHANGED = "The Bluetooth keyboard was connected anew."
_SILENT = "The Bluetooth computer does not answer; wake it, or bring it nearer."
_CLOSED = "The Bluetooth keyboard is closed."


class Server(Protocol):
    """What the keyboard needs of the radio."""

    def register_again(self) -> None:
        """Have every bonded host look again at what the keyboard offers, now or when it comes."""

    def disconnect(self, path: str) -> None:
        """End the connection of a host."""

    def set_value(self, key: str, value: bytes) -> None:
        """Set what a host reads."""


class BluetoothKeyboard:
    """A `Keyboard` for one bonded host at a time, and what of a radio's `Listener` concerns keys."""

    def __init__(self, server: Server, monitor: HciMonitor | None) -> None:
        """Make a keyboard that has no host yet.

        Args:
            server: The radio, in which the keyboard is offered.
            monitor: Tells whether reports arrive; it is started and closed elsewhere.
        """
        self._server, self._monitor = server, monitor
        self._hosts: dict[str, Subscriber] = {}
        self._address: str | None = None
        self._mode = REPORT  # as hosts read it
        self._link: ReportLink | None = None  # that of the host in use, while it takes reports
        self._released: list[ReportLink] = []  # those of hosts that were left
        self._absences = 0
        self._known_absences = 0
        self._left: tuple[str, asyncio.Future[bool]] | None = None  # the host, and news of the last report
        self._waiting: set[asyncio.Future[None]] = set()  # done when anything has changed
        self._reminder = Reminder(self._remind, server.disconnect)
        self._is_subscribed = False  # by anybody, as bluetoothd remembers it even when they are gone
        self._is_closed = False

    @property
    def address(self) -> str | None:
        """The address of the host in use."""
        return self._address

    def use(self, address: str | None) -> None:
        """Type into another bonded host from now on, or into none; no key stays down at the one before."""
        if address == self._address:
            return
        self._absences += self._address is not None
        self._address = address
        if self._link is not None:
            self._link.release()
            self._released.append(self._link)
            self._link = None
        self._update()

    # The keyboard.

    async def send(self, report: Report) -> None:
        """Hand one report to the host; return when the host has it.

        Raises:
            HostAwayError: The host does not take reports. `wait_until_ready` says what became of this one.
        """
        self._forget_left()
        await self._until_quiet()
        link = self._ready_link()
        if self._absences != self._known_absences:
            # Nobody was told yet. What comes next of a character belongs where its beginning went.
            raise HostAwayError(_CHANGED)
        if link.last is None and report != ALL_UP:
            await self._deliver(link, ALL_UP)
            if link is not self._link:
                raise HostAwayError(_CHANGED)
        await self._deliver(link, report)

    async def wait_until_ready(self) -> bool:
        """Return when the host has a report in which no key is down.

        Returns:
            Whether the report whose `send` failed has reached its host after all.

        Raises:
            HostAwayError: The keyboard was closed.
        """
        arrived = False
        while not self._is_closed:
            await self._until_quiet()
            link = self._link
            if link is not None and await self._has_all_up(link):
                arrived |= await self._left_arrived()
                if link is self._link:
                    self._known_absences = self._absences
                    return arrived
            elif link is self._link:
                await self._until_moved(timeout_s=PATIENCE_S if link else None)
        raise HostAwayError(_CLOSED)

    def absences(self) -> int:
        """Give how often the host has gone away so far. What comes back may be another host."""
        self._known_absences = self._absences
        return self._absences

    def leds(self) -> int:
        """Give the host's lock keys as the LED bits of the boot keyboard's output report (HID 1.11, B.1)."""
        _, host = self._target()
        return host.leds if host else 0

    def close(self) -> None:
        """Close all links. Whoever waits is told that the host is away."""
        self._is_closed = True
        for host in self._hosts.values():
            host.close()
        self._hosts.clear()
        self._forget_left()
        self._update()

    # What the radio tells.

    def changed(self, radio: Radio) -> None:
        """Take which hosts are connected and bonded."""
        peers = {peer.path: peer for peer in radio.peers}
        heirs = {peer.address: self._host(peer.path) for peer in radio.peers}
        has_ended = False
        for path in self._hosts.keys() | peers.keys():
            host = self._host(path)
            if host.update(peers.get(path)):
                has_ended |= host.is_bonded  # others cannot have subscribed
                self._give_up(path)
            # BlueZ may call a host otherwise when it comes anew. Lights of bonded ones outlive bluetoothd.
            heir = heirs.get(host.address) if path not in peers else None
            if heir is not None:
                heir.leds = heir.leds or host.leds
            if heir is not None or (path not in peers and not host.is_bonded):
                self._hosts.pop(path).close()
        is_alone = not any(host.is_connected for host in self._hosts.values())
        if has_ended and is_alone and self._is_subscribed:
            # Else bluetoothd takes the subscription of who comes back for the one that it knows already.
            self._remind()
        self._update()

    def subscribed(self, path: str, key: str, link: socket.socket) -> None:
        """Take the link by which a host wants its reports."""
        if self._is_closed:
            link.close()
            return
        self._is_subscribed = True
        self._host(path).take(key, ReportLink(link, self._monitor, self._update))
        self._update()

    def written(self, path: str, key: str, value: bytes) -> None:
        """Take what a host wrote: lights, the protocol it wants, that it sleeps."""
        host = self._host(path)
        host.written(key, value)
        if (key, value) == (CONTROL_POINT, _SUSPEND) and self._link in host.links.values():
            self._absences += 1
        self._update()

    # What becomes of reports.

    async def _deliver(self, link: ReportLink, report: Report) -> None:
        path, _ = self._target()
        try:
            async with asyncio.timeout(PATIENCE_S):
                receipt = await link.write(report)
        except OSError as error:
            raise HostAwayError(_SILENT if isinstance(error, TimeoutError) else _BROKEN) from error
        if report != ALL_UP:  # to have let go again changes nothing: nobody asks whether that arrived
            self._left = path, receipt
        news: set[asyncio.Future[Any]] = {receipt, link.ended}
        await asyncio.wait(news, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if receipt.done():
            self._left = None
            if not receipt.cancelled() and receipt.result():
                return
            raise HostAwayError(_BROKEN)
        raise HostAwayError(_BROKEN if link.ended.done() else _SILENT)

    async def _until_quiet(self) -> None:
        """Return when nothing is under way to a host that was left: it would be taken for what comes next."""
        while self._released:
            link = self._released[0]
            await link.until_quiet(_SILENCE_S)
            if link in self._released:
                self._released.remove(link)

    async def _has_all_up(self, link: ReportLink) -> bool:
        """Say whether no key is down at the host of this link, however long it takes to know."""
        try:
            receipt = await link.write(ALL_UP)
        except OSError:
            return False
        while not receipt.done() and link is self._link:
            await self._until_moved(receipt)
        return receipt.done() and not receipt.cancelled() and receipt.result()

    async def _left_arrived(self) -> bool:
        """Say whether the report whose `send` failed arrived; a report behind it has."""
        if self._left is None:
            return False
        path, receipt = self._left
        host = self._hosts.get(path)
        if host is not None and host.link is not self._link:  # it was not behind that one
            await asyncio.wait({receipt}, timeout=_SILENCE_S)
        arrived = receipt.done() and not receipt.cancelled() and receipt.result()
        self._forget_left()
        return arrived

    def _give_up(self, path: str) -> None:
        """Wait no more for what was under way to a host whose connection has ended."""
        if self._left and self._left[0] == path:
            if self._monitor is not None:
                self._monitor.catch_up()
            self._left[1].cancel()

    def _forget_left(self) -> None:
        if self._left is not None:
            self._left[1].cancel()
            self._left = None

    # Which host there is.

    def _ready_link(self) -> ReportLink:
        """Give the link that takes reports, or raise why there is none."""
        if self._link is not None:
            return self._link
        _, host = self._target()
        if self._is_closed or self._address is None:
            raise HostAwayError(_CLOSED if self._is_closed else _NOBODY)
        if host is None or not host.is_connected:
            raise HostAwayError(_AWAY)
        raise HostAwayError(_DEAF if host.is_bonded else _STRANGER)

    def _target(self) -> tuple[str, Subscriber | None]:
        """Give the host in use and BlueZ's name of it."""
        for path, host in self._hosts.items():
            if host.address == self._address:
                return path, host
        return "", None

    def _host(self, path: str) -> Subscriber:
        return self._hosts.setdefault(path, Subscriber())

    def _update(self) -> None:
        """Act on whatever changed, and tell those who wait."""
        path, host = self._target()
        link = host.link if host else None
        if self._link not in (None, link):
            self._absences += 1
        self._link = link
        if host is not None and host.mode != self._mode:
            self._mode = host.mode
            self._server.set_value(PROTOCOL_MODE, bytes((host.mode,)))
        self._reminder.watch(path, host)
        for waiting in self._waiting:
            waiting.set_result(None)
        self._waiting.clear()

    def _remind(self) -> None:
        """Have bluetoothd forget all subscriptions, and tell the hosts, now or when they come."""
        self._is_subscribed = False
        for host in self._hosts.values():
            if host.is_connected:
                host.ways = min(host.ways, 1)
        self._server.register_again()

    async def _until_moved(self, *others: asyncio.Future[bool], timeout_s: float | None = None) -> None:
        """Return when anything has changed, or one of the others is done, or after a time."""
        moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(moved)
        news: set[asyncio.Future[Any]] = {moved, *others}
        try:
            await asyncio.wait(news, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.discard(moved)
