"""The charge of the battery that powers this machine, as the kernel's power supply class shows it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_CLASS = Path("sys/class/power_supply")
"""What is in it: Documentation/ABI/testing/sysfs-class-power in the kernel."""


def charge_percent(root: Path = Path("/")) -> int | None:
    """Give how full the battery is, 0 to 100; `None` where no fuel gauge or driver tells.

    Batteries of mice and headsets are in the same folder: they have the scope "Device". A supply that names
    no scope powers the system, says power_supply_is_system_supplied(); one that says so itself comes first.
    """
    supplies = sorted((root / _CLASS).glob("*"))
    for scope in ("System", "Unknown", ""):
        for supply in supplies:
            if _line(supply / "scope") == scope and _is_there(supply):
                with suppress(ValueError):  # the driver cannot tell now
                    # Gauges that were never calibrated go beyond.
                    return min(max(int(_line(supply / "capacity")), 0), 100)
    return None


def _is_there(supply: Path) -> bool:
    return _line(supply / "type") == "Battery" and _line(supply / "present") != "0"


def _line(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
