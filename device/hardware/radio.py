"""What the rest of the keyboard sees of Bluetooth: the adapter, the computers around it, what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Peer:
    """A computer that is connected, or bonded, or both.

    Attributes:
        path: BlueZ's name of it, the same as long as it is known.
        address: Its Bluetooth address.
        name: What it calls itself, or what the user calls it.
        is_connected: Whether there is a link to it now.
        is_bonded: Whether both keep keys, so that it comes back without being asked.
    """

    path: str
    address: str
    name: str
    is_connected: bool
    is_bonded: bool


@dataclass(frozen=True, slots=True)
class Radio:
    """The state of Bluetooth.

    Attributes:
        problem: Why there is none, in a sentence that says what to do; empty when it works.
        address: The adapter's Bluetooth address.
        name: The adapter's name, which hosts show.
        peers: The computers.
    """

    problem: str = ""
    address: str = ""
    name: str = ""
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True)
class PairingRequest:
    """A computer that waits for the user's word, about 30 seconds (Bluetooth Core 5.4, vol. 3, part H, 3.4).

    Attributes:
        peer: Which one.
        answer: Says yes or no, from any thread. Only the first answer counts, and none when the computer
            has given up.
    """

    peer: Peer
    answer: Callable[[bool], None]


class Listener(Protocol):
    """Who is told what happens. Always called on the asyncio loop."""

    def changed(self, radio: Radio) -> None:
        """The adapter or a computer changed."""

    def subscribed(self, path: str, key: str, link: socket.socket) -> None:
        """A host wants notifications.

        Args:
            path: Which host.
            key: Of which characteristic.
            link: What is sent here goes to that host and no other. It does not block, keeps messages apart,
                and ends when the host goes. The listener closes it.
        """

    def written(self, path: str, key: str, value: bytes) -> None:
        """A host wrote a characteristic."""

    def asked_to_pair(self, request: PairingRequest) -> None:
        """A computer asks to pair while the window is open."""

    def pairing_cancelled(self) -> None:
        """The computer that asked to pair has given up."""
