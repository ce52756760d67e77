"""One computer, as far as it concerns keys: its links, what it asked for, its lights."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from device.hardware.gatt import BOOT_INPUT, BOOT_OUTPUT, INPUT, OUTPUT, PROTOCOL_MODE

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.hardware.radio import Peer
    from device.hardware.report_link import ReportLink

BOOT, REPORT = 0, 1
"""Protocol modes. Every connection begins in report mode (HIDS 1.0, 2.4)."""

_SUBSCRIBE_S = 3.0
"""How long a bonded host may take to subscribe. Hosts that keep their subscription may not write it again,
and bluetoothd, which has forgotten by whom it was answered, waits for the write. Nor does it ask us when what
is written is what it remembers (BlueZ 5.82, src/gatt-database.c, gatt_ccc_write_cb)."""

_WAYS = 2
"""How often a host may be brought to subscribe in a connection: it is told that the services changed, then it
is disconnected. By the first, bluetoothd forgets what it remembers too; a host with BlueZ sees by their hash
that the services are what they were, and writes its subscription when it connects again, only then."""

_MOST_IN_VAIN = 3
"""How often a host is disconnected that does not subscribe for all that. Many come back at once, for ever."""


@dataclass(slots=True)
class Subscriber:
    """A computer that is connected, or was bonded.

    Attributes:
        address: Its Bluetooth address.
        is_connected: Whether there is a connection.
        is_bonded: Whether both keep keys.
        mode: The protocol that it wants in this connection.
        leds: Its lock keys as the LED bits of the boot keyboard's output report (HID 1.11, B.1).
        ways: How often it may still be brought to subscribe in this connection: not while it has just paired,
            when it does so by itself and takes its time; but again after it did, as bluetoothd may close its
            link when another computer goes (bluez#1452).
        in_vain: How often it was disconnected for that since it last subscribed.
        links: The open ends of its subscriptions, by characteristic.
    """

    address: str = ""
    is_connected: bool = False
    is_bonded: bool = False
    mode: int = REPORT
    leds: int = 0
    ways: int = _WAYS
    in_vain: int = 0
    links: dict[str, ReportLink] = field(default_factory=dict)

    @property
    def link(self) -> ReportLink | None:
        """The link that takes reports now."""
        link = self.links.get(BOOT_INPUT if self.mode == BOOT else INPUT)
        is_open = self.is_connected and self.is_bonded and link is not None and not link.ended.done()
        return link if is_open else None

    @property
    def is_deaf(self) -> bool:
        """Whether it could take reports, and has not subscribed to them."""
        return self.is_connected and self.is_bonded and self.link is None

    def update(self, peer: Peer | None) -> bool:
        """Take what is new, or that BlueZ does not know it now; say whether a connection has ended."""
        was_connected, self.is_connected = self.is_connected, peer is not None and peer.is_connected
        if peer is not None:
            self.address, self.is_bonded = peer.address, peer.is_bonded
        has_ended = was_connected and not self.is_connected
        if has_ended:
            self.mode, self.ways = REPORT, _WAYS
            self.close()
        if self.is_connected and not self.is_bonded:
            self.ways = 0
        return has_ended

    def take(self, key: str, link: ReportLink) -> None:
        """Take a new link, in place of the one before."""
        if key in self.links:
            self.links[key].close()
        self.links[key] = link
        self.ways, self.in_vain = _WAYS, 0

    def written(self, key: str, value: bytes) -> None:
        """Take what it wrote to a characteristic."""
        if key in (OUTPUT, BOOT_OUTPUT) and value:
            self.leds = value[0]
        elif key == PROTOCOL_MODE and value in (bytes((BOOT,)), bytes((REPORT,))):
            self.mode = value[0]

    def close(self) -> None:
        """Close its links."""
        for link in self.links.values():
            link.close()
        self.links.clear()


class Reminder:
    """Brings the host in use to subscribe when it does not do so by itself."""

    def __init__(self, remind: Callable[[], object], disconnect: Callable[[str], object]) -> None:
        """Take the ways to do so.

        Args:
            remind: Has bluetoothd forget all subscriptions, and tells the hosts to look again.
            disconnect: Ends the connection of a host, which then comes back.
        """
        self._remind, self._disconnect = remind, disconnect
        self._host: Subscriber | None = None
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, path: str, host: Subscriber | None) -> None:
        """Look after the host in use, of which something may have changed."""
        if self._timer is not None and not (host and host is self._host and host.is_deaf):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and host and host.is_deaf and host.ways:
            self._host = host
            self._timer = asyncio.get_running_loop().call_later(_SUBSCRIBE_S, self._ask, path, host)

    def _ask(self, path: str, host: Subscriber) -> None:
        self._timer = None
        if host.ways == _WAYS:
            self._remind()
        else:
            host.ways = 0
            host.in_vain += 1
            if host.in_vain <= _MOST_IN_VAIN:
                self._disconnect(path)
        self.watch(path, host)
