"""The cores that recognise: where a board has big and little ones, the big."""

from __future__ import annotations

import os
from pathlib import Path

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
