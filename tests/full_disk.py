"""A disk without room: ext4, as a card has it, in a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import RawIOBase
    from pathlib import Path

_SIZE = 16 << 20


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Have a disk in a folder for the block, where we may."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("only root mounts a disk, which e2fsprogs makes")
    image, disk = folder / "disk.img", folder / "disk"
    with image.open("wb") as file:
        file.truncate(_SIZE)
    disk.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-m", "0", str(image)], check=True)
    mounted = subprocess.run(
        ["mount", "-o", "loop", str(image), str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Leave no block of it free."""
    with (disk / "full").open("wb", buffering=0) as file:
        for _ in range(3):  # for what is not on the disk yet the kernel reserves more than it will take
            with pytest.raises(OSError, match="No space left"):
                _write_on(file)
            os.fsync(file.fileno())


def _write_on(file: RawIOBase) -> None:
    while True:
        file.write(bytes(4096))
