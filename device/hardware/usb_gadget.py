"""Makes this machine a USB keyboard: a gadget in the kernel's configfs, made, bound and removed again.

It is a boot keyboard, without an OUT endpoint where the kernel can leave that out: with one, the kernel's HID
function refuses LED reports on endpoint 0, and firmware, which knows no others, gives up on the keyboard.
"""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from device.errors import KeyboardError
from device.hardware.gadget_status import GADGETS, HID, NAME, bound_to, owner_of
from device.hardware.udc import controllers, why_none
from device.keyboard.descriptor import PACKET_LENGTH, REPORT_DESCRIPTOR, REVISION

_CONFIG = "configs/c.1"
_ENGLISH = "strings/0x409"
"""Language code of US English (USB 2.0, 9.6.7): the one that every host asks for."""

_IDENTITY: dict[str, int | str] = {
    # The Linux Foundation's "Multifunction Composite Gadget", which is there for gadgets like this one.
    # It must stay: macOS remembers by it which kind of keyboard its user said this is.
    "idVendor": 0x1D6B,
    "idProduct": 0x0104,
    "bcdDevice": REVISION,
    "bcdUSB": 0x0200,
    f"{_ENGLISH}/manufacturer": "Saykey",
    f"{_ENGLISH}/product": "Saykey keyboard",
}

_FUNCTION: dict[str, int | bytes] = {
    f"{HID}/subclass": 1,  # boot interface (HID 1.11, 4.2)
    f"{HID}/protocol": 1,  # keyboard (HID 1.11, 4.3)
    f"{HID}/report_length": PACKET_LENGTH,
    f"{HID}/report_desc": REPORT_DESCRIPTOR,
}

_CONFIGURATION: dict[str, int | str] = {
    f"{_CONFIG}/bmAttributes": 0xA0,  # powered by the bus, may wake the host (USB 2.0, 9.6.3)
    f"{_CONFIG}/MaxPower": 250,  # mA; tablets refuse keyboards that ask for a whole port's 500
    f"{_CONFIG}/{_ENGLISH}/configuration": "Keyboard",
}

_FOLDERS = ("", _ENGLISH, HID, _CONFIG, f"{_CONFIG}/{_ENGLISH}")


class Configfs:
    """What can be done in configfs. The kernel fills a new folder, and empties one that is removed."""

    def make(self, folder: Path) -> None:
        """Make a folder."""
        folder.mkdir(exist_ok=True)

    def remove(self, folder: Path) -> None:
        """Remove a folder in which no other was made."""
        folder.rmdir()

    def write(self, file: Path, value: bytes) -> None:
        """Set an attribute, in one call: each is a whole value to the kernel."""
        descriptor = os.open(file, os.O_WRONLY)
        try:
            os.write(descriptor, value)
        finally:
            os.close(descriptor)

    def load(self, module: str) -> None:
        """Load a module of the kernel, if it has it and we may."""
        subprocess.run(["/sbin/modprobe", "--quiet", module], check=False)  # noqa: S603  # no word of it is the user's


def up(root: Path = Path("/"), configfs: Configfs | None = None) -> bool:
    """Make the gadget and bind it to a controller. What is left of an earlier try is removed first.

    Returns:
        Whether there was anything to do.

    Raises:
        KeyboardError: This board or kernel cannot, or we may not.
    """
    configfs = configfs or Configfs()
    try:
        if not controllers(root):
            raise KeyboardError(f"{why_none(root)}.")
        gadget = _gadgets(root, configfs) / NAME
        if _is_up(gadget, root):
            return False
        udc = _free_controller(root)
        _remove(gadget, configfs)
        try:
            _make(gadget, root, configfs)
            configfs.write(gadget / "UDC", udc.encode())
        except BaseException:
            _remove(gadget, configfs)
            raise
    except OSError as error:
        raise _explained(error, "up") from error
    return True


def down(root: Path = Path("/"), configfs: Configfs | None = None) -> bool:
    """Take the gadget from its controller and remove it.

    Returns:
        Whether there was anything to do.

    Raises:
        KeyboardError: We may not.
    """
    gadget = root / GADGETS / NAME
    if not gadget.is_dir():
        return False
    try:
        _remove(gadget, configfs or Configfs())
    except OSError as error:
        raise _explained(error, "down") from error
    return True


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


