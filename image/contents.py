"""What is in an image, read from what it is made of: every file with its size and sha256."""

from __future__ import annotations

import hashlib
import re
import stat
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

NOT_ON_DISK = ("dev/", "boot/initrd.img", "etc/apt/", "etc/dpkg/dpkg.cfg.d/99mmdebstrap")
"""Beginnings of paths that the root partition lacks. The kernel fills /dev, the initial RAM file system is on
the first partition, and the rest is what mmdebstrap tells apt and dpkg."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link.

    Attributes:
        path: From the root, with a slash before it.
        mode: Kind and permissions, as `ls -l` shows them.
        size: In bytes, of a file.
        sha256: Of a file's content.
        target: Of a link.
    """

    path: str
    mode: str
    size: int = 0
    sha256: str = ""
    target: str = ""

    def line(self) -> str:
        """Give it as a line of the list."""
        name = f"{self.path} -> {self.target}" if self.target else self.path
        return f"{self.mode} {self.size:>9} {self.sha256 or '-':<64} {name}"


def of_layers(layers: Sequence[Path]) -> list[Entry]:
    """List what layers come to, sorted by path.

    Args:
        layers: Archives, each over the one before.
    """
    found: dict[str, Entry] = {}
    for layer in layers:
        with tarfile.open(layer) as archive:
            for member in archive:
                name = plain(member.name)
                if name and not name.startswith(NOT_ON_DISK):
                    found[name] = _entry(archive, member, name)
    return [found[name] for name in sorted(found)]


def of_folder(folder: Path, place: str) -> list[Entry]:
    """List the files in a folder, sorted by path.

    Args:
        folder: The folder.
        place: Where it is in the image.
    """
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [
        Entry(f"{place}/{file.relative_to(folder)}", "-rwxr-xr-x", file.stat().st_size, sha256_of(file))
        for file in files
    ]


def texts(layer: Path, pattern: str) -> dict[str, str]:
    """Read the files of a layer whose paths match a pattern, by its first group. Links are followed there.

    Args:
        layer: The archive.
        pattern: Of the whole path, without a slash before it.
    """
    with tarfile.open(layer) as archive:
        return dict(_texts(archive, re.compile(pattern)))


def sha256_of(file: Path) -> str:
    """Give the sha256 of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def as_text(entries: Iterable[Entry]) -> str:
    """Write a list for people and programs: a line for each, with mode, size, sha256 and path."""
    return "".join(f"{entry.line()}\n" for entry in entries)


def plain(name: str) -> str:
    """Give an archive's name for a path without what some archives put before it."""
    return name.removeprefix("./").rstrip("/").removeprefix(".")


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> Entry:
    kinds = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK}
    mode = stat.filemode(member.mode | kinds.get(member.type, stat.S_IFREG))
    if member.issym():
        return Entry(f"/{name}", mode, target=member.linkname)
    if not (member.isreg() or member.islnk()):
        return Entry(f"/{name}", mode)
    content = archive.extractfile(member)
    assert content is not None  # noqa: S101  a file has one
    with content:
        data = content.read()
    return Entry(f"/{name}", mode, len(data), hashlib.sha256(data).hexdigest())


def _texts(archive: tarfile.TarFile, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for member in archive:
        if not (found := pattern.fullmatch(plain(member.name))):
            continue
        try:
            content = archive.extractfile(member)
        except KeyError:  # a link that leads nowhere
            continue
        if content is not None:
            yield found[1], content.read().decode(errors="replace")
