"""systemd's notification protocol: readiness, watchdog, status (sd_notify(3))."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

log = logging.getLogger(__name__)


def notify(message: str) -> bool:
    """Send a message such as `READY=1`; give False when no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket
    kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    try:
        with socket.socket(socket.AF_UNIX, kind) as channel:
            channel.sendto(message.encode(), address)
    except OSError:
        return False  # the manager is gone, or no socket is to be had; dictation goes on without it
    return True


def watchdog_interval_s() -> float | None:
    """Give how often to feed the watchdog: twice as often as it wants; `None` when there is none for us."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    process = str(os.getpid())
    if os.environ.get("WATCHDOG_PID", process) != process or not microseconds.isdecimal():
        return None
    return int(microseconds) / 2_000_000 or None


@contextmanager
def fed_for(most_s: float) -> Iterator[None]:
    """Feed the watchdog in the block from a thread: what blocks there may take longer than it waits.

    It is fed at once: several blocks that follow one another may each be too short to be fed otherwise.

    Args:
        most_s: For how long at most, in seconds.
    """
    is_over = threading.Event()

    def feed() -> None:
        interval_s, until_s = watchdog_interval_s(), time.monotonic() + most_s
        while interval_s and time.monotonic() < until_s:
            notify("WATCHDOG=1")
            if is_over.wait(interval_s):
                return

    feeding = threading.Thread(target=feed, daemon=True)
    feeding.start()
    try:
        yield
    finally:
        is_over.set()
        feeding.join()


@asynccontextmanager
async def fed_watchdog(stalled: Callable[[], Sequence[str]]) -> AsyncIterator[None]:
    """Feed the watchdog in the block, at once and then as long as nothing is stalled.

    Args:
        stalled: Names what makes no progress.
    """

    async def feed() -> None:
        interval_s = watchdog_interval_s()
        while interval_s is not None:
            if names := stalled():
                log.error("no progress: %s", ", ".join(names))
            else:
                notify("WATCHDOG=1")
            await asyncio.sleep(interval_s)

    feeding = asyncio.create_task(feed())
    try:
        yield
    finally:
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding
