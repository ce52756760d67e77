"""Handing over by a pipe, as through SSH: sealed files go out, and the names of those that arrived come back.

What goes out is, for each file, a line with its name and its size, and then as many bytes; an empty line ends
it. What comes back is a line a name. Only what is named is deleted: nothing is lost where the pipe breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.corrections.sealed import MOST_SEALED
from device.corrections.store import kept_as
from device.errors import CorrectionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, BinaryIO

    from device.corrections.store import Store

_LONGEST_LINE = 200


def hand_over(store: Store, out: BinaryIO, back: BinaryIO) -> int:
    """Write all that is kept, and delete what the other side names after that; say how many that were.

    Raises:
        OSError: The pipe breaks, or the disk refuses.
    """
    for each in store.kept():
        try:
            sealed = store.read(each)
        except FileNotFoundError:  # deleted meanwhile
            continue
        out.write(f"{each.name} {len(sealed)}\n".encode())
        out.write(sealed)
    out.write(b"\n")
    out.flush()
    lines = iter(lambda: back.readline(_LONGEST_LINE), b"")
    return store.remove(line.strip().decode(errors="replace") for line in lines)


def handed_over(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Give what the other side writes: names, and what is in the files.

    Raises:
        CorrectionError: It is cut short, or something else.
        OSError: It cannot be read.
    """
    while (line := stream.readline(_LONGEST_LINE)) != b"\n":
        name, _, size = line.decode("ascii", errors="replace").rstrip("\n").partition(" ")
        if not (kept_as(name, 0) and size.isdecimal() and int(size) <= MOST_SEALED):
            raise CorrectionError("What the device hands over is cut short, or is something else: try again.")
        sealed = stream.read(int(size))
        if len(sealed) < int(size):
            raise CorrectionError("What the device hands over is cut short: try again.")
        yield name, sealed
