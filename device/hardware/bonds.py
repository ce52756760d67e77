"""What the bonded computers are called: one name each, as the user can read and write it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from device.choice import USB
from device.errors import HostError
from device.pairing import BondedHost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.hardware.radio import Peer

LONGEST_NAME = 248
"""Bytes in the name of a Bluetooth device (Core Specification, Vol 3 Part C, 3.2.2)."""


def bonds(peers: Iterable[Peer]) -> list[tuple[BondedHost, Peer]]:
    """Give the bonded ones of these with their names, in the order of the names.

    Where several are called the same, each has the end of its address in its name, or is called by it.
    """
    bonded = [peer for peer in peers if peer.is_bonded]
    ways = [(called(peer), f"{called(peer)} {peer.address[-5:]}", peer.address) for peer in bonded]
    # Hosts choose their names: one may have what would be another's, or its address.
    counts = Counter([USB, *(name.casefold() for names in ways for name in {*names})])

    def host(peer: Peer, names: tuple[str, ...]) -> BondedHost:
        name = next((name for name in names if counts[name.casefold()] == 1), peer.address)
        return BondedHost(name, peer.address, peer.is_connected)

    named = [(host(peer, names), peer) for peer, names in zip(bonded, ways, strict=True)]
    return sorted(named, key=lambda pair: pair[0].name.casefold())


def find(among: Iterable[tuple[BondedHost, Peer]], name: str) -> tuple[BondedHost, Peer]:
    """Give the one that has this name, or this address.

    Raises:
        HostError: There is none.
    """
    among = list(among)
    for host, peer in among:
        if name.casefold() in (host.name.casefold(), host.address.casefold()):
            return host, peer
    there_are = ", ".join(repr(host.name) for host, _ in among)
    raise HostError(
        f"No computer that is paired is called {name!r}; "
        + (f"there are: {there_are}." if there_are else "none is paired. To pair one, run: saykey pair")
    )


def new_name(name: str, others: Iterable[BondedHost]) -> str:
    """Give a name that the user chose, if it can be one.

    Raises:
        HostError: It cannot.
    """
    name = name.strip()
    if not name or not name.isprintable() or len(name.encode(errors="replace")) > LONGEST_NAME:
        raise HostError(f"A name has letters that can be shown, and at most {LONGEST_NAME} bytes.")
    if name.casefold() in {USB, *(other.name.casefold() for other in others)}:
        raise HostError(f"There is a host that is called {name!r} already.")
    return name


def called(peer: Peer) -> str:
    """Give what a peer calls itself, or its address; a stranger's name may hold anything, so only letters."""
    letters = "".join(letter for letter in peer.name if letter.isprintable()).strip()
    return letters if letters and is_named(peer) else peer.address


def is_named(peer: Peer) -> bool:
    """Say whether a peer has told its name; till then BlueZ calls it by its address, written with dashes."""
    return peer.name.replace("-", ":").casefold() not in ("", peer.address.casefold())
