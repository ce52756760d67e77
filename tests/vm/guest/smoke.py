"""One key through a keyboard of a few lines: the machine works."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path

from gadget import GADGETS, make_keyboard
from host import host
from wait import until

_A, _UP = bytes((0, 0, 4, 0, 0, 0, 0, 0)), bytes(8)

subprocess.run(["modprobe", "-a", "libcomposite", "dummy_hcd", "usbhid", "hid-generic", "evdev"], check=True)
device = make_keyboard(GADGETS / "smoke", "Smoke keyboard")
with host("Smoke keyboard", Path("/tmp/events")) as computer:  # noqa: S108  it is the guest's own
    until(computer.is_here)
    with device.open("wb", buffering=0) as keyboard:
        for report in (_A, _UP):
            keyboard.write(report)
    until(computer.presses)
    computer.settle()
Path("smoke.json").write_text(json.dumps({"kernel": platform.release(), **asdict(computer.received("us"))}))
os.sync()
