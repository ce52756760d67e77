"""File systems in files: nothing is mounted, nobody is root, and the same content gives the same bytes."""

from __future__ import annotations

import os
import shlex
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, UUID, uuid5

from image.disk import MIB, aligned
from image.programs import run
from image.recipe import EPOCH_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BLOCK = 4096
"""Bytes of a block of ext4."""

_INODE = 256
"""Bytes of an inode, which hold times after 2038."""

_FEATURES = (
    "none,ext_attr,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,"
    "extra_isize,metadata_csum"
)
"""Of ext4(5). Named, for Debian's releases differ in what they choose."""

_FIXED = {
    "E2FSPROGS_FAKE_TIME": str(EPOCH_S),
    "SOURCE_DATE_EPOCH": str(EPOCH_S),
    "MKE2FS_CONFIG": "/dev/null",
}

_FIRST_INODE = 11
"""The first that is not ext4's own: that of lost+found."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a file system is known by.

    Attributes:
        label: For people and programs.
        uuid: Made of what is in it, so that the same content has the same.
    """

    label: str
    uuid: UUID

    @classmethod
    def of(cls, label: str, digest: str) -> Name:
        """Name a file system by its label and the digest of what it is made from."""
        return cls(label, uuid5(NAMESPACE_URL, f"saykey:{label}:{digest}"))


def fat32(file: Path, folder: Path, name: Name, size_mib: int) -> None:
    """Make a FAT file system of what is in a folder.

    Args:
        file: What is made.
        folder: What goes into it. Names are ASCII.
        name: Its label, in capitals, and the UUID of which its serial number is the beginning.
        size_mib: Its size.

    Raises:
        BuildError: It does not fit, or a program fails.
    """
    file.unlink(missing_ok=True)
    words = ["-F", "32", "--invariant", "-i", name.uuid.hex[:8], "-n", name.label]
    run("mkfs.vfat", *words, "-C", file, str(size_mib * MIB // 1024), env=_FIXED)
    for path in sorted(folder.rglob("*")):
        os.utime(path, (EPOCH_S, EPOCH_S))
        place = f"::/{path.relative_to(folder)}"
        if path.is_dir():
            run("mmd", "-i", file, place, env=_FIXED)
        else:
            run("mcopy", "-m", "-i", file, path, place, env=_FIXED)


def ext4(file: Path, name: Name, size_mib: int) -> None:
    """Make an empty file system with a journal, that can be grown.

    Args:
        file: What is made.
        name: Its label and UUID.
        size_mib: Its size.

    Raises:
        BuildError: A program fails.
    """
    file.unlink(missing_ok=True)
    # Few large files, and the journal of a large card: it does not grow with the file system.
    words = ["-i", "65536", "-J", "size=16", "-O", f"{_FEATURES},has_journal,resize_inode"]
    run("mke2fs", *_words(name), *words, file, f"{size_mib}M", env=_FIXED)


def ext4_of(file: Path, layers: Sequence[Path], left_out: Sequence[str], name: Name, work: Path) -> None:
    """Make a file system that is never written to, of layers.

    Args:
        file: What is made, as large as it has to be.
        layers: Archives, each unpacked over the one before.
        left_out: Patterns of paths that are not unpacked, as tar has them.
        name: Its label and UUID.
        work: A folder to work in.

    Raises:
        BuildError: A program fails.
    """
    root = work / "root"
    root.mkdir()
    file.unlink(missing_ok=True)
    size_mib = _size_mib(layers)
    unpack = [
        shlex.join(
            ["tar", "--extract", "--numeric-owner", "--same-permissions", "--delay-directory-restore"]
            + [f"--exclude={pattern}" for pattern in left_out]
            + [f"--directory={root}", f"--file={layer}"]
        )
        for layer in layers
    ]
    words = ["-d", str(root), "-N", str(_inodes(layers)), "-O", _FEATURES, str(file), f"{size_mib}M"]
    make = shlex.join(["mke2fs", *_words(name), *words])
    # Who is not root seems to be, so that files are root's in there.
    as_root = [] if os.geteuid() == 0 else ["fakeroot", "--"]
    run(*as_root, "sh", "-euc", "\n".join([*unpack, make]), env=_FIXED)
    _set_times(file)


def _words(name: Name) -> list[str]:
    seed = uuid5(name.uuid, "directories")
    words = ["-q", "-F", "-t", "ext4", "-b", str(_BLOCK), "-I", str(_INODE), "-m", "0", "-L", name.label]
    return [
        *words,
        "-U",
        str(name.uuid),
        "-E",
        f"hash_seed={seed},lazy_itable_init=0,nodiscard,root_owner=0:0",
    ]


def _inodes(layers: Sequence[Path]) -> int:
    count = 0
    for layer in layers:
        with tarfile.open(layer) as archive:
            count += sum(1 for _ in archive)
    return count + 64


def _size_mib(layers: Sequence[Path]) -> int:
    """Give a size in which the content fits: its blocks, the inodes, and something for ext4's own tables."""
    total = 0
    for layer in layers:
        with tarfile.open(layer) as archive:
            total += sum(aligned(each.size, _BLOCK) + _INODE for each in archive)
            total += sum(_BLOCK for each in archive if each.isdir())
    return aligned(total + total // 50 + 8 * MIB) // MIB


def _set_times(file: Path) -> None:
    """Set the times that mke2fs takes from the folder and nobody can set there (mended in 1.47.1)."""
    stated = dict(
        line.split(":", 1) for line in run("dumpe2fs", "-h", file, env=_FIXED).splitlines() if ":" in line
    )
    used = int(stated["Inode count"]) - int(stated["Free inodes"])
    commands = [
        f"set_inode_field <{inode}> {field} {value}"
        for inode in (2, *range(_FIRST_INODE, used + 1))
        for field, value in (
            ("ctime", f"@{EPOCH_S}"),
            ("atime", f"@{EPOCH_S}"),
            ("crtime", f"@{EPOCH_S}"),
            ("ctime_extra", "0"),
            ("atime_extra", "0"),
            ("mtime_extra", "0"),
        )
    ]
    run("debugfs", "-w", "-f", "-", file, env=_FIXED, given="\n".join(commands) + "\n")
