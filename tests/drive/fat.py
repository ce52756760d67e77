"""A computer's side of the drive: mtools and fsck.fat, called by the tests themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

needs_mtools = pytest.mark.skipif(not shutil.which("mformat"), reason="mtools is not installed")
needs_minisign = pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")

_ENVIRONMENT = {**os.environ, "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
_FSCK = shutil.which("fsck.fat", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def mtools(image: Path, program: str, *words: str, given: bytes = b"") -> bytes:
    """Run one of mtools' programs on an image."""
    command = [program, "-i", str(image), *words]
    return subprocess.run(command, input=given, env=_ENVIRONMENT, capture_output=True, check=True).stdout


def drop(image: Path, name: str, content: bytes) -> None:
    """Copy a file to the drive."""
    mtools(image, "mcopy", "-D", "o", "-", f"::/{name}", given=content)


def read(image: Path, name: str) -> str:
    """Read a text on the drive."""
    return mtools(image, "mtype", f"::/{name}").decode()


def names(image: Path) -> list[str]:
    """List the drive."""
    lines = mtools(image, "mdir", "-b", "::/").decode().splitlines()
    return sorted(line.removeprefix("::/") for line in lines)


def is_sound(image: Path) -> bool:
    """Ask the checker of Linux, which shares no code with mtools."""
    if _FSCK is None:
        pytest.skip("fsck.fat (dosfstools) is not installed")
    return subprocess.run([_FSCK, "-n", image], capture_output=True, check=False).returncode == 0
