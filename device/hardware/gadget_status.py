"""The USB gadgets as they are: where the kernel shows them, what a host sees, which file takes reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from device.errors import KeyboardError
from device.hardware.led_file import LED_FILE, read_leds
from device.hardware.udc import attribute, controllers, why_none

NAME = "saykey"
"""The keyboard's folder in configfs."""

DRIVE = "saykey-drive"
"""The drive's folder in configfs."""

GADGETS = Path("sys/kernel/config/usb_gadget")
"""Where the kernel keeps gadgets (Documentation/usb/gadget_configfs.rst)."""

HID = "functions/hid.usb0"
"""The keyboard in the gadget's folder. The name behind the point is ours to choose."""

MASS_STORAGE = "functions/mass_storage.usb0"
"""The drive in the gadget's folder."""

LUN = f"{MASS_STORAGE}/lun.0"
"""The drive's only unit, which comes with it (Documentation/usb/mass-storage.rst)."""

LUN_FILE = f"{LUN}/file"
"""Holds the path of the image; empty when there is none, as after the host has ejected it."""


@dataclass(frozen=True, slots=True)
class Status:
    """What there is. Names are empty and the rest is `None` where there is nothing.

    Attributes:
        gadget: The keyboard's name.
        drive: The drive's name.
        bound: The name of that of the two which is bound to a controller: what we are to a host.
        controllers: All controllers of this machine.
        udc: The controller that it is bound to.
        state: How far a host has configured it, such as "configured" (USB 2.0, 9.1.1).
        speed: Such as "high-speed".
        device: The file that takes reports.
        leds: The host's lock keys as it told them last: the LED bits of HID 1.11, B.1.
    """

    gadget: str
    drive: str
    bound: str
    controllers: tuple[str, ...]
    udc: str
    state: str
    speed: str
    device: str
    leds: int | None


def status(root: Path = Path("/")) -> Status:
    """Look what there is. Anybody may; nothing is changed."""
    folder = root / GADGETS
    bound = next((name for name in (NAME, DRIVE) if bound_to(folder / name)), "")
    udc = bound_to(folder / bound) if bound else ""
    file = device_file(root)
    return Status(
        gadget=NAME if (folder / NAME).is_dir() else "",
        drive=DRIVE if (folder / DRIVE).is_dir() else "",
        bound=bound,
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


def has_image(root: Path = Path("/")) -> bool:
    """Say whether an image is in the drive, which a host may have ejected."""
    try:
        return bool((root / GADGETS / DRIVE / LUN_FILE).read_bytes().strip())
    except OSError:
        return False


def owner_of(udc: str, root: Path = Path("/")) -> str:
    """Name the gadget that is bound to a controller; empty if it is free."""
    for gadget in sorted((root / GADGETS).glob("*")):
        if bound_to(gadget) == udc:
            return gadget.name
    return attribute(udc, "function", root)


def free_controller(root: Path = Path("/")) -> str:
    """Name a controller that serves no gadget but ours.

    Raises:
        KeyboardError: There is none.
    """
    owners = {udc: owner_of(udc, root) for udc in controllers(root)}
    for udc, owner in owners.items():
        if owner in ("", NAME, DRIVE):
            return udc
    if not owners:
        raise KeyboardError(f"{why_none(root)}.")
    udc, owner = next(iter(owners.items()))
    raise KeyboardError(
        f"The USB device controller {udc} serves another gadget, {owner!r}; "
        "stop the service or script that made it, and try again"
    )
