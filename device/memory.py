"""Memory that is free given back to the system: a board has little, and an idle keyboard needs less."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return what the C library keeps of freed memory; nothing happens on one without `malloc_trim` (glibc).

    The encoder's activations for 30 s of sound are some 50 MB, freed after each use, but in pieces that
    glibc does not return by itself.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
