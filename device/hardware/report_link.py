"""The socket that BlueZ serves for one host's subscription: what is written there goes to that host alone."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

from device.keyboard.reports import ALL_UP

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from device.hardware.hci_monitor import HciMonitor
    from device.keyboard.reports import Report

_ASK_AGAIN_S = 0.002
"""How often it is looked whether bluetoothd has taken a report, where no monitor tells. It reads at once."""


class ReportLink:
    """The link by which one host gets reports, until it ends or is closed.

    Attributes:
        last: What was written last; none before the first report.
        ended: Done when the link takes no more.
    """

    def __init__(
        self, link: socket.socket, monitor: HciMonitor | None, lost: Callable[[], object] = lambda: None
    ) -> None:
        """Take a socket of BlueZ's, which does not block.

        Args:
            link: The socket; it is closed when it ends.
            monitor: Tells whether reports arrive. Without it, one counts when bluetoothd has taken it.
            lost: Called when the other side ends the link.
        """
        self.last: Report | None = None
        self._link, self._monitor, self._lost = link, monitor, lost
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._room: asyncio.Future[None] | None = None  # done when there may be room for a report
        self._pending: set[asyncio.Future[bool]] = set()  # what became of reports, which is not known yet
        self._all_up: set[asyncio.Future[bool]] = set()  # those of them without a key
        self._timer: asyncio.TimerHandle | None = None
        self._releases = 0
        self._releasing: asyncio.Task[None] | None = None
        self._loop.add_reader(link, self._look)

    async def write(self, report: Report) -> asyncio.Future[bool]:
        """Hand a report to bluetoothd when it has room.

        Returns:
            What becomes true when the host has the report, and false or cancelled when it has not. News of a
            report with keys may also come when the link has ended, as bluetoothd may have taken it.

        Raises:
            OSError: The link has ended or was released; nothing was written.
        """
        releases = self._releases
        while not self.ended.done() and releases == self._releases:
            receipt = self._put(report)
            if receipt is not None:
                return receipt
            await self._until_room()
        raise BrokenPipeError

    def release(self) -> None:
        """Have the keys go up at a host that gets no more reports, as soon as there is room."""
        self._releases += 1
        self._wake()
        with suppress(OSError):
            if self.last not in (None, ALL_UP) and not self._put(ALL_UP):
                self._releasing = self._loop.create_task(self._release())

    async def until_quiet(self, timeout_s: float) -> None:
        """Return when it is known what became of all that was written, or give up after a time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                if self._releasing is not None:
                    await asyncio.wait({self._releasing})
                if self._pending:
                    await asyncio.wait(self._pending)
        for receipt in self._pending:
            receipt.cancel()

    def close(self) -> None:
        """Close the socket; whoever waits for it learns that the link has ended."""
        if self.ended.done():
            return
        self._loop.remove_reader(self._link)
        self._loop.remove_writer(self._link)
        self._link.close()
        self.ended.set_result(None)
        self._wake()
        if self._timer is not None:
            self._timer.cancel()
        if self._monitor is not None:
            self._monitor.catch_up()  # bluetoothd ends links that the monitor showed to have ended
        for receipt in self._all_up if self._monitor is not None else self._pending:
            receipt.cancel()

    def _put(self, report: Report) -> asyncio.Future[bool] | None:
        """Write a report if there is room."""
        try:
            self._link.send(report)
        except BlockingIOError:
            return None
        except OSError:
            self._end()
            raise
        self.last = report
        return self._receipt(report)

    async def _release(self) -> None:
        with suppress(OSError):
            while not self.ended.done() and self._put(ALL_UP) is None:
                await self._until_room()

    async def _until_room(self) -> None:
        if self._room is None:
            self._room = self._loop.create_future()
            self._loop.add_writer(self._link, self._wake)
        await asyncio.wait({self._room})

    def _wake(self) -> None:
        if self._room is not None:
            if not self.ended.done():
                self._loop.remove_writer(self._link)
            self._room.set_result(None)
            self._room = None

    def _look(self) -> None:
        """See whether the other side has ended the link; what it sends otherwise means nothing."""
        try:
            if self._link.recv(64):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.close()
            self._lost()

    def _receipt(self, report: Report) -> asyncio.Future[bool]:
        receipt = self._loop.create_future() if self._monitor is None else self._monitor.expect(report)
        for receipts in (self._pending, self._all_up) if report == ALL_UP else (self._pending,):
            receipts.add(receipt)
            receipt.add_done_callback(receipts.discard)
        if self._monitor is None:
            self._ask_soon()
        return receipt

    def _ask_soon(self) -> None:
        if self._timer is None and self._pending:
            self._timer = self._loop.call_later(_ASK_AGAIN_S, self._ask)

    def _ask(self) -> None:
        """See whether bluetoothd has taken all that was written."""
        self._timer = None
        # SIOCOUTQ, the same number: bytes that were not read yet (unix(7)). None are left either when the
        # link has ended, which is therefore looked at afterwards.
        answer = fcntl.ioctl(self._link, termios.TIOCOUTQ, bytes(4))
        is_taken = not struct.unpack("i", answer)[0]
        self._look()
        if is_taken and not self.ended.done():
            for receipt in self._pending:
                if not receipt.done():
                    receipt.set_result(True)
        elif not self.ended.done():
            self._ask_soon()
