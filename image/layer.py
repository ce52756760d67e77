"""Layers: archives (tar) of which a file system is put together, each over the one before, as all is root's.

Nobody need be root to write one, and the same content gives the same bytes.
"""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path, PurePath

PROGRAM, PLAIN = 0o755, 0o644
"""The modes that files have: git knows no others."""


class Layer:
    """An archive that is being written. Folders above what is added are added by themselves."""

    def __init__(self, archive: tarfile.TarFile, epoch_s: int) -> None:
        self._archive = archive
        self._epoch_s = epoch_s
        self._folders: set[str] = set()

    def file(self, path: str, content: bytes, mode: int = PLAIN) -> None:
        """Add a file.

        Args:
            path: Where, from the root, without a slash before it.
            content: What is in it.
            mode: Its permissions.
        """
        self._add(path, tarfile.REGTYPE, mode, content)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(path, tarfile.SYMTYPE, 0o777, target=target)

    def folder(self, path: str) -> None:
        """Add a folder, and those above it."""
        if path and path not in self._folders:
            self._folders.add(path)
            self._add(path, tarfile.DIRTYPE, PROGRAM)

    def tree(self, source: Path, path: str = "", *, only: frozenset[Path] | None = None) -> None:
        """Add what is in a folder, sorted, with the modes that git would give it.

        Args:
            source: The folder.
            path: Where it goes; to the root by default.
            only: The files that count; all by default.
        """
        for each in sorted(source.rglob("*")):
            if only is not None and each not in only:
                continue
            self.copy(each, _joined(path, each.relative_to(source)))

    def copy(self, source: Path, path: str) -> None:
        """Add a file, link or empty folder as it is."""
        if source.is_symlink():
            self.link(path, str(source.readlink()))
        elif source.is_dir():
            self.folder(path)
        else:
            is_program = source.stat().st_mode & 0o100
            self.file(path, source.read_bytes(), PROGRAM if is_program else PLAIN)

    def _add(self, path: str, kind: bytes, mode: int, content: bytes = b"", target: str = "") -> None:
        if "/" in path:
            self.folder(path.rpartition("/")[0])
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.linkname = kind, mode, target
        info.size, info.mtime = len(content), self._epoch_s
        self._archive.addfile(info, io.BytesIO(content))


@contextmanager
def new_layer(file: Path, epoch_s: int) -> Iterator[Layer]:
    """Write an archive.

    Args:
        file: Where. What is there is replaced.
        epoch_s: The time that everything in it has, in seconds since 1970.
    """
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as archive:
        yield Layer(archive, epoch_s)


def _joined(path: str, below: PurePath) -> str:
    return f"{path}/{below}" if path else str(below)
