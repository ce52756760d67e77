"""systemd's notification protocol: readiness, watchdog, status (sd_notify(3))."""

from __future__ import annotations

import os
import socket


def notify(message: str) -> bool:
    """Send a message such as `READY=1`; give False when no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket
    with socket.socket(
        socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    ) as channel:
        try:
            channel.sendto(message.encode(), address)
        except OSError:
            return False  # the manager is gone; dictation goes on without it
    return True


def watchdog_interval_s() -> float | None:
    """Give how often to feed the watchdog: twice as often as it wants; `None` when there is none for us."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    process = str(os.getpid())
    if os.environ.get("WATCHDOG_PID", process) != process or not microseconds.isdecimal():
        return None
    return int(microseconds) / 2_000_000 or None
