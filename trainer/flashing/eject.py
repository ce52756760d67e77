"""Ejecting a drive as the file manager would, so that the device knows that all of it is there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path, PureWindowsPath

from trainer.flashing.drive import linux_mounts

Run = Callable[[Sequence[str]], str | None]
"""Runs a program; gives what it printed, or `None` where it is missing or fails."""

_UDISKS = "org.freedesktop.UDisks2"

_TIMEOUT_S = 120
"""For a program. It waits until the drive has written what the system still holds."""

_WINDOWS = """\
$drive = (New-Object -ComObject Shell.Application).Namespace(17).ParseName('{letter}')
$drive.InvokeVerb('Eject')
for ($i = 0; $i -lt 50 -and (Test-Path '{letter}\\INFO.TXT'); $i++) {{ Start-Sleep -Milliseconds 200 }}
if (Test-Path '{letter}\\INFO.TXT') {{ exit 1 }}
"""
"""17 is "This PC" (ShellSpecialFolderConstants, ssfDRIVES). The verb is done while the program waits."""


def run(command: Sequence[str]) -> str | None:
    """Run a program without a shell; give what it printed, or `None` where it is missing or fails."""
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and the programs are named here
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def eject(path: Path, platform: str = sys.platform, run: Run = run, source: str | None = None) -> bool:
    """Eject the drive that is mounted there, by the first way that works; say whether one did.

    Args:
        path: Where it is mounted.
        platform: As `sys.platform` has it.
        run: Runs a program.
        source: The disk behind it on Linux; without, as Linux lists it.
    """
    if platform == "win32":
        letter = PureWindowsPath(path).drive
        command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", _WINDOWS.format(letter=letter)]
        return re.fullmatch("[A-Za-z]:", letter) is not None and run(command) is not None
    if platform == "darwin":
        return run(["diskutil", "eject", str(path)]) is not None
    if source is None:
        source = _source_of(path)
    # The desktop's own way needs no rights; nor does the system's, for who sits at the computer.
    if run(["gio", "mount", "--eject", str(path)]) is not None:
        return True
    return source is not None and (_by_udisks(source, run) or run(["eject", source]) is not None)


def _by_udisks(source: str, run: Run) -> bool:
    """Eject through udisks. Its program can only unmount, and switch the power off, which is no eject."""
    run(["udisksctl", "unmount", "--no-user-interaction", "--block-device", source])
    block = f"/org/freedesktop/UDisks2/block_devices/{Path(source).name}"
    said = run(["busctl", "get-property", _UDISKS, block, f"{_UDISKS}.Block", "Drive"])
    drive = re.fullmatch(r'o "(/\S+)"', (said or "").strip())
    if drive is None:
        return False
    return run(["busctl", "call", _UDISKS, drive[1], f"{_UDISKS}.Drive", "Eject", "a{sv}", "0"]) is not None


def _source_of(path: Path) -> str | None:
    """Give the disk that is mounted there; the last, should there be several."""
    place = path.resolve()
    return next((mount.source for mount in reversed(linux_mounts()) if mount.target == place), None)
