"""The guest's packages of Python: those of the project's lock, as they are built for the guest's Python.

They are too large for its memory, so that they lie in a folder that it sees, with the bytecode that its own
Python makes of them: there, that would take minutes.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.packages import locked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_HERE = Path(__file__).parent
_LAB = _HERE.parent.parent / "build/lab"

VERSION = "3.13"
"""Debian trixie's Python, of which the image is made."""

_ENVIRONMENT = {
    "implementation_name": "cpython",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "python_full_version": f"{VERSION}.0",
    "python_version": VERSION,
    "sys_platform": "linux",
}
_PLATFORMS = tuple(f"manylinux{policy}_x86_64" for policy in ("_2_34", "_2_28", "_2_17", "2014"))

_BYTECODE = "PYTHONPYCACHEPREFIX=/python/bytecode"
_COMPILE = ["python3", "-m", "compileall", "-q", "-x", "/tests?/", "/python/packages"]


def packages_for(image: Path) -> Path:
    """Give the folder with `packages` and their `bytecode`; a minute passes when it has to be made.

    Args:
        image: The lab's, whose Python compiles them.
    """
    wanted = requirements("dev", named_in(_HERE / "python.txt"))
    folder = (
        _LAB / f"python-{hashlib.sha256((wanted + Path(__file__).read_text()).encode()).hexdigest()[:16]}"
    )
    with alone():
        if not folder.is_dir():
            for old in _LAB.glob("python-*"):
                shutil.rmtree(old)
            _make(folder, wanted, image)
    return folder


def named_in(file: Path) -> set[str]:
    """Give the names in a list, of which one stands on a line."""
    return {line for line in file.read_text().splitlines() if not line.startswith("#")}


def requirements(lock: str, names: Collection[str]) -> str:
    """Give these packages of a lock; pip would take its markers to be about the Python that it runs on."""
    return "".join(
        " ".join([f"{each.name}{each.specifier}", *(f"--hash=sha256:{sha256}" for sha256 in sums)]) + "\n"
        for each, sums in locked(lock).items()
        if each.name in names and (each.marker is None or each.marker.evaluate(_ENVIRONMENT))
    )


def fetch(wanted: str, target: Path, version: str = VERSION) -> None:
    """Install packages in a folder.

    Args:
        wanted: Them, as `requirements` gives them.
        target: The folder.
        version: Of the Python that they are built for.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    exactly = ["--no-deps", "--no-compile", "--require-hashes", "--only-binary", ":all:"]
    # pip would hold what a package requires to the Python that it runs on.
    built_for = ["--python-version", version, "--ignore-requires-python"]
    built_for += [option for platform in _PLATFORMS for option in ("--platform", platform)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(wanted)
        file.flush()
        what = ["--target", target, "--requirement", file.name]
        subprocess.run([*pip, *exactly, *built_for, *what], check=True)


def _make(folder: Path, wanted: str, image: Path) -> None:
    work = folder.with_name("python-new")
    packages = work / "root/python/packages"
    packages.mkdir(parents=True)
    fetch(wanted, packages)
    with (image / "initrd").open("rb") as initrd:
        unpacking = ["cpio", "--quiet", "--extract", "--make-directories", "-D", work / "root"]
        subprocess.run(unpacking, check=True, stdin=initrd)
    subprocess.run(["env", _BYTECODE, "chroot", work / "root", *_COMPILE], check=True)
    (work / "root/python").rename(folder)
    shutil.rmtree(work)


@contextmanager
def alone() -> Iterator[None]:
    """Wait for others that build the lab."""
    _LAB.mkdir(parents=True, exist_ok=True)
    with (_LAB / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
