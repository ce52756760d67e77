"""The computers that may receive the text, and the keyboards that they see."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Protocol

from device.choice import NOBODY, USB, Choice, unknown
from device.errors import HostAwayError, HostError
from device.keyboard.reports import ALL_UP
from device.ports import Keyboard

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.choice import Bluetooth, Target
    from device.kept_host import KeptHost
    from device.keyboard.host import Host
    from device.keyboard.reports import Report

_LOOK_EVERY_S = 0.1
"""How often it is looked, while a host is away, whether another one was chosen."""

_LOOK_FOR_USB_EVERY_S = 1.0
"""How often it is looked, where the cable cannot be used, whether it can be now."""

_NO_BLUETOOTH = "Bluetooth is off: set bluetooth.enabled to true in the settings."


class BluetoothKeyboard(Keyboard, Protocol):
    """The keyboard that one of the paired hosts sees."""

    def use(self, address: str | None) -> None:
        """Serve this host from now on, or none, and let no key stay down at the one before."""


class OneHost:
    """A `Hosts` of which there is only one, for good."""

    def __init__(self, host: Host, name: str = USB) -> None:
        """Take it as it is described.

        Args:
            host: How it reads keys.
            name: What it is called.
        """
        self.name = name
        self.is_away = False  # whether it is, its keyboard finds out
        self._host = host

    def layout(self, language: str = "") -> str:
        """Give the name of its layout while a language is spoken."""
        return self._host.speaking(language).layout.name

    def host(self) -> Host:
        """Give how it reads keys."""
        return self._host

    def names(self) -> list[str]:
        """Give its name."""
        return [self.name]

    def use(self, name: str) -> None:
        """Do nothing.

        Raises:
            HostError: It is called otherwise.
        """
        if name.casefold() != self.name.casefold():
            raise unknown(name, [self.name])

    def next(self) -> None:
        """Do nothing."""

    def pair(self) -> None:
        """Refuse.

        Raises:
            HostError: Always.
        """
        raise HostError(_NO_BLUETOOTH)

    def confirm(self) -> bool:
        """Say that no computer asks to pair."""
        return False


class Targets:
    """A `Keyboard` and its `Hosts`: the one at the USB cable, and those that are paired. For the loop only.

    To choose another host counts as an absence at once, but no key goes to that one before `host` or
    `wait_until_ready` is called: so the typist has time to finish a character and to take all keys up.
    """

    def __init__(  # noqa: PLR0913  the two keyboards, of which one may come later
        self,
        usb: Keyboard | None,
        paired: BluetoothKeyboard | None,
        bluetooth: Bluetooth | None,
        describe: Callable[[Target | None], Host],
        kept: KeptHost,
        *,
        late_usb: Callable[[], Keyboard | None] = lambda: None,
    ) -> None:
        """Turn to the host that was chosen last, or else to the first.

        Args:
            usb: The keyboard at the USB cable.
            paired: The keyboard of the paired hosts.
            bluetooth: The radio.
            describe: Says how a host reads keys.
            kept: Where the choice is kept.
            late_usb: Gives the keyboard at the USB cable, where that was missing, once it is there.
        """
        self._usb, self._paired = usb, paired
        self._late_usb = late_usb
        self._usb_due_s = 0.0  # when to look again whether there is one
        self._bluetooth = bluetooth
        self._describe = describe
        self._choice = Choice(bluetooth, kept, self._has_usb)
        self._address: str | None = None  # of the current host, whose keyboard takes the reports
        self._keyboard: Keyboard | None = None
        self._absences = 0  # of those that were the current host before
        self._base = 0  # absences that the current one had before it became that
        self._sent: Report | None = ALL_UP  # the latest report, if the current host has it
        self._refused_by: Keyboard | None = None  # which of the two did not take it
        self._resting: asyncio.Task[bool] | None = None  # waits at the USB cable, to take the keys up there
        self._turn()

    # The hosts.

    @property
    def name(self) -> str:
        """Give the name of the host that was chosen; empty when there is none."""
        chosen = self._choice.chosen
        return chosen.name if chosen else ""

    @property
    def is_away(self) -> bool:
        """Say whether the host that was chosen is a paired one that is not connected."""
        chosen = self._choice.chosen
        hosts = self._bluetooth.hosts() if self._bluetooth and chosen else ()
        return any(host.address == chosen.address and not host.is_connected for host in hosts if chosen)

    def layout(self, language: str = "") -> str:
        """Give the name of the layout of the host that was chosen, while a language is spoken."""
        return self._describe(self._choice.chosen).speaking(language).layout.name

    def host(self) -> Host:
        """Turn to the host that was chosen, with no key down at the one before; give how it reads keys."""
        self._turn()
        return self._describe(self._choice.chosen)

    def names(self) -> list[str]:
        """Give the names of all hosts: the one at the USB cable, then the others in alphabetical order."""
        return [target.name for target in self._choice.known()]

    def use(self, name: str) -> None:
        """Choose a host by its name or its address.

        Raises:
            HostError: There is no such host.
        """
        self._choice.use(name)

    def next(self) -> None:
        """Choose the next host, after the last one the first."""
        self._choice.next()

    def pair(self) -> None:
        """Let a computer pair with the device for some time.

        Raises:
            HostError: There is no Bluetooth.
        """
        if self._bluetooth is None:
            raise HostError(_NO_BLUETOOTH)
        self._bluetooth.open()

    def confirm(self) -> bool:
        """Accept the computer that asks to pair; say whether one did."""
        return self._bluetooth is not None and self._bluetooth.confirm()

    # The keyboard.

    async def send(self, report: Report) -> None:
        """Hand one report to the current host; return when it has it.

        Raises:
            HostAwayError: It does not take reports, or there is none.
        """
        if self._keyboard is None:
            raise HostAwayError(f"The text has nowhere to go: {NOBODY}")
        if self._keyboard is self._usb:
            await self._stop_resting()
        self._sent, self._refused_by = None, self._keyboard
        await self._keyboard.send(report)
        self._sent, self._refused_by = report, None

    async def wait_until_ready(self) -> bool:
        """Turn to the host that was chosen, whichever that is meanwhile; return when it takes reports.

        Returns:
            Whether the report whose `send` failed has reached the host that it was for after all.
        """
        while True:
            self._turn()
            keyboard = self._keyboard
            arrived = await self._is_ready(keyboard)
            if arrived is not None:
                return arrived and keyboard is self._refused_by

    def absences(self) -> int:
        """Give how often the current host has gone away so far, and how often another one was chosen."""
        return self._choice.changes + self._absences + self._since()

    def leds(self) -> int:
        """Give the current host's lock keys as LED bits."""
        return self._keyboard.leds() if self._keyboard else 0

    def close(self) -> None:
        """Close the keyboards; return when the choice is kept."""
        self._usb_due_s = math.inf
        if self._resting:
            self._resting.cancel()
        for keyboard in (self._usb, self._paired):
            if keyboard:
                keyboard.close()
        self._choice.close()

    # From one host to another.

    def _has_usb(self) -> bool:
        if self._usb is None and time.monotonic() >= self._usb_due_s:
            self._usb_due_s = time.monotonic() + _LOOK_FOR_USB_EVERY_S
            self._usb = self._late_usb()
        return self._usb is not None

    def _since(self) -> int:
        """Give how often the current host has gone away since it is that."""
        return self._keyboard.absences() - self._base if self._keyboard else 0

    def _turn(self) -> None:
        """Turn to the host that was chosen, unless it is the current one."""
        chosen = self._choice.chosen
        address = chosen.address if chosen else None
        if address == self._address:
            return
        self._absences += self._since()
        if self._usb and self._keyboard is self._usb and self._sent != ALL_UP:
            # Asleep, it may still have to fetch the press of a key. When it wakes, that key would repeat.
            self._wait_at(self._usb)
        is_paired = address not in (USB, None)
        if self._paired:
            self._paired.use(address if is_paired else None)
        self._keyboard = self._paired if is_paired else self._usb
        self._base = self._keyboard.absences() if self._keyboard else 0
        self._address, self._sent = address, ALL_UP

    async def _is_ready(self, keyboard: Keyboard | None) -> bool | None:
        """Wait for the current host; give what its keyboard says, or `None` when it is another one's turn."""
        if keyboard is None:
            await asyncio.sleep(_LOOK_EVERY_S)
            return None
        waiting = self._wait_at(keyboard)
        try:
            while self._keyboard is keyboard and not waiting.done():
                await asyncio.wait((waiting,), timeout=_LOOK_EVERY_S)
                self._turn()  # one paired host's keyboard is the other's, and goes on
            return waiting.result() if waiting.done() else None
        finally:
            if keyboard is not self._usb:
                await _end(waiting)
            elif self._keyboard is keyboard:
                await self._stop_resting()

    def _wait_at(self, keyboard: Keyboard) -> asyncio.Task[bool]:
        if keyboard is self._usb and self._resting:
            return self._resting
        waiting = asyncio.create_task(keyboard.wait_until_ready())
        if keyboard is self._usb:
            waiting.add_done_callback(_look_at)
            self._resting = waiting
        return waiting

    async def _stop_resting(self) -> None:
        if self._resting:
            await _end(self._resting)
            self._resting = None


def _look_at(task: asyncio.Task[bool]) -> None:
    """Take note of what a task raised, for which nobody waits."""
    if not task.cancelled():
        task.exception()


async def _end(task: asyncio.Task[bool]) -> None:
    """Cancel a task, and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
