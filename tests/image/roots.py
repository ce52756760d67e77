"""Root file systems of running Debians, in which the installer is run, and what is in them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.packages import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HERE = Path(__file__).parent
PROJECT = _HERE.parent.parent
CACHE = PROJECT / "build/roots"
"""Where what takes long to make is kept."""

_NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "unshare": "util-linux",
    "flock": "util-linux",
}

_PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
# Debian 12 has version 2.36 of the C library.
_PLATFORMS = (*(f"manylinux_2_{minor}_x86_64" for minor in range(36, 16, -1)), "manylinux2014_x86_64")

IN_A_RELEASE = ("device", "docs", "image/install.sh", "image/installer", "locks", "systemd", "LICENSE")
"""What of the project the installer needs."""

LIMIT_S = 900


def lacking() -> str:
    """Say what this machine lacks to install in a root file system; nothing when it lacks nothing."""
    if os.geteuid() != 0:
        return "only root can change the root of file systems"
    if os.uname().machine != "x86_64":
        return "the root file systems are for x86_64"
    missing = [package for program, package in _NEEDED.items() if shutil.which(program) is None]
    if missing:
        return f"apt install {' '.join(missing)}"
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        return "the roots are built from Debian's packages: apt install debian-archive-keyring"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], check=False)
    return "" if tried.returncode == 0 else "this machine lets nobody have namespaces of their own"


class Machine:
    """A running Debian: a root file system, and what is let into it.

    Attributes:
        root: Its root file system.
        source: The release of Saykey that is unpacked there.
    """

    def __init__(self, folder: Path, suite: str, packages: tuple[str, ...] = ()) -> None:
        """Make one.

        Args:
            folder: An empty one.
            suite: Debian's.
            packages: What is installed besides the least.
        """
        made = subprocess.run(
            [_HERE / "root.sh", suite, *packages], stdout=subprocess.PIPE, text=True, check=True
        )
        self.root = folder / "root"
        self._shared = folder / "shared"
        self.source = self._shared / "source"
        subprocess.run(["cp", "-a", "--reflink=auto", made.stdout.strip(), self.root], check=True)
        for name in IN_A_RELEASE:
            target = self.source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (PROJECT / name).is_dir():
                shutil.copytree(PROJECT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(PROJECT / name, target)
        (self._shared / "wheels").symlink_to(wheels(_PYTHONS[suite]))

    def device_tree(self, properties: Mapping[str, bytes]) -> None:
        """Make it a board: give its device tree these properties, by path."""
        for path, value in properties.items():
            file = self._shared / "device-tree" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(value)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root, with its two outputs in one."""
        return subprocess.run(
            self._entering(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start such a command; to kill it is to end all of its processes at once, as a power cut does."""
        return subprocess.Popen(
            self._entering(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def install(self, *options: str) -> str:
        """Run the installer to its end, and give what it said."""
        done = self.run("/run/shared/source/image/install.sh", *options)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def _entering(self, command: tuple[str, ...]) -> list[str | Path]:
        apart = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
        return [*apart, _HERE / "enter.sh", self.root, self._shared, *command]

    def files(self) -> dict[str, tuple[object, ...]]:
        """Give what is in it: by path, the mode, the owners, and the content, the target or the device."""
        return dict(_walk(os.fsencode(self.root), b""))


def _walk(root: bytes, below: bytes) -> Iterator[tuple[str, tuple[object, ...]]]:
    for entry in os.scandir(root + below):
        path = below + b"/" + entry.name
        found = entry.stat(follow_symlinks=False)
        what: object = found.st_rdev
        if stat.S_ISREG(found.st_mode):
            what = hashlib.sha256(Path(os.fsdecode(root + path)).read_bytes()).hexdigest()
        elif stat.S_ISLNK(found.st_mode):
            what = Path(os.fsdecode(root + path)).readlink()
        elif stat.S_ISDIR(found.st_mode):
            yield from _walk(root, path)
        yield os.fsdecode(path), (found.st_mode, found.st_uid, found.st_gid, what)


def wheels(version: str) -> Path:
    """Give a folder with the packages of the locks, for Debian's Python of this version."""
    environment = {
        "implementation_name": "cpython",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "python_full_version": f"{version}.0",
        "python_version": version,
        "sys_platform": "linux",
    }
    wanted = "".join(
        " ".join([f"{each.name}{each.specifier}", *(f"--hash=sha256:{sha256}" for sha256 in sums)]) + "\n"
        for lock in ("device", "options", "model")
        for each, sums in locked(lock).items()
        if each.marker is None or each.marker.evaluate(environment)
    )
    folder = CACHE / f"wheels-{version}-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    with _alone():
        if not folder.is_dir():
            for old in CACHE.glob(f"wheels-{version}*"):
                shutil.rmtree(old)
            _download(version, wanted, folder)
    return folder


def _download(version: str, wanted: str, folder: Path) -> None:
    work = folder.with_name(f"wheels-{version}-new")
    work.mkdir()
    requirements = work / "requirements.txt"
    requirements.write_text(wanted)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--quiet", "--disable-pip-version-check"]
    exactly = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    built_for = ["--python-version", version, "--ignore-requires-python"]
    built_for += [option for platform in _PLATFORMS for option in ("--platform", platform)]
    what = ["--dest", work, "--requirement", requirements]
    subprocess.run([*pip, *exactly, *built_for, *what], check=True)
    requirements.unlink()
    work.rename(folder)


@contextmanager
def _alone() -> Iterator[None]:
    """Wait for others that fill the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def need() -> None:
    """Skip the test where this machine cannot have such a root."""
    if reason := lacking():
        pytest.skip(reason)