def _gadgets(root: Path, configfs: Configfs) -> Path:
    folder = root / GADGETS
    if not folder.is_dir():
        configfs.load("libcomposite")
    if folder.is_dir():
        return folder
    try:
        mounts = (root / "proc/mounts").read_text()
    except OSError:
        mounts = ""
    if any(mount.split()[2:3] == ["configfs"] for mount in mounts.splitlines()):
        raise KeyboardError(
            "The kernel's module libcomposite is missing or may not be loaded; run this as root, "
            "with a kernel that has USB gadgets"
        )
    raise KeyboardError(
        "The kernel's configfs is not mounted; run: sudo mount -t configfs none /sys/kernel/config"
    )


def _wanted(root: Path) -> dict[str, int | str | bytes]:
    return {**_IDENTITY, f"{_ENGLISH}/serialnumber": serial_number(root), **_FUNCTION, **_CONFIGURATION}


def _is_up(gadget: Path, root: Path) -> bool:
    """Say whether the gadget is bound and just as we would make it."""
    link, out = gadget / _CONFIG / Path(HID).name, gadget / HID / "no_out_endpoint"
    try:
        return (
            bool(bound_to(gadget))
            and link.is_symlink()
            and (not out.exists() or int(out.read_text()) == 1)
            and all(_holds(gadget / name, value) for name, value in _wanted(root).items())
        )
    except OSError:
        return False


def _holds(file: Path, wanted: int | str | bytes) -> bool:
    there = file.read_bytes()
    match wanted:
        case int():
            return int(there, 0) == wanted
        case str():
            return there.decode(errors="replace").strip() == wanted
        case bytes():
            return there == wanted


def _make(gadget: Path, root: Path, configfs: Configfs) -> None:
    for folder in _FOLDERS:
        try:
            configfs.make(gadget / folder)
        except FileNotFoundError as error:
            if folder != HID:
                raise
            raise KeyboardError(
                "The kernel's module usb_f_hid is missing; install a kernel with CONFIG_USB_CONFIGFS_F_HID, "
                "as Debian's and Raspberry Pi OS's are"
            ) from error
    for name, value in _wanted(root).items():
        configfs.write(gadget / name, value if isinstance(value, bytes) else str(value).encode())
    if (gadget / HID / "no_out_endpoint").exists():
        configfs.write(gadget / HID / "no_out_endpoint", b"1")
    (gadget / _CONFIG / Path(HID).name).symlink_to(gadget / HID)


def _free_controller(root: Path) -> str:
    owners = {udc: owner_of(udc, root) for udc in controllers(root)}
    for udc, owner in owners.items():
        if owner in ("", NAME):
            return udc
    udc, owner = next(iter(owners.items()))
    raise KeyboardError(
        f"The USB device controller {udc} serves another gadget, {owner!r}; "
        "stop the service or script that made it, and try again"
    )


def _remove(gadget: Path, configfs: Configfs) -> None:
    """Remove whatever is there of the gadget, in the only order that the kernel accepts."""
    if not gadget.is_dir():
        return
    if bound_to(gadget):
        configfs.write(gadget / "UDC", b"\n")
    for config in sorted((gadget / "configs").glob("*")):
        for entry in sorted(config.iterdir()):
            if entry.is_symlink():
                entry.unlink()
        for folder in (*sorted((config / "strings").glob("*")), config):
            configfs.remove(folder)
    for folder in (
        *sorted((gadget / "functions").glob("*")),
        *sorted((gadget / "strings").glob("*")),
        gadget,
    ):
        configfs.remove(folder)


def _explained(error: OSError, verb: str) -> KeyboardError:
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return KeyboardError(f"Only root can set up USB; run: sudo saykey gadget {verb}")
        case errno.EROFS:
            return KeyboardError("The kernel's /sys is read-only here; run this outside of the container")
        case errno.EBUSY:
            return KeyboardError(
                f"The kernel is still busy with the gadget ({error.filename or 'UDC'}); "
                "stop what uses it, and try again"
            )
        case errno.ENODEV:
            return KeyboardError(
                "The USB device controller refused the gadget, or is gone; restart, then try again"
            )
    return KeyboardError(f"The kernel did not take the gadget ({error}); restart, then try again")
