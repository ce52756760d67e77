"""The device's drive among the volumes of this computer, on Linux, macOS and Windows."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

INFO = "INFO.TXT"
"""What the device says of itself on its drive."""

_FIRST_WORD = "Saykey"
_NO_KEY = "none yet"
_LONGEST_INFO = 4096

_FAT = {"vfat", "msdos"}
"""What Linux calls the drive's file system. Others are passed over: a share in a network may not answer."""

_REMOVABLE = 2
"""DRIVE_REMOVABLE (GetDriveTypeW)."""


class Mount(NamedTuple):
    """A file system, as Linux lists it."""

    source: str
    target: Path
    kind: str


@dataclass(frozen=True, slots=True)
class Drive:
    """A device that is shown as a drive.

    Attributes:
        path: Where it is mounted.
        version: Of the device's program, or empty.
        serial: The board's number, or empty.
        key: The number of the key that it trusts; `None` as long as it trusts none.
    """

    path: Path
    version: str
    serial: str
    key: str | None


class Kernel32(Protocol):
    """What of Windows' kernel32 tells of drives."""

    def GetLogicalDrives(self) -> int:  # noqa: N802  # Windows' name
        """Give a bit for each letter that is taken, A the lowest."""

    def GetDriveTypeW(self, root: str) -> int:  # noqa: N802  # Windows' name
        """Give the kind of drive behind its root."""


def read_drive(path: Path) -> Drive | None:
    """Give the device whose drive this is, if it is one's."""
    lines = read_lines(path / INFO, _LONGEST_INFO)
    if not lines or not lines[0].startswith(_FIRST_WORD):
        return None
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
    key = said.get("Key", "")
    return Drive(path, said.get("Version", ""), said.get("Serial", ""), None if key in {"", _NO_KEY} else key)


def read_lines(file: Path, most: int) -> list[str]:
    """Give the lines of a text on a drive, as a terminal can show them; none where it cannot be read.

    Whose drive it is nobody knows: codes that control a terminal are left out.

    Args:
        file: Where it is.
        most: Bytes that are read of it.
    """
    try:
        with file.open("rb") as content:
            text = content.read(most).decode("utf-8-sig", errors="replace")
    except OSError:
        return []
    return ["".join(filter(str.isprintable, line)) for line in text.splitlines()]


def volumes(platform: str = sys.platform) -> list[Path]:
    """Give the places where drives are mounted now."""
    if platform == "win32":
        return windows_volumes(_kernel32())
    if platform == "darwin":
        return mac_volumes(Path("/Volumes"))
    return linux_volumes(linux_mounts())


def linux_mounts(table: bytes | None = None) -> list[Mount]:
    """Read what is mounted (proc_pid_mounts(5)); without a table, what is mounted here.

    Raises:
        OSError: This is no Linux.
    """
    table = Path("/proc/self/mounts").read_bytes() if table is None else table
    fields = (line.split(b" ") for line in table.split(b"\n") if line)
    return [
        Mount(_plain(source), Path(_plain(target)), _plain(kind)) for source, target, kind, *_rest in fields
    ]


def linux_volumes(mounts: list[Mount]) -> list[Path]:
    """Give where FAT is mounted, each disk once."""
    return list({mount.source: mount.target for mount in mounts if mount.kind in _FAT}.values())


def mac_volumes(folder: Path) -> list[Path]:
    """Give what macOS mounts in this folder."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def windows_volumes(kernel32: Kernel32) -> list[Path]:
    """Give the roots of the drives that can be taken out."""
    taken = kernel32.GetLogicalDrives()
    roots = (f"{chr(ord('A') + number)}:\\" for number in range(26) if taken >> number & 1)
    return [Path(root) for root in roots if kernel32.GetDriveTypeW(root) == _REMOVABLE]


def _kernel32() -> Kernel32:
    library: Kernel32 = getattr(ctypes, "windll").kernel32  # noqa: B009  # only there on Windows
    return library


def _plain(field: bytes) -> str:
    """Undo the escapes of spaces, tabs, line ends and backslashes, three octal digits each."""
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), field))
