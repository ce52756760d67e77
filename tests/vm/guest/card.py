"""A file system that loses its power: what was not synchronised by then is gone."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from pathlib import Path

from wait import until

CARD = Path("/tmp/card")  # noqa: S108  it is the guest's own
_DISK = Path("/dev/ram0")

_SHUTDOWN, _WITH_JOURNAL, _WITHOUT_JOURNAL = 0x8004587D, 1, 2
"""EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_LOGFLUSH and _NOLOGFLUSH (Linux, fs/ext4/ext4.h; xfstests' godown)."""


def insert(size_mb: int) -> None:
    """Put a disk of this size into the machine."""
    subprocess.run(["modprobe", "brd", "rd_nr=1", f"rd_size={size_mb << 10}"], check=True)
    subprocess.run(["modprobe", "ext4"], check=True)
    CARD.mkdir()


def make() -> None:
    """Make the file system anew, as a card of Debian's has it."""
    subprocess.run(["mkfs.ext4", "-q", "-F", "-T", "default", _DISK], check=True, stdout=subprocess.DEVNULL)


def mount() -> None:
    """Make it available; after a cut, the kernel first does again what its journal says."""
    subprocess.run(["mount", "-t", "ext4", _DISK, CARD], check=True)


def cut(*, with_journal: bool) -> None:
    """Take its power away. Nothing of it can be read or written until it is mounted again.

    Args:
        with_journal: The kernel has just written its journal, as it does every 5 s: what was changed in
            folders is kept, but not what was written into files.
    """
    folder = os.open(CARD, os.O_RDONLY)
    fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _WITH_JOURNAL if with_journal else _WITHOUT_JOURNAL))
    os.close(folder)


def unmount() -> None:
    """Take it away, as soon as nobody uses it."""
    until(lambda: subprocess.run(["umount", CARD], stderr=subprocess.DEVNULL, check=False).returncode == 0)


def check() -> None:
    """Have the file system itself checked; it must not be mounted."""
    subprocess.run(["e2fsck", "-f", "-n", _DISK], check=True)
