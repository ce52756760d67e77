"""The USB device controller (UDC): which there are, and whether a host has configured what is bound to it."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from device.errors import KeyboardError

CONFIGURED = "configured"
"""The state in which a host takes reports (USB 2.0, 9.1.1; the kernel's enum usb_device_state)."""

SUSPENDED = "suspended"
"""The state in which a host sleeps: what is queued stays queued."""

NOT_ATTACHED = "not attached"
"""The state without a host, for moments also while one resets us."""

GONE = "gone"
"""Our word for a controller that was there, as when a board's socket turns from device to host."""

_SETTLING_S = 0.2
"""The kernel notifies from a work queue, so that a change may be read before it is told."""

_CLASS = Path("sys/class/udc")
_DEVICE_TREE = Path("proc/device-tree")

_HOST_ONLY = ("Raspberry Pi 2 ", "Raspberry Pi 3 Model B", "Raspberry Pi Model B")
"""Their USB sockets hang behind a hub, which cannot be a device."""


def controllers(root: Path = Path("/")) -> list[str]:
    """Name the controllers of this machine, in alphabetical order."""
    return sorted(path.name for path in (root / _CLASS).glob("*"))


def attribute(udc: str, name: str, root: Path = Path("/")) -> str:
    """Read an attribute of a controller, such as "state"; empty where it has none."""
    try:
        return (root / _CLASS / udc / name).read_text().strip()
    except OSError:
        return ""


def board(root: Path = Path("/")) -> str:
    """Give the board's name of its device tree, such as "Raspberry Pi 4 Model B Rev 1.4", or nothing."""
    try:
        return (root / _DEVICE_TREE / "model").read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""


def why_none(root: Path = Path("/")) -> str:
    """Say why this machine has no controller and what to do, as "what is wrong; what to do"."""
    model = board(root)
    if not model:
        return (
            "There is no USB device controller: this computer cannot be a USB keyboard; "
            "a Raspberry Pi Zero 2 W, 4, 400 or 5 can, or an Orange Pi Zero 2W or 5"
        )
    if model.startswith(_HOST_ONLY):
        return (
            f"A {model} cannot be a USB device: its sockets hang behind a hub; "
            "take a Raspberry Pi Zero 2 W, 3A+, 4, 400 or 5"
        )
    if model.startswith("Raspberry Pi"):
        return (
            f"The USB device controller of this {model} is not switched on; "
            "write dtoverlay=dwc2,dr_mode=peripheral to config.txt on the boot partition, and restart"
        )
    return (
        f"This {model} has no USB device controller, or its socket is set to host; "
        "set dr_mode of its USB controller to peripheral or otg in the device tree, and restart"
    )


class UdcState:
    """The state of a controller, held open: a look is made before every report."""

    def __init__(self, udc: str, root: Path = Path("/")) -> None:
        """Open the state.

        Raises:
            KeyboardError: There is no such controller.
        """
        try:
            self._fd = os.open(root / _CLASS / udc / "state", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise KeyboardError(why_none(root)) from error
        self._changes = select.poll()
        self._changes.register(self._fd, select.POLLPRI)
        self._settled_s = time.monotonic() + _SETTLING_S
        self._last = _read(self._fd)  # the kernel tells changes from here on
        self._gadget = root / _CLASS / udc / "device"
        self._suspended_fd = self._open_suspended()

    def look(self) -> tuple[str, bool]:
        """Read the state; say too whether a host has configured us anew since the last look.

        The kernel notifies of every change, and remembers for this descriptor that it did: a host that came
        and went between two looks is not overlooked. It also notifies when the state is set to what it was.
        """
        was_notified = bool(self._changes.poll(0))
        last, self._last = self._last, _read(self._fd)
        now_s = time.monotonic()
        is_new = was_notified and last == self._last == CONFIGURED and now_s > self._settled_s
        if self._last == CONFIGURED and (is_new or last != CONFIGURED):
            self._settled_s = now_s + _SETTLING_S
        return SUSPENDED if self._last == CONFIGURED and self._is_suspended() else self._last, is_new

    def close(self) -> None:
        """Close the state."""
        os.close(self._fd)
        if self._suspended_fd is not None:
            os.close(self._suspended_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_suspended(self) -> bool:
        """Read what some controllers' drivers leave out of the state. The file comes with each binding."""
        if self._suspended_fd is None:
            return False
        suspended = _read(self._suspended_fd)
        if suspended == GONE:
            os.close(self._suspended_fd)
            self._suspended_fd = self._open_suspended()
        return suspended == "1"

    def _open_suspended(self) -> int | None:
        for file in self._gadget.glob("gadget*/suspended"):
            with suppress(OSError):
                return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        return None


def _read(descriptor: int) -> str:
    try:
        return os.pread(descriptor, 64, 0).decode().strip()
    except OSError:
        return GONE
