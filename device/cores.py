"""The cores that recognise: where a board has big and little ones, the big."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CPUS = Path("/sys/devices/system/cpu")
"""Where the kernel describes the cores, in a folder each."""

_NEARLY = 0.8
"""The share of the fastest core's capacity from which on a core counts as fast.

Work is dealt out in equal parts and ends with the slowest: a fifth core helps four only if it is no slower
than that. Cores of one kind may differ by a few per cent (RK3588: 1024 and 1003), big and little by half.
"""


def fast_cores(root: Path = CPUS) -> frozenset[int]:
    """Give the fast ones of the cores that this process may use, by number; never none.

    The kernel rates each core of an ARM board, its fastest 1024, in `cpu_capacity` (arch_topology.c). Where
    it leaves one unrated, as on x86, all count as fast.

    Args:
        root: The kernel's folder of cores.
    """
    allowed = _allowed()
    capacities = {core: _capacity(root / f"cpu{core}" / "cpu_capacity") for core in allowed}
    if not all(capacities.values()):
        return allowed
    fast = _NEARLY * max(capacities.values())
    return frozenset(core for core, capacity in capacities.items() if capacity >= fast)


@contextmanager
def on_fast_cores(root: Path = CPUS) -> Iterator[None]:
    """Let the threads that begin in the block run on the fast cores alone, as long as they live.

    A thread inherits its cores from the one that starts it (sched_setaffinity(2)). One on a little core would
    hold up the others, which wait for each other after every layer.
    """
    allowed, fast = _allowed(), fast_cores(root)
    if fast == allowed:
        yield
        return
    with suppress(OSError):  # a sandbox may forbid it, and all works without
        os.sched_setaffinity(0, fast)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, allowed)


def _allowed() -> frozenset[int]:
    """Give the cores that this process may use; only Linux says so."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _capacity(file: Path) -> int:
    """Read a core's capacity; 0 when it is unknown."""
    try:
        return max(0, int(file.read_bytes()))
    except (OSError, ValueError):
        return 0
