"""The kernel's configfs with its two gadget functions, as far as who makes and switches gadgets can tell."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from shutil import rmtree

from device.hardware.configfs import Configfs
from device.hardware.gadget_status import DRIVE, GADGETS, LUN_FILE, NAME

UDC = "fe980000.usb"

# What the kernel puts into each new folder, by where it is (Documentation/usb/gadget_configfs.rst).
GADGET = ("idVendor", "idProduct", "bcdDevice", "bcdUSB", "UDC", "configs/", "functions/", "strings/")
HID = ("protocol", "subclass", "report_length", "report_desc", "no_out_endpoint", "dev")
MASS_STORAGE = (
    "stall",
    "lun.0/",
    "lun.0/cdrom",
    "lun.0/file",
    "lun.0/inquiry_string",
    "lun.0/nofua",
    "lun.0/removable",
    "lun.0/ro",
)
CONFIG = ("bmAttributes", "MaxPower", "strings/")
LANGUAGE = ("serialnumber", "product", "manufacturer", "configuration")


def refused(code: int, file: Path) -> OSError:
    return OSError(code, os.strerror(code), str(file))


class FakeConfigfs(Configfs):
    """The kernel's rules: folders come filled, go only in order, and a controller serves one gadget."""

    def __init__(self, root: Path, hid=HID, mass_storage=MASS_STORAGE, *, loads: bool = True) -> None:
        self.gadgets = root / GADGETS
        self.calls = 0
        self.crash_at = 0
        self.refuse_udc = 0
        self.given: dict[str, int] = {}
        self.is_locked = False  # by a host: it uses the drive
        self._functions = {"hid.usb0": hid, "mass_storage.usb0": mass_storage}
        self._loads = loads

    def load(self, module):
        if self._loads:
            self.gadgets.mkdir(parents=True, exist_ok=True)

    def make(self, folder):
        self._may_crash()
        where = folder.relative_to(self.gadgets).parts
        match where[1:]:
            case ():
                entries = GADGET
            case ("functions", name):
                entries = self._functions.get(name, ("dev",))
            case ("configs", _):
                entries = CONFIG
            case (*_, "strings", _):
                entries = LANGUAGE
        if not entries:
            raise FileNotFoundError(errno.ENOENT, "no such function", str(folder))
        if folder.is_dir():
            return
        folder.mkdir()
        for entry in entries:
            if entry.endswith("/"):
                (folder / entry).mkdir(exist_ok=True)
            else:
                (folder / entry).write_text("236:0\n" if entry == "dev" else "")

    def write(self, file, value):
        self._may_crash()
        if not file.exists():
            raise PermissionError(errno.EACCES, "configfs makes its files itself", str(file))
        gadget = self.gadgets / file.relative_to(self.gadgets).parts[0]
        match file.name:
            case "UDC":
                value = self._bind(gadget, value)
            case "file":
                value = self._put(file, value)
            case _ if (gadget / "UDC").read_text().strip():
                raise refused(errno.EBUSY, file)
        super().write(file, value)
        # A whole value each time, as an attribute has it.
        with file.open("rb+") as opened:
            opened.truncate(len(value))

    def give(self, file, group):
        self._may_crash()
        if not file.exists():
            raise FileNotFoundError(file)
        self.given[str(file.relative_to(self.gadgets))] = group

    def remove(self, folder):
        made = [
            entry for sub in folder.glob("*/") if not sub.name.startswith("lun.") for entry in sub.iterdir()
        ]
        links = [entry for entry in folder.iterdir() if entry.is_symlink()]
        if made or links:
            raise refused(errno.ENOTEMPTY, folder)
        rmtree(folder)

    def eject(self) -> None:
        """Do what a host does when its user ejects the drive."""
        (self.gadgets / DRIVE / LUN_FILE).write_text("")

    def _bind(self, gadget: Path, value: bytes) -> bytes:
        dev = self.gadgets.parents[3] / "dev"
        dev.mkdir(exist_ok=True)
        udc = value.strip().decode()
        if udc:
            if self.refuse_udc:
                raise refused(self.refuse_udc, gadget / "UDC")
            if not (self.gadgets.parents[3] / "sys/class/udc" / udc).is_dir():
                raise refused(errno.ENODEV, gadget / "UDC")
            if any((other / "UDC").read_text().strip() == udc for other in self.gadgets.iterdir()):
                raise refused(errno.EBUSY, gadget / "UDC")
        elif not (gadget / "UDC").read_text().strip():
            raise refused(errno.ENODEV, gadget / "UDC")
        if gadget.name == NAME:
            (dev / "hidg0").touch() if udc else (dev / "hidg0").unlink()
        else:
            self.is_locked = False
        return value.strip() + b"\n" if udc else b"\n"

    def _put(self, file: Path, value: bytes) -> bytes:
        image = value.removesuffix(b"\n")
        if self.is_locked and file.read_bytes():
            raise refused(errno.EBUSY, file)
        if image and not Path(os.fsdecode(image)).is_file():
            raise refused(errno.ENOENT, file)
        return image + b"\n" if image else b""

    def _may_crash(self):
        self.calls += 1
        if self.calls == self.crash_at:
            raise KeyboardInterrupt
