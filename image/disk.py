"""A disk with an MBR: what lies where on the card.

Not a GPT: Allwinner's chips start what lies at 8 KiB, in the midst of where a GPT would be.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from image.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SECTOR = 512
"""Bytes."""

MIB = 1 << 20

ALIGNMENT = 4 * MIB
"""Where partitions begin, in bytes: cards erase blocks of this size, and a boot loader has room before it."""

FAT32_LBA, LINUX = 0x0C, 0x83
"""Types of partitions, which firmware and kernels go by."""

_ACTIVE = 0x80
"""The flag of the partition that is started from: U-Boot looks for it (U-Boot, disk/part_dos.c)."""

_NO_CHS = bytes.fromhex("feffff")
"""Cylinder, head and sector of what only blocks address, as sfdisk writes it."""

_LARGEST = 1 << 32
"""Sectors: an MBR counts them in 32 bits."""


@dataclass(frozen=True, slots=True)
class Partition:
    """What becomes a partition.

    Attributes:
        kind: Its type.
        content: A file with its file system, as large as the partition.
    """

    kind: int
    content: Path


def lay_out(sizes: Sequence[int]) -> list[int]:
    """Give where partitions of these sizes begin, in bytes."""
    starts = []
    end = ALIGNMENT
    for size in sizes:
        starts.append(end)
        end = aligned(end + size)
    return starts


def aligned(size: int, to: int = ALIGNMENT) -> int:
    """Give the next multiple that is not smaller."""
    return -(-size // to) * to


def master_boot_record(identifier: int, kinds: Sequence[int], sizes: Sequence[int]) -> bytes:
    """Give the first sector: a table of up to four primary partitions, the first of which is started from.

    Args:
        identifier: The disk's, by which Linux names its partitions (PARTUUID).
        kinds: The partitions' types.
        sizes: How large they are, in bytes: whole sectors.

    Raises:
        BuildError: There are too many, or they are too large.
    """
    starts = lay_out(sizes)
    if len(sizes) > 4 or (starts and (starts[-1] + sizes[-1]) // SECTOR >= _LARGEST):
        raise BuildError("These partitions do not fit into an MBR.")
    table = b""
    for number, (kind, start, size) in enumerate(zip(kinds, starts, sizes, strict=True)):
        flag = 0 if number else _ACTIVE
        table += struct.pack("<B3sB3sII", flag, _NO_CHS, kind, _NO_CHS, start // SECTOR, size // SECTOR)
    return struct.pack("<440xI2x64s2s", identifier, table, b"\x55\xaa")


def assemble(
    file: Path, identifier: int, partitions: Sequence[Partition], blobs: Mapping[int, Path] | None = None
) -> None:
    """Write a disk. Where only zeros are, the file has holes.

    Args:
        file: What is written.
        identifier: The disk's.
        partitions: In their order on the disk.
        blobs: What lies before the first partition, by its offset in bytes.

    Raises:
        BuildError: It does not fit.
    """
    sizes = [part.content.stat().st_size for part in partitions]
    first = master_boot_record(identifier, [part.kind for part in partitions], sizes)
    with file.open("wb") as disk:
        disk.write(first)
        for offset, blob in sorted((blobs or {}).items()):
            if offset < disk.tell() or offset + blob.stat().st_size > ALIGNMENT:
                raise BuildError(f"{blob.name} does not fit at {offset} of the card.")
            _write(disk, offset, blob)
        for start, part in zip(lay_out(sizes), partitions, strict=True):
            _write(disk, start, part.content)
        disk.truncate(aligned(disk.tell()))


def _write(disk: BinaryIO, offset: int, source: Path) -> None:
    """Copy a file to an offset, and end there behind it."""
    disk.seek(offset)
    with source.open("rb") as content:
        while block := content.read(MIB):
            if block.count(0) != len(block):
                disk.write(block)
            else:
                disk.seek(len(block), 1)
