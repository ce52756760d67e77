"""What every image is made from, whatever the board."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
PROJECT = HERE.parent

SUITE = "trixie"
"""The release of Debian: 13."""

ARCHITECTURE = "arm64"

COMPONENTS = ("main", "non-free-firmware")
"""Parts of the archive. Of the second only what a Raspberry Pi's own processors run is used."""

EPOCH_S = 1793491200
"""The time that every file in an image has, and a board without a clock starts at: 1 November 2026."""

UNPACKED = ("raspi-firmware", "bluez-firmware")
"""Packages of which only some files are used, by boards that name them. The kernel's is another one, with its
version in its name."""

MODEL = "tiny.en"
"""The speech model that is in every image."""

LABELS = {"boot": "SAYKEY", "root": "saykey-root", "data": "saykey-data"}
"""Of the partitions, in their order."""

BOOT_MIB, DATA_MIB = 256, 64
"""The first partition, with room for the bundle of a large model; and the third, which grows to the card's
end at the first start."""


def listed(file: Path) -> list[str]:
    """Give the words of a list: one a line, and comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def digest_of(parts: Iterable[bytes | str]) -> str:
    """Give a short name to a sequence of parts: another one for any other sequence."""
    total = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        total.update(len(content).to_bytes(8, "big") + content)
    return total.hexdigest()[:16]


def digest_of_tree(*roots: Path) -> str:
    """Give a short name to what is in files and folders: paths, modes, content; not bytecode."""

    def parts() -> Iterable[bytes | str]:
        for root in roots:
            for file in [root] if root.is_file() else sorted(root.rglob("*")):
                if "__pycache__" in file.parts:
                    continue
                yield str(file.relative_to(root.parent))
                if file.is_symlink():
                    yield str(file.readlink())
                elif file.is_file():
                    yield str(file.stat().st_mode & 0o100)
                    yield file.read_bytes()

    return digest_of(parts())
