"""Memory that is free given back to the system: a board has little, and an idle keyboard needs less."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
"""The number of heaps (glibc, malloc.h)."""


def give_back() -> None:
    """Return what the C library keeps of freed memory; nothing happens on one without `malloc_trim` (glibc).

    The encoder's activations for 30 s of sound are some 50 MB, freed after each use, but in pieces that
    glibc does not return by itself.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def share_one_heap() -> None:
    """Let all threads allocate from one heap, before there are any; nothing happens without glibc.

    By itself glibc gives each thread a heap of its own, and `give_back` finds little to return in those.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
