"""A model is flashed as its owner does it: from one keyboard's typing to the next, on a real kernel.

The device is a process of a user without rights; the computer that it is plugged into is this machine too.
See test_flash.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

from desktop import MOUNTED, Automounter, Rule, Task
from faults import usb_device
from host import host
from wait import until

from device.hardware.gadget_status import GADGETS, bound_to, status
from device.models.store import Store

_USER, _GROUP = 1000, 990
_STATE, _RUN = Path("/tmp/saykey"), Path("/run/saykey")  # noqa: S108  it is the guest's own
_STORE = Store(_STATE / "models")
_STOCK = Path("/models/tiny.en")

_SAYKEY = [sys.executable, "-m", "device.cli"]
_FLASH = [sys.executable, "-m", "trainer.cli", "flash", "--timeout", "1200"]
_MODULES = (
    *("dummy_hcd", "usbhid", "hid-generic", "evdev"),
    *("usb-storage", "sd_mod", "vfat", "nls_cp437", "nls_ascii"),
)

_LIMIT_S = 900.0
"""For whatever the model is needed: the guest is slow, and the machine may have much to do."""


def main() -> None:
    """Do all of it, and leave what was found in a file."""
    found: dict[str, Any] = {}
    _prepare()
    try:
        with Bound() as bound, Automounter(), Rule(_GROUP):
            _flash_and_dictate(found)
            _be_refused(found)
        found["bound"] = bound.seen
    finally:
        Path("flash.json").write_text(json.dumps(found, indent=1))


def _flash_and_dictate(found: dict[str, Any]) -> None:
    with Device() as device:
        device.reach("IDLE")
        found["typed by stock"] = _dictated(device)
        began_s = time.monotonic()
        _saykey("drive", "on")
        with _flashing("taught.saykey") as flash:
            until(lambda: device.shows("CONFIRM") or flash.poll() is not None, _LIMIT_S)
            device.do("press")
            found["flashed"] = _ended(flash)
        device.reach("IDLE")
        found["took_s"] = time.monotonic() - began_s
        found["typed by taught"] = _dictated(device)
        found["slots"] = [_STORE.current(), _STORE.previous(), *_STORE.names()]
        found["ended"] = device.end()


def _be_refused(found: dict[str, Any]) -> None:
    """The button is held while the device is plugged in; a bundle is dropped that its owner did not sign."""
    with Device("held") as device:
        device.reach("DRIVE")
        device.do("release")
        with _flashing("forged.saykey") as flash:
            found["forged"] = _ended(flash)
        until(lambda: status().bound == "saykey")
        until(_has_keyboard)
        assert not MOUNTED.is_mount()
    found["slots afterwards"] = [_STORE.current(), _STORE.previous(), *_STORE.names()]


def _prepare() -> None:
    subprocess.run(["modprobe", "-a", *_MODULES], check=True)
    with Path("/etc/group").open("a") as groups:
        groups.write(f"saykey:x:{_GROUP}:\n")
    shutil.copytree(_STOCK, _STORE.root / _STOCK.name)
    _STORE.point_to(_STOCK.name)
    _RUN.mkdir()
    # There, Python keeps what it has compiled.
    for folder in (*_STATE.rglob("*"), _STATE, _RUN, Path("/var/bytecode")):
        os.chown(folder, _USER, _USER, follow_symlinks=False)
    _saykey("gadget", "up")


class Device:
    """Saykey, as a user who is not root."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("scripted_device.py")), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=_USER,
            group=_USER,
            extra_groups=[_GROUP],
            cwd="/",
            env=os.environ | {"STATE_DIRECTORY": str(_STATE), "RUNTIME_DIRECTORY": str(_RUN)},
        )
        self._shown: list[str] = []
        self._passed = 0
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._reader.join()

    def shows(self, state: str) -> bool:
        """Say whether it has shown a state since the last one that was waited for."""
        assert self._process.poll() is None, "the device has ended: see the log"
        if state not in self._shown[self._passed :]:
            return False
        self._passed = self._shown.index(state, self._passed) + 1
        return True

    def reach(self, state: str) -> None:
        """Return when it has shown a state since the last one that was waited for."""
        until(lambda: self.shows(state), _LIMIT_S)

    def do(self, order: str) -> None:
        """Have its script do something."""
        assert self._process.stdin
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Stop it as systemd does; give its exit status."""
        self._process.terminate()
        return self._process.wait(_LIMIT_S)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            _tell(f"device: {line.strip()}")
            self._shown.append(line.split()[0])


class Bound(Task):
    """Watches what the host is given.

    Attributes:
        seen: Which gadgets were bound, each time that it was not the same as before; but for none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[str]] = []

    def do(self) -> None:
        """Look."""
        bound = [name for name in ("saykey", "saykey-drive") if bound_to(Path("/", GADGETS, name))]
        if bound and (not self.seen or self.seen[-1] != bound):
            self.seen.append(bound)


def _dictated(device: Device) -> str:
    """Have the recording dictated; give what a program of the host received."""
    with host("Saykey keyboard", Path("/tmp/events")) as computer:  # noqa: S108
        until(computer.is_here)
        device.do("speak")
        device.reach("TYPING")
        device.reach("IDLE")
        computer.settle()
        received = computer.received("us")
    assert not received.down
    _tell(f"typed: {received.text}")
    return received.text


def _flashing(bundle: str) -> subprocess.Popen[str]:
    """Begin to flash a bundle."""
    return subprocess.Popen(
        [*_FLASH, bundle],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"XDG_CONFIG_HOME": "/share"},  # where the owner's keys are
    )


def _ended(flash: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait until it is flashed; give what the command said."""
    said, told = flash.communicate(timeout=_LIMIT_S)
    _tell(f"flash: {flash.returncode} {said} {told}")
    return {"status": flash.returncode, "said": said, "told": told}


def _saykey(*arguments: str) -> None:
    subprocess.run([*_SAYKEY, *arguments], check=True)


def _has_keyboard() -> bool:
    """Say whether the host has the keyboard."""
    try:
        usb_device("Saykey keyboard")
    except (LookupError, OSError):  # it comes just now
        return False
    return True


def _tell(what: str) -> None:
    print(f"lab: {time.monotonic():.1f} s: {what}", flush=True)


if __name__ == "__main__":
    main()
