"""The USB keyboard: controller, gadget, device file, host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from device.doctor.finding import Finding, fault, ok, warning
from device.hardware.gadget_status import device_file, status
from device.hardware.udc import attribute, board, why_none

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
    file = device_file(root)
    if file is None:
        made = "half made" if now.gadget else "not made"
        yield fault(f"{', '.join(now.controllers)} is there, but the keyboard is {made}", _UP)
        return
    if not access(file, os.R_OK | os.W_OK):
        yield fault(
            f"this user may not write to {file}",
            'make a udev rule of KERNEL=="hidg*", GROUP="saykey", MODE="0660", then run: '
            "sudo usermod -aG saykey $USER, and log in again",
        )
        return
    udc = now.udc or now.controllers[0]
    yield _host(f"{file} on {udc}", attribute(udc, "state", root), now.speed)


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
