"""Python packages for the board: the wheels that a lock names, fetched by pip and unpacked."""

from __future__ import annotations

import re
import sys
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from image.errors import BuildError
from image.programs import run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

PYTHON = "3.13"
"""Of Debian 13."""

_BOARD = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
}
"""What a lock's markers are about. pip would answer for the machine that it runs on."""

_PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(41, 16, -1)), "manylinux2014_aarch64")
"""What Debian 13 runs: its glibc is 2.41, and the oldest for ARM is 2.17 (PEP 599, PEP 600)."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package, for the bill of materials.

    Attributes:
        name: The package's.
        version: Its version.
        licence: What it says of itself.
        sha256: Of the wheel's file.
    """

    name: str
    version: str
    licence: str
    sha256: str


def requirements(lock: str, left_out: Collection[str] = ()) -> Iterator[str]:
    """Give the statements of a lock that count for the board, each with its hashes and without its marker.

    Args:
        lock: A lock's text, as uv writes it.
        left_out: Names of packages that the board does without.

    Raises:
        BuildError: The package that reads requirements is missing.
    """
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError as error:
        raise BuildError("packaging is missing: run sudo apt install python3-packaging") from error
    statements = re.sub(r"#.*", "", lock).replace("\\\n", " ").splitlines()
    for statement in filter(str.strip, statements):
        text, *hashes = re.split(r"\s+(?=--hash=)", statement.strip())
        needed = Requirement(text)
        if needed.name not in left_out and (needed.marker is None or needed.marker.evaluate(dict(_BOARD))):
            yield " ".join([f"{needed.name}{needed.specifier}", *hashes])


def fetch(lock: Path, left_out: Collection[str], folder: Path) -> list[Path]:
    """Fetch the wheels of a lock, by their hashes.

    Args:
        lock: The lock's file.
        left_out: Names of packages that are not fetched.
        folder: Where the wheels go. What is there already is not fetched again.

    Raises:
        BuildError: pip is missing, or cannot get one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / lock.name
    needed = requirements(lock.read_text(encoding="utf-8"), left_out)
    wanted.write_text("\n".join(needed) + "\n", encoding="utf-8")
    words = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    words += ["--only-binary=:all:", f"--python-version={PYTHON}", "--implementation=cp"]
    words += [f"--platform={platform}" for platform in _PLATFORMS]
    try:
        run(sys.executable, "-m", "pip", *words, f"--dest={folder}", f"--requirement={wanted}")
    except BuildError as error:
        if "No module named pip" in str(error):
            raise BuildError("pip is missing: run sudo apt install python3-pip") from error
        raise
    return sorted(folder.glob("*.whl"))


def unpack(wheels: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Give the path and the content of each file that belongs on Python's path. Programs are left out.

    Args:
        wheels: Their files.
    """
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                if not name.endswith("/") and (path := _placed(name)):
                    yield path, archive.read(name)


def described(wheel: Path, sha256: str) -> Wheel:
    """Say what a wheel is, from its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", each))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    classifiers = metadata.get_all("Classifier") or []
    by_class = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: ")]
    short = (metadata["License"] or "").strip().partition("\n")[0]
    licence = metadata["License-Expression"] or short or ", ".join(by_class)
    return Wheel(metadata["Name"], metadata["Version"], licence or "not stated", sha256)


def _placed(name: str) -> str:
    """Give the place of a wheel's file (PEP 427, "The .data directory"); nothing for what is no library.

    A package's own tests are none: numpy's are half of its modules.
    """
    first, *rest = PurePosixPath(name).parts
    if "tests" in rest:
        return ""
    if not first.endswith(".data"):
        return name
    return "/".join(rest[1:]) if rest[0] in {"purelib", "platlib"} else ""
