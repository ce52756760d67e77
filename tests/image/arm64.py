"""What the tests of images share: Debian's packages for arm64, and boot loaders built before."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

_HERE = Path(__file__).parent

WORK = _HERE.parent.parent / "build/image"
"""Where images, and what they are made of, stay for the next time: where image/build has them by default."""

LOADERS = WORK / "cache/boot-loaders"


@cache
def packages() -> Path:
    """Give the folder with Debian's kernel, the firmware of the boards, and busybox, all for arm64.

    SAYKEY_ARM64 may name it.
    """
    if folder := os.environ.get("SAYKEY_ARM64"):
        return Path(folder)
    need("mmdebstrap", "depmod")
    fetched = subprocess.run(
        [_HERE / "fetch_arm64.sh"], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert fetched.returncode == 0, fetched.stderr
    return Path(fetched.stdout.strip())


def kernel_version() -> str:
    """Give the version of Debian's kernel, as in the names of its files."""
    (modules,) = packages().glob("usr/lib/modules/*")
    return modules.name


def device_tree(name: str) -> Path:
    """Give a device tree's file, by its name below the maker's folder."""
    return packages() / f"usr/lib/linux-image-{kernel_version()}" / name


def need(*programs: str) -> None:
    """Skip the test that runs where a program is missing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if missing := [name for name in programs if shutil.which(name, path=path) is None]:
        pytest.skip(f"{', '.join(missing)} is missing")
