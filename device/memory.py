"""Memory that is free given back to the system: a board has little, and an idle keyboard needs less."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""When to return what is free, what to get from the system itself, the number of heaps (glibc, malloc.h)."""

_LARGE = 32 << 20
"""The highest threshold that glibc takes for blocks of their own, on 64 bits."""


def give_back() -> None:
    """Return what the C library keeps of freed memory; nothing happens on one without `malloc_trim` (glibc).

    The encoder's activations for 30 s of sound are some 50 MB, freed after each use, but in pieces that
    glibc does not return by itself.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def share_one_heap() -> None:
    """Let all threads allocate from one heap, before there are any; nothing happens without glibc.

    By itself glibc gives each thread a heap of its own, and `give_back` finds little to return in those. And
    it asks the system for each large block and returns it after use: the encoder's and the decoder's, of
    which every page is then cleared again and again. So they stay until `give_back`.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)
