"""The keyboard becomes a drive and a keyboard again: switched by a user who is not root."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from faults import Suspended, usb_device
from host import host
from wait import until

from device.errors import DriveError
from device.hardware.configfs import Configfs
from device.hardware.gadget_status import GADGETS, LUN_FILE, status
from device.hardware.usb_drive import UsbDrive

_SAYKEY = [sys.executable, "-m", "device.cli"]
_MODULES = (
    *("dummy_hcd", "usbhid", "hid-generic", "evdev"),
    *("usb-storage", "sd_mod", "vfat", "nls_cp437", "nls_ascii"),
)
_USER, _GROUP = 1000, 990
_DOOR_UNLOCK, _EJECT = 0x5381, 0x5309
"""SCSI_IOCTL_DOORUNLOCK and CDROMEJECT (scsi/scsi_ioctl.h, linux/cdrom.h)."""

_IMAGE = Path("/tmp/state/drive.img")  # noqa: S108  it is the guest's own
_MOUNTED = Path("/tmp/mounted")  # noqa: S108
_GADGETS = Path("/") / GADGETS
_DRIVE = _GADGETS / "saykey-drive"


def main() -> None:
    """Do all of it, and leave what was found in a file; an assertion ends it."""
    _prepare()
    found: dict[str, Any] = {}
    try:
        _do_all(found)
    finally:
        Path("drive.json").write_text(json.dumps(found, indent=1))
        os.sync()


def _do_all(found: dict[str, Any]) -> None:
    found["up"] = [_saykey("gadget", "up"), _saykey("gadget", "up")]
    found["given"] = _given()
    found["outsider"] = _outsider()
    with Device() as device:
        found["ejected"] = _ejected(device)
        found["locked"] = _locked(device)
        found["kept"] = _kept(device)
        device.do("show", _IMAGE)
        until(_disk)
        device.process.kill()
    found["killed"] = _saykey("gadget", "status")
    with Device() as device:
        device.do("close")
        assert status().bound == "saykey"
        found["typed"] = _typed()
        device.do("show", _IMAGE)
        until(_disk)
        found["up in drive mode"] = _saykey("gadget", "up")
        assert status().bound == "saykey"
        device.do("wait")
        device.do("hide")
        device.do("close")
    found["typed again"] = _typed()
    found["down"] = _saykey("gadget", "down")
    assert not list(_GADGETS.iterdir())


class Device:
    """A process of the unprivileged user with a `UsbDrive`, which does what it is told by lines."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "device"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=_USER,
            group=_USER,
            extra_groups=[_GROUP],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def begin(self, *words: object) -> None:
        """Tell it to do something."""
        assert self.process.stdin
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def end(self) -> float:
        """Return when it has done it; give the seconds that it took."""
        assert self.process.stdout
        answer = self.process.stdout.readline()
        assert answer.startswith("ok"), answer
        return round(float(answer.split()[1]), 3)

    def do(self, *words: object) -> float:
        """Have it done; give the seconds that it took."""
        self.begin(*words)
        return self.end()


def serve() -> None:
    """Be the device's process."""
    drive = UsbDrive()
    for line in sys.stdin:
        verb, *more = line.split()
        began_s = time.monotonic()
        if verb == "wait":
            asyncio.run(drive.until_returned())
        else:
            getattr(drive, verb)(*map(Path, more))
        print("ok", time.monotonic() - began_s, flush=True)


def _prepare() -> None:
    subprocess.run(["modprobe", "-a", *_MODULES], check=True)
    with Path("/etc/group").open("a") as groups:
        groups.write(f"saykey:x:{_GROUP}:\n")
    _IMAGE.parent.mkdir()
    _MOUNTED.mkdir()
    subprocess.run(["mformat", "-C", "-i", _IMAGE, "-T", "16384", "-v", "SAYKEY", "::"], check=True)
    os.chown(_IMAGE.parent, _USER, _USER)
    os.chown(_IMAGE, _USER, _USER)


def _given() -> list[str]:
    """Name all that the group may write, or owns; it outlives a binding."""
    return sorted(
        str(file.relative_to(_GADGETS))
        for file in _GADGETS.rglob("*")
        if not file.is_symlink() and (file.stat().st_gid == _GROUP or file.stat().st_mode & 0o022)
    )


def _outsider() -> str:
    """Let a user outside the group try it, and then one who may not write to the image."""

    def try_it() -> None:
        os.setgroups([])
        os.setgid(_USER)
        os.setuid(_USER)
        try:
            UsbDrive().show(_IMAGE)
        except DriveError as error:
            Path("/tmp/said").write_text(str(error))  # noqa: S108
        os._exit(0)

    Path("/tmp/said").touch()  # noqa: S108
    Path("/tmp/said").chmod(0o666)  # noqa: S108
    if not (child := os.fork()):
        try_it()
    os.waitpid(child, 0)
    assert status().bound == "saykey"
    return Path("/tmp/said").read_text()  # noqa: S108


