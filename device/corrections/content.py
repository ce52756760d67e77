"""What is kept of a correction: sounds, and the text that each of them says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from device.audio.sound import SAMPLE_RATE_HZ
from device.errors import CorrectionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
"""Of the content, which grows when older trainers could not read it."""


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence that was taken back and spoken again.

    Attributes:
        version: Of this form.
        day: When that was, as in 2026-01-31.
        text: What was understood of the dictation that stayed.
        undone: The sounds of those that were taken back, as FLAC files, the first one first.
        stays: The sound of the one that stayed; empty where more was said in it than the text.
    """

    version: int
    day: str
    text: str
    undone: tuple[bytes, ...]
    stays: bytes = b""

    def __repr__(self) -> str:  # no log and no traceback shall show it
        return f"Correction of {len(self.undone)}"


def encode(correction: Correction) -> bytes:
    """Give a correction as bytes (MessagePack)."""
    return msgspec.msgpack.encode(correction)


def decode(content: bytes) -> Correction:
    """Read a correction.

    Raises:
        CorrectionError: It is none, or of a newer form.
    """
    try:
        version = msgspec.msgpack.decode(content, type=_Versioned).version
        if version != VERSION:
            raise CorrectionError(f"it is of form {version}, which a newer saykey-trainer reads")
        return msgspec.msgpack.decode(content, type=Correction)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise CorrectionError("what was sealed is no correction: it does not come from Saykey") from error


class _Versioned(msgspec.Struct):
    version: int


def flac(sound: NDArray[np.int16]) -> bytes:
    """Give a sound of 16 kHz as a FLAC file, without touching a disk."""
    import soundfile

    # A file in memory, and none of Python's: for those, cffi wants memory that is both written and executed,
    # which systemd's MemoryDenyWriteExecute forbids.
    with os.fdopen(os.memfd_create("sound"), "r+b") as file:
        to = file.fileno()
        soundfile.write(to, sound, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16", closefd=False)
        file.seek(0)
        return file.read()
