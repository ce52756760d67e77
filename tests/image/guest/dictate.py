"""Runs in the guest beside the system: tells how it is, has the button pressed, speaks, tells what came."""

from __future__ import annotations

import select
import struct
import subprocess
import time
from pathlib import Path

from look import system, tell

HERE = Path(__file__).parent
EVENT = struct.Struct("llHHi")
"""Of Linux's input.h, on 64 bits: seconds, microseconds, type, code, value."""

KEY = 1
"""EV_KEY."""

QUIET_S = 5.0
LIMIT_S = 240.0


def keyboard() -> Path:
    """Give the file of the keyboard that the computer at the other end has found."""
    while True:
        for name in Path("/sys/class/input").glob("event*/device/name"):
            if "Saykey" in name.read_text():
                return Path("/dev/input") / name.parent.parent.name
        time.sleep(0.2)


def dictate() -> list[tuple[int, int]]:
    """Hold the button, say the sentence, and let go; give the keys that came, and whether they went down."""
    with keyboard().open("rb", buffering=0) as keys:
        tell("press")
        time.sleep(2)
        subprocess.run(["aplay", "-q", "-D", "plughw:Loopback,1", HERE / "speech.wav"], check=True)
        tell("release")
        came: list[tuple[int, int]] = []
        end = time.monotonic() + LIMIT_S
        while select.select([keys], [], [], QUIET_S if came else end - time.monotonic())[0]:
            _, _, kind, code, value = EVENT.unpack(keys.read(EVENT.size))
            if kind == KEY and value in (0, 1):
                came.append((code, value))
        return came


def main() -> None:
    tell("system", **system())
    tell("typed", keys=dictate())
    tell("end")


if __name__ == "__main__":
    main()
