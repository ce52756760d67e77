"""What a desktop does on its own: it gives device files to groups, and mounts a drive that is plugged in."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Self

MOUNTED = Path("/media/SAYKEY")

_LABEL = b"SAYKEY     "
_BOOT_SECTOR = 512
_LOOK_EVERY_S = 0.25
"""Looking costs the guest much of its processor."""


class Task:
    """Something that is done again and again in a thread, for as long as a block lasts."""

    def __init__(self) -> None:
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._failed: BaseException | None = None

    def do(self) -> None:
        """Do it once."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        if self._failed:
            raise self._failed

    def _run(self) -> None:
        try:
            while not self._ends.wait(_LOOK_EVERY_S):
                self.do()
        except BaseException as error:  # noqa: BLE001  it is raised where the block ends
            self._failed = error


class Automounter(Task):
    """Mounts each drive of Saykey's once when it comes, and forgets it when it has gone."""

    def __init__(self) -> None:
        super().__init__()
        self._known = ""
        MOUNTED.mkdir(parents=True)

    def do(self) -> None:
        """Look at the disks."""
        here = [disk for disk in Path("/sys/block").glob("sd*") if _size(disk)]
        if not here:
            if MOUNTED.is_mount():
                subprocess.run(["umount", "-l", MOUNTED], check=True)
            return
        disk = here[0]
        # The kernel counts disks, and media in them: one that was ejected is not mounted again.
        number = (disk / "diskseq").read_text()
        if number != self._known and _is_ours(Path("/dev", disk.name)):
            self._known = number
            # As udisks does (udisks2, mount_options.conf).
            options = "nosuid,nodev,flush,shortname=mixed,utf8=1"
            subprocess.run(["mount", "-t", "vfat", "-o", options, f"/dev/{disk.name}", MOUNTED], check=True)


class Rule(Task):
    """The udev rule that comes with the service: KERNEL=="hidg*", GROUP="saykey", MODE="0660"."""

    def __init__(self, group: int) -> None:
        super().__init__()
        self._group = group

    def do(self) -> None:
        """Give the group what is there."""
        for file in Path("/dev").glob("hidg*"):
            try:
                if file.stat().st_gid != self._group:
                    os.chown(file, 0, self._group)
                    file.chmod(0o660)
            except FileNotFoundError:
                continue  # it goes just now


def _size(disk: Path) -> int:
    try:
        return int((disk / "size").read_text())
    except OSError:  # it goes just now
        return 0


def _is_ours(device: Path) -> bool:
    """Say whether this is a FAT16 or FAT32 file system with Saykey's label (fatgen103, boot sector)."""
    try:
        with device.open("rb") as file:
            sector = file.read(_BOOT_SECTOR)
    except OSError:
        return False
    return _LABEL in (sector[43:54], sector[71:82])
