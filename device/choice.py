"""Which of several hosts receives the text: the one that the user chose, as long as it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from device.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.kept_host import KeptHost
    from device.pairing import BondedHost

USB = "usb"
"""The name of the computer at the USB cable, and what stands for its address."""

NOBODY = "no computer is paired. To pair one, run: saykey pair"


class Bluetooth(Protocol):
    """The radio, and the hosts that are paired with it."""

    @property
    def problem(self) -> str:
        """Say why Bluetooth does not work, and cannot tell who is paired; empty when it does."""

    def hosts(self) -> Sequence[BondedHost]:
        """Give the hosts that are paired."""

    def open(self) -> None:
        """Let a computer pair with the device for some time."""

    def confirm(self) -> bool:
        """Accept the computer that asks to pair; say whether one did."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host that may be chosen.

    Attributes:
        address: Its Bluetooth address, or `USB`.
        name: What the user calls it; no other one is called the same.
    """

    address: str
    name: str


class Choice:
    """The hosts that there are, and the one among them that was chosen, which may be away.

    A host that is forgotten leaves the choice to the one at the USB cable, or else to the first. While
    Bluetooth does not work, nobody knows who is forgotten. What takes the place of a host to which this run
    has no way, as Bluetooth or the cable is not used, is not kept: it was not chosen. Once
    the cable can be used after all, who had chosen it has it again.
    """

    def __init__(self, bluetooth: Bluetooth | None, kept: KeptHost, has_usb: Callable[[], bool]) -> None:
        """Begin with the host that was chosen last.

        Args:
            bluetooth: Knows the hosts that are paired.
            kept: Where the choice is kept.
            has_usb: Says whether there is a keyboard at the USB cable.
        """
        self._bluetooth = bluetooth
        self._kept = kept
        self._has_usb = has_usb
        last = kept.read()
        self._chosen = self._last_kept = Target(*last) if last else None
        self._is_makeshift = False
        self._changes = 0

    @property
    def chosen(self) -> Target | None:
        """Give the host that was chosen; `None` when there is none."""
        self._look()
        return self._chosen

    @property
    def changes(self) -> int:
        """Give how often another host was chosen so far."""
        self._look()
        return self._changes

    def known(self) -> list[Target]:
        """Give all hosts: the one at the USB cable, then the others in alphabetical order."""
        paired = self._bluetooth.hosts() if self._bluetooth else ()
        targets = [Target(host.address, host.name) for host in paired]
        targets.sort(key=lambda target: (target.name.casefold(), target.address))
        return [Target(USB, USB), *targets] if self._has_usb() else targets

    def use(self, name: str) -> None:
        """Choose a host by its name or its address.

        Raises:
            HostError: There is no such host.
        """
        known = self.known()
        for target in known:
            if name.casefold() in {target.name.casefold(), target.address.casefold()}:
                self._is_makeshift = False
                self._choose(target)
                return
        raise unknown(name, [target.name for target in known])

    def next(self) -> None:
        """Choose the next host, after the last one the first."""
        chosen, known = self.chosen, self.known()
        if known:
            place = known.index(chosen) if chosen in known else -1
            self._is_makeshift = False
            self._choose(known[(place + 1) % len(known)])

    def close(self) -> None:
        """Return when the choice is kept."""
        self._kept.close()

    def _look(self) -> None:
        """Take a new name of the chosen host; choose another one in the place of one that is forgotten."""
        chosen, known = self._chosen, self.known()
        now = next((target for target in known if chosen and target.address == chosen.address), None)
        if self._is_makeshift and self._last_kept in known:
            self._is_makeshift = False
            self._choose(self._last_kept)
        elif now:
            self._choose(now)
        elif not (chosen and chosen.address != USB and self._bluetooth and self._bluetooth.problem):
            self._is_makeshift |= chosen is not None and (chosen.address == USB or not self._bluetooth)
            self._choose(known[0] if known else None)

    def _choose(self, target: Target | None) -> None:
        before, self._chosen = self._chosen, target
        if target and target != self._last_kept and not self._is_makeshift:
            self._last_kept = target
            self._kept.keep(target.address, target.name)
        if (target and target.address) != (before and before.address):
            self._changes += 1


def unknown(name: str, names: list[str]) -> HostError:
    """Give the error for a name that no host has.

    Args:
        name: What was asked for.
        names: The names of all hosts.
    """
    return HostError(
        f"There is no host {name!r}: " + (f"choose one of {', '.join(names)}." if names else NOBODY)
    )
