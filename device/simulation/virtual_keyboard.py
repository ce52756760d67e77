"""The keyboard's cable to a virtual host, which can be pulled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from device.errors import HostAwayError

if TYPE_CHECKING:
    from device.keyboard.reports import Report
    from device.simulation.virtual_host import VirtualHost


class VirtualKeyboard:
    """A `Keyboard` that hands its reports to a `VirtualHost`."""

    def __init__(self, host: VirtualHost, *, interval_s: float = 0.0, plugged_in: bool = True) -> None:
        """Connect to a host.

        Args:
            host: Receives the reports.
            interval_s: Time that one report takes, for the host as for us.
            plugged_in: Whether the cable is in at the start.
        """
        self._host = host
        self._interval_s = interval_s
        self._plugged = asyncio.Event()
        self._reports_left: int | None = None
        self._absences = 0
        if plugged_in:
            self._plugged.set()

    def unplug(self) -> None:
        """Pull the cable. The host takes all keys up and keeps its text."""
        self._absences += self._plugged.is_set()
        self._plugged.clear()
        self._reports_left = None
        self._host.release_all()

    def unplug_after(self, reports: int) -> None:
        """Pull the cable when the host has got so many more reports."""
        self._reports_left = reports

    def plug_in(self) -> None:
        """Put the cable back."""
        self._plugged.set()

    async def send(self, report: Report) -> None:
        """Hand a report to the host.

        Raises:
            HostAwayError: The cable is out, and the host did not get this report.
        """
        await asyncio.sleep(self._interval_s)
        if self._reports_left == 0:
            self.unplug()
        if not self._plugged.is_set():
            raise HostAwayError("The host does not take keys: plug the keyboard in, or wake the computer.")
        if self._reports_left is not None:
            self._reports_left -= 1
        self._host.tick(self._interval_s)
        self._host.receive(report)
        # As on a real link, the host has the report before the sender hears of it.
        await asyncio.sleep(0)

    async def wait_until_ready(self) -> bool:
        """Return when the cable is in. A report that was refused did not reach the host."""
        await self._plugged.wait()
        return False

    def absences(self) -> int:
        """Give how often the cable was pulled."""
        return self._absences

    def leds(self) -> int:
        """Give the host's lock keys as LED bits."""
        return self._host.leds

    def close(self) -> None:
        """Pull the cable for good."""
        self.unplug()
