"""The device file of the kernel's HID function, such as /dev/hidg0: one report at a time."""

from __future__ import annotations

import asyncio
import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OUTPUT_REPORTS = 64
"""The kernel keeps one, or four where the keyboard has an OUT endpoint."""


class HidDevice:
    """A device file, kept open only as long as a host takes reports.

    The kernel removes the file when the gadget is unbound, and kernels differ in what a descriptor that was
    left open then does. What is in flight belongs to the gadget, not to the descriptor: to close the file
    neither takes a report back nor loses what the host has sent.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            OSError: The gadget is not bound, or we may not use it.
        """
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._writable = select.poll()
        self._writable.register(self._fd, select.POLLOUT)

    def write(self, report: bytes) -> bool:
        """Queue a report for the host's next poll.

        Returns:
            Whether it is queued: not while another one is.

        Raises:
            OSError: No host has us configured.
        """
        try:
            os.write(self._fd, report)
        except BlockingIOError:
            return False
        return True

    def is_idle(self) -> bool:
        """Say whether the host has fetched what was queued. False too while no host has us configured."""
        return any(events & select.POLLOUT for _, events in self._writable.poll(0))

    async def wait_until_idle(self, timeout_s: float) -> None:
        """Return when `is_idle` may have become true, or after a time."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        loop.add_writer(self._fd, wake)
        timer = loop.call_later(timeout_s, wake)
        try:
            await woken
        finally:
            timer.cancel()
            loop.remove_writer(self._fd)

    def read_leds(self) -> int | None:
        """Give the output report that the host sent last; none if it has been read already."""
        leds = None
        for _ in range(_OUTPUT_REPORTS):
            try:
                report = os.read(self._fd, 8)
            except OSError:
                # Nothing to read; or, in kernels since 6.12, no host.
                break
            if not report:
                break
            leds = report[0]
        return leds

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