def _ejected(device: Device) -> dict[str, Any]:
    """A host mounts the drive, writes to it, and ejects it; and again."""
    found: dict[str, Any] = {"show_s": device.do("show", _IMAGE)}
    device.begin("wait")
    began_s = time.monotonic()
    until(_disk)
    found["seen_s"] = round(time.monotonic() - began_s, 3)
    disk = _disk()
    assert disk
    found["names"] = [(disk / "device" / name).read_text() for name in ("vendor", "model", "rev")]
    usb = usb_device("Saykey drive")
    found["usb"] = [
        (usb / name).read_text().strip() for name in ("idVendor", "idProduct", "serial", "bMaxPower")
    ]
    found["removable"] = (disk / "removable").read_text().strip()
    found["status"] = json.loads(_saykey("gadget", "status", "--json"))
    found["words"] = _saykey("gadget", "status")
    try:
        usb_device("Saykey keyboard")
    except LookupError:
        pass
    else:
        raise AssertionError("the keyboard is there beside the drive")
    subprocess.run(["mount", "-t", "vfat", _device(disk), _MOUNTED], check=True)
    (_MOUNTED / "dropped.txt").write_text("from the host")
    subprocess.run(["umount", _MOUNTED], check=True)
    _eject(disk)
    found["wait_s"] = device.end()
    found["hide_s"] = device.do("hide")
    assert status().bound == ""
    read = ["mtype", "-i", _IMAGE, "::dropped.txt"]
    assert subprocess.run(read, check=True, capture_output=True).stdout == b"from the host"
    found["close_s"] = device.do("close")
    assert status().bound == "saykey"
    found["given"] = _given()
    return found


def _locked(device: Device) -> dict[str, Any]:
    """The device hides a drive that the host has open: it has locked it then."""
    device.do("show", _IMAGE)
    until(_disk)
    disk = _disk()
    assert disk
    mounting = ["mount", "-t", "vfat", _device(disk), _MOUNTED]
    until(lambda: subprocess.run(mounting, check=False).returncode == 0)
    try:
        Configfs().write(_DRIVE / LUN_FILE, b"\n")
        while_bound = "taken"
    except OSError as error:
        while_bound = error.strerror
    hide_s = device.do("hide")
    subprocess.run(["umount", "-l", _MOUNTED], check=False)
    device.do("close")
    until(lambda: not _disk())
    return {"while_bound": while_bound, "hide_s": hide_s}


def _kept(device: Device) -> list[str]:
    """A host resets the drive, and sleeps: it stays the drive."""
    device.do("show", _IMAGE)
    until(_disk)
    device.begin("wait")
    states = []
    usb = usb_device("Saykey drive")
    for value in ("0", "1"):
        (usb / "authorized").write_text(value)
        time.sleep(3)
        states.append(status().state)
    until(_disk)
    disk = _disk()
    assert disk
    # What else would wake it: its disk, and the look for a new medium every two seconds.
    (disk / "events_poll_msecs").write_text("0")
    (disk / "device/power/autosuspend_delay_ms").write_text("1")
    (disk / "device/power/control").write_text("auto")
    sleeping = Suspended("Saykey drive")
    sleeping.strike()
    time.sleep(3)
    states.append(status().state)
    assert status().bound == "saykey-drive"
    sleeping.mend()
    _eject(disk)
    device.end()
    device.do("close")
    return states


def _typed() -> str:
    with host("Saykey keyboard", Path("/tmp/events")) as computer:  # noqa: S108
        until(computer.is_here)
        _saykey("type", "back again", "--os", "linux", "--layout", "us")
        computer.settle()
    text = computer.received("us").text
    assert text == "back again"
    return text


def _disk() -> Path | None:
    """Give the host's folder of the drive, when it has read its size."""
    for disk in Path("/sys/block").glob("sd*"):
        if int((disk / "size").read_text()):
            return disk
    return None


def _eject(disk: Path) -> None:
    """Eject it as eject(1) does: unlock it, then stop it."""
    descriptor = os.open(_device(disk), os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(descriptor, _DOOR_UNLOCK)
        fcntl.ioctl(descriptor, _EJECT)
    finally:
        os.close(descriptor)


def _device(disk: Path) -> Path:
    file = Path("/dev") / disk.name
    until(file.exists)
    return file


def _saykey(*arguments: str) -> str:
    done = subprocess.run([*_SAYKEY, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["device"] else main()
