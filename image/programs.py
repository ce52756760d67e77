"""Debian's programs: which of them are needed, and how they are run."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from subprocess import PIPE
from typing import TYPE_CHECKING

from image.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

PACKAGES = {
    "arch-test": "arch-test",
    "cpio": "cpio",
    "debugfs": "e2fsprogs",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "dtc": "device-tree-compiler",
    "fakeroot": "fakeroot",
    "fdtput": "device-tree-compiler",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mmdebstrap": "mmdebstrap",
    "qemu-aarch64-static": "qemu-user-static",
    "tar": "tar",
    "xz": "xz-utils",
    "zstd": "zstd",
}
"""Programs, and the Debian packages that have them."""

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
"""Where users who are not root find file systems' programs, too."""

_LAST_LINES = 12
"""Of what a program printed before it failed."""


def lacking(names: Iterable[str] = tuple(PACKAGES)) -> list[str]:
    """List the Debian packages that this machine lacks, of programs by name."""
    return sorted({PACKAGES[name] for name in names if shutil.which(name, path=_PATH) is None})


def run(
    *words: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str | None = None,
) -> str:
    """Run a program, and give what it prints.

    Args:
        words: Its name and arguments.
        env: What is set in its environment, besides a fixed language and time zone.
        cwd: The folder that it works in.
        given: Its standard input; nothing by default.

    Raises:
        BuildError: It is missing, or fails: with the end of what it printed.
    """
    command = [str(word) for word in words]
    full = os.environ | {"PATH": _PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC"} | dict(env or {})
    try:
        process = subprocess.Popen(  # noqa: S603  no shell, and words of ours
            command,
            env=full,
            cwd=cwd,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        package = PACKAGES.get(command[0], command[0])
        raise BuildError(f"{command[0]} is missing: run sudo apt install {package}") from error
    try:
        printed, complained = process.communicate(given or "")
    except BaseException:
        # With all that it has started; and not killed, for mmdebstrap has mounts to undo.
        with process:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        raise
    if process.returncode:
        raise BuildError(f"{_called(command)} failed ({process.returncode}):\n{_end(printed + complained)}")
    return printed


def _called(command: Sequence[str]) -> str:
    """Give the beginning of a command, for a message."""
    return shlex.join(command[:4]) + (" ..." if len(command) > 4 else "")


def _end(printed: str) -> str:
    return "\n".join(f"  {line}" for line in printed.strip().splitlines()[-_LAST_LINES:])
