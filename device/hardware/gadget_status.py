"""The USB gadget as it is: where the kernel shows it, who holds the controller, which file takes reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from device.errors import KeyboardError
from device.hardware.led_file import LED_FILE, read_leds
from device.hardware.udc import attribute, controllers, why_none

NAME = "saykey"
"""The gadget's folder in configfs."""

GADGETS = Path("sys/kernel/config/usb_gadget")
"""Where the kernel keeps gadgets (Documentation/usb/gadget_configfs.rst)."""

HID = "functions/hid.usb0"
"""The keyboard in the gadget's folder. The name behind the point is ours to choose."""


@dataclass(frozen=True, slots=True)
class Status:
    """What there is. Names are empty and the rest is `None` where there is nothing.

    Attributes:
        gadget: Our gadget's name.
        controllers: All controllers of this machine.
        udc: The controller that our gadget is bound to.
        state: How far a host has configured it, such as "configured" (USB 2.0, 9.1.1).
        speed: Such as "high-speed".
        device: The file that takes reports.
        leds: The host's lock keys as it told them last: the LED bits of HID 1.11, B.1.
    """

    gadget: str
    controllers: tuple[str, ...]
    udc: str
    state: str
    speed: str
    device: str
    leds: int | None


def status(root: Path = Path("/")) -> Status:
    """Look what there is. Anybody may; nothing is changed."""
    folder = root / GADGETS / NAME
    udc = bound_to(folder)
    file = device_file(root)
    return Status(
        gadget=NAME if folder.is_dir() else "",
        controllers=tuple(controllers(root)),
        udc=udc,
        state=attribute(udc, "state", root) if udc else "",
        speed=attribute(udc, "current_speed", root) if udc else "",
        device=str(file) if file else "",
        leds=read_leds(root / LED_FILE),
    )


def find(root: Path = Path("/")) -> tuple[Path, str]:
    """Give the file that takes reports and the controller behind it.

    Where our own gadget is not there, a keyboard gadget that something else made will do.

    Raises:
        KeyboardError: There is none.
    """
    file, there = device_file(root), controllers(root)
    if not there:
        raise KeyboardError(f"{why_none(root)}.")
    if file is None:
        raise KeyboardError("The USB keyboard is not set up; run: sudo saykey gadget up")
    return file, bound_to(root / GADGETS / NAME) or there[0]


def device_file(root: Path = Path("/")) -> Path | None:
    """Give the file that takes our reports, or the first of a gadget that is not ours."""
    try:
        # Major and minor number: the kernel names the file by the latter.
        minor = (root / GADGETS / NAME / HID / "dev").read_text().strip().rpartition(":")[2]
    except OSError:
        return next(iter(sorted((root / "dev").glob("hidg*"))), None)
    file = root / "dev" / f"hidg{minor}"
    return file if file.exists() else None


def bound_to(gadget: Path) -> str:
    """Name the controller that a gadget is bound to; empty if none."""
    try:
        return (gadget / "UDC").read_text().strip()
    except OSError:
        return ""


def owner_of(udc: str, root: Path = Path("/")) -> str:
    """Name the gadget that is bound to a controller; empty if it is free."""
    for gadget in sorted((root / GADGETS).glob("*")):
        if bound_to(gadget) == udc:
            return gadget.name
    return attribute(udc, "function", root)
