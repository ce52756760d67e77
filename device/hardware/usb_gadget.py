"""Makes this machine a USB keyboard that can be a drive: two gadgets, of which one at a time is bound.

The keyboard is a boot keyboard, without an OUT endpoint where the kernel can leave that out: with one, the
kernel's HID function refuses LED reports on endpoint 0, and firmware, which knows no others, gives up on the
keyboard.

The drive is a gadget of its own, for a controller serves one gadget: the keyboard is never there beside it.
Only root makes gadgets; but the daemon, which is not root, turns one into the other, so root gives it the few
attributes that do so.
"""

from __future__ import annotations

import grp
import hashlib
import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import KeyboardError
from device.hardware.configfs import (
    CONFIG,
    ENGLISH,
    Configfs,
    Gadget,
    NoFunctionError,
    ensure,
    explained,
    gadgets_folder,
    remove,
)
from device.hardware.gadget_status import (
    DRIVE,
    GADGETS,
    HID,
    LUN,
    LUN_FILE,
    MASS_STORAGE,
    NAME,
    bound_to,
    free_controller,
    has_image,
)
from device.hardware.udc import controllers, why_none
from device.keyboard.descriptor import PACKET_LENGTH, REPORT_DESCRIPTOR, REVISION

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

GROUP = "saykey"
"""The group whose members may turn the keyboard into the drive and back."""

SWITCHES = (f"{NAME}/UDC", f"{DRIVE}/UDC", f"{DRIVE}/{LUN_FILE}")
"""What does that, in the folder of all gadgets. The kernel opens the image with the rights of whoever writes
its path, so that nobody shows a file that is not theirs to write."""

_IDENTITY: dict[str, int | str] = {
    # The Linux Foundation's "Multifunction Composite Gadget", which is there for gadgets like this one.
    # It must stay: macOS remembers by it which kind of keyboard its user said this is.
    "idVendor": 0x1D6B,
    "idProduct": 0x0104,
    "bcdDevice": REVISION,
    "bcdUSB": 0x0200,
    f"{ENGLISH}/manufacturer": "Saykey",
    f"{ENGLISH}/product": "Saykey keyboard",
}

_DRIVE_IDENTITY: dict[str, int | str] = {
    # The "Linux-USB File-backed Storage Gadget". It must not be the keyboard's: hosts remember by it what a
    # device is.
    "idVendor": 0x0525,
    "idProduct": 0xA4A5,
    "bcdDevice": REVISION,
    "bcdUSB": 0x0200,
    f"{ENGLISH}/manufacturer": "Saykey",
    f"{ENGLISH}/product": "Saykey drive",
}

_INQUIRY = f"{'Saykey':8}{'Model drive':16}{REVISION:04x}"
"""Vendor, product and revision as SCSI tells them (SPC-4, 6.4.2): 8, 16 and 4 characters."""

_SERIAL_LENGTH = 12
"""Digits that a drive's serial number has at least, in capitals (USB Mass Storage Bulk-Only 1.0, 4.1.1)."""


def up(root: Path = Path("/"), configfs: Configfs | None = None) -> bool:
    """Make both gadgets and bind the keyboard. What is left of an earlier try is removed first.

    Without the kernel's module for drives, this machine is a keyboard alone.

    Returns:
        Whether there was anything to do.

    Raises:
        KeyboardError: This board or kernel cannot, or we may not.
    """
    configfs = configfs or Configfs()
    with explained("up"):
        if not controllers(root):
            raise KeyboardError(f"{why_none(root)}.")
        folder = gadgets_folder(root, configfs)
        udc = bound_to(folder / NAME) or free_controller(root)
        if bound_to(folder / DRIVE) or has_image(root):
            remove(folder / DRIVE, configfs)  # a daemon died while it was shown
        is_new = _keyboard_up(folder / NAME, udc, root, configfs)
        is_new |= _drive_up(folder / DRIVE, root, configfs)
        _give_switches(folder, configfs)
    return is_new


def down(root: Path = Path("/"), configfs: Configfs | None = None) -> bool:
    """Take our gadgets from their controller and remove them.

    Returns:
        Whether there was anything to do.

    Raises:
        KeyboardError: We may not.
    """
    there = [folder for name in (DRIVE, NAME) if (folder := root / GADGETS / name).is_dir()]
    with explained("down"):
        for folder in there:
            remove(folder, configfs or Configfs())
    return bool(there)


def serial_number(root: Path = Path("/")) -> str:
    """Give a number that tells this device from others and stays: the board's, or one made of the machine's.

    The machine's own is confidential (machine-id(5)): hosts get a hash of it.
    """
    with suppress(OSError):
        if number := (root / "proc/device-tree/serial-number").read_text(errors="replace").strip("\0\n "):
            return number
    try:
        machine = (root / "etc/machine-id").read_bytes().strip()
    except OSError:
        return "0"
    return hashlib.sha256(b"saykey " + machine).hexdigest()[:16]


def _keyboard_up(folder: Path, udc: str, root: Path, configfs: Configfs) -> bool:
    is_new = ensure(folder, _keyboard(root), configfs)
    if bound_to(folder):
        return is_new
    try:
        configfs.write(folder / "UDC", udc.encode())
    except BaseException:
        remove(folder, configfs)
        raise
    return True


def _drive_up(folder: Path, root: Path, configfs: Configfs) -> bool:
    try:
        return ensure(folder, _drive(root), configfs)
    except (NoFunctionError, OSError) as error:  # it shall not cost the keyboard
        log.warning("this device cannot be a drive: %s", error)
        return False


def _give_switches(folder: Path, configfs: Configfs) -> None:
    try:
        group = grp.getgrnam(GROUP).gr_gid
    except KeyError:  # tried out by root alone, before anything was installed
        return
    for switch in SWITCHES:
        with suppress(FileNotFoundError):  # no drive
            configfs.give(folder / switch, group)


def _keyboard(root: Path) -> Gadget:
    return Gadget(
        function=HID,
        module="usb_f_hid",
        option="CONFIG_USB_CONFIGFS_F_HID",
        attributes={
            **_IDENTITY,
            f"{ENGLISH}/serialnumber": serial_number(root),
            f"{HID}/subclass": 1,  # boot interface (HID 1.11, 4.2)
            f"{HID}/protocol": 1,  # keyboard (HID 1.11, 4.3)
            f"{HID}/report_length": PACKET_LENGTH,
            f"{HID}/report_desc": REPORT_DESCRIPTOR,
            **_configuration("Keyboard", 0xA0),  # powered by the bus, may wake the host (USB 2.0, 9.6.3)
        },
        newer={f"{HID}/no_out_endpoint": 1},
    )


def _drive(root: Path) -> Gadget:
    return Gadget(
        function=MASS_STORAGE,
        module="usb_f_mass_storage",
        option="CONFIG_USB_CONFIGFS_MASS_STORAGE",
        attributes={
            **_DRIVE_IDENTITY,
            f"{ENGLISH}/serialnumber": serial_number(root).upper().zfill(_SERIAL_LENGTH),
            f"{LUN}/removable": 1,  # so that a host can eject it, which says that it is done
            f"{LUN}/inquiry_string": _INQUIRY,
            **_configuration("Drive", 0x80),  # powered by the bus (USB 2.0, 9.6.3)
        },
    )


def _configuration(name: str, attributes: int) -> Mapping[str, int | str]:
    return {
        f"{CONFIG}/bmAttributes": attributes,
        f"{CONFIG}/MaxPower": 250,  # mA; tablets refuse keyboards that ask for a whole port's 500
        f"{CONFIG}/{ENGLISH}/configuration": name,
    }
