"""What was written to a card, in order, and what of it is left when the power goes.

QEMU's driver `blklogwrites` notes it as Linux's dm-log-writes does (its documentation has the format,
in admin-guide/device-mapper/log-writes.rst): a sector about the log, and for each write a sector that
says where it went, and its data.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

SECTOR = 512
_MAGIC = 0x6A736677736872
_ABOUT = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Write:
    """One of them.

    Attributes:
        offset: Where on the card, in bytes.
        data: What was written; nothing where a range was only given up, which cards may do or not.
        is_flush: All before it is on the card when it is done.
        is_sure: It is itself.
    """

    offset: int
    data: bytes
    is_flush: bool
    is_sure: bool


def read(log: Path) -> list[Write]:
    """Read a log, also one that was cut off."""
    writes = []
    with log.open("rb") as file:
        magic, _, _, size = _ABOUT.unpack(file.read(SECTOR)[: _ABOUT.size])
        assert (magic, size) == (_MAGIC, SECTOR)
        while len(entry := file.read(SECTOR)) == SECTOR:
            sector, count, flags, _ = _ENTRY.unpack(entry[: _ENTRY.size])
            data = b"" if flags & _DISCARD else file.read(count * SECTOR)
            writes.append(Write(sector * SECTOR, data, bool(flags & _FLUSH), bool(flags & _FUA)))
    return writes


def cut(card: Path, writes: list[Write], at: int, chance: Random) -> None:
    """Bring a card into a state in which the power may leave it, within or just before a write.

    What was written before the last flush is there. Of each later write, which the card had in its memory, a
    part is: all, none, or some of its sectors.

    Args:
        card: As it was before the first write; it is changed.
        writes: All of them.
        at: How many of them had begun.
        chance: Chooses what is left of those that were not flushed.
    """
    begun = writes[:at]
    flushed = max((number for number, write in enumerate(begun) if write.is_flush), default=0)
    with card.open("r+b") as file:
        for number, write in enumerate(begun):
            is_there = number < flushed or (write.is_sure and number < at - 1)
            sectors = range(0, len(write.data), SECTOR)
            kept = set(sectors) if is_there else _some(sectors, chance)
            for start in sorted(kept):
                file.seek(write.offset + start)
                file.write(write.data[start : start + SECTOR])


def _some(sectors: range, chance: Random) -> set[int]:
    match chance.randrange(3):
        case 0:
            return set()
        case 1:
            return set(sectors)
        case _:
            return {sector for sector in sectors if chance.randrange(2)}
