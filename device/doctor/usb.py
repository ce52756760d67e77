"""The USB keyboard and the drive: controller, gadgets, files, host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from device.doctor.finding import Finding, fault, ok, warning
from device.hardware.gadget_status import DRIVE, GADGETS, Status, device_file, status
from device.hardware.udc import attribute, board, why_none
from device.hardware.usb_gadget import SWITCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UP = "run: sudo saykey gadget up"


def keyboard(root: Path = Path("/"), access: Callable[[Path, int], bool] = os.access) -> Iterator[Finding]:
    """Look whether this machine is a USB keyboard, and whether a host takes it."""
    now = status(root)
    if not now.controllers:
        found, _, advice = why_none(root).partition("; ")
        # A computer without device tree is no board: there Saykey is tried out, with a virtual host.
        yield warning(found, advice) if board(root) else ok(f"{found}; {advice}")
        return
    if now.bound == DRIVE:
        yield _host(f"the drive in place of the keyboard on {now.udc}", now.state, now.speed)
        return
    file = device_file(root)
    if file is None:
        made = "half made" if now.gadget else "not made"
        yield fault(f"{', '.join(now.controllers)} is there, but the keyboard is {made}", _UP)
        return
    if not access(file, os.R_OK | os.W_OK):
        yield fault(
            f"this user may not write to {file}",
            "copy systemd/udev/60-saykey.rules to /etc/udev/rules.d, then run: "
            "sudo usermod -aG saykey $USER, and log in again",
        )
        return
    udc = now.udc or now.controllers[0]
    yield _host(f"{file} on {udc}", attribute(udc, "state", root), now.speed)
    if now.gadget:
        yield _drive(now, root / GADGETS, access)


def _drive(now: Status, gadgets: Path, access: Callable[[Path, int], bool]) -> Finding:
    if not now.drive:
        return warning(
            "this device is a keyboard alone, and cannot be a drive",
            "run: sudo saykey gadget up; it says what is missing, such as the kernel's usb_f_mass_storage",
        )
    if not all(access(gadgets / switch, os.W_OK) for switch in SWITCHES if (gadgets / switch).exists()):
        return warning(
            "this user may not turn the keyboard into a drive",
            "run: sudo usermod -aG saykey $USER, log in again, and run: sudo saykey gadget up",
        )
    return ok("it can be a drive instead")


def _host(found: str, state: str, speed: str) -> Finding:
    match state:
        case "configured":
            return ok(f"{found}, taken by a host{f' at {speed}' if speed else ''}")
        case "suspended":
            return warning(f"{found}: the host sleeps", "wake it; text waits until then")
        case "not attached" | "":
            return warning(
                f"{found}: no host is connected",
                "plug it into a computer, at the board's socket for data, with a cable that carries data",
            )
    return warning(
        f"{found}: the host has not configured it ({state})",
        "wait a moment; if that stays, try another socket or cable",
    )
