"""The board as the kernel describes it: its name, how warm it is, and what slows it down."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from device.hardware.udc import board

if TYPE_CHECKING:
    from collections.abc import Iterator

_CPUINFO = "proc/cpuinfo"
_GOVERNOR = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
_ZONES = "sys/class/thermal/thermal_zone*/temp"
_COOLERS = "sys/class/thermal/cooling_device*"
_UNDERVOLTAGE = "sys/class/hwmon/hwmon*"
_FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"
_STATUS, _STAT = "proc/self/status", "proc/stat"

_LOW_VOLTAGE_BIT, _HELD_BACK_BITS = 0x1, 0xE
"""Of the Raspberry Pi's firmware, now: undervoltage; frequency capped, throttled, soft temperature limit
(raspberrypi.com/documentation, vcgencmd get_throttled)."""

_WEAK_SUPPLY = "its power supply is too weak: take a better one, or a shorter cable"
_HOT = "it is slowed down, by heat or its power supply: give it air, or a heat sink"
_SAVING = "its governor is powersave: cores stay at their lowest speed; set it to ondemand or schedutil"
_BUSY = "other programs kept {:.1f} of its cores busy meanwhile: end them, and measure again"

_MUCH = 0.3
"""So many cores must other programs take to be told of."""


@dataclass(frozen=True, slots=True)
class Board:
    """What this machine is, and how it does.

    Attributes:
        name: The board's name, or its processor's.
        cores: How many cores it has.
        governor: Who decides how fast they run, such as "ondemand"; empty where the kernel does not tell.
        temperature_c: Of its warmest part, in degrees Celsius; none where the kernel does not tell.
        brakes: What makes it slower than it could be, each with what to do.
    """

    name: str
    cores: int
    governor: str
    temperature_c: float | None
    brakes: tuple[str, ...]


def look(root: Path = Path("/")) -> Board:
    """Read what the kernel says of this machine now.

    Args:
        root: Where /proc and /sys are.
    """
    temperatures = [int(text) / 1000 for text in _texts(root, _ZONES) if text.lstrip("-").isdigit()]
    governor = _text(root / _GOVERNOR)
    return Board(
        name=board(root) or _processor(root),
        cores=os.cpu_count() or 1,
        governor=governor,
        temperature_c=max(temperatures, default=None),
        brakes=tuple(_brakes(root, governor)),
    )


class Others:
    """What other programs take of the cores, from here on."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._at_first = self._now()

    def brakes(self) -> tuple[str, ...]:
        """Give the brake that they are, if they are one."""
        taken_s, passed_s = (now - before for now, before in zip(self._now(), self._at_first, strict=True))
        return (_BUSY.format(taken_s / passed_s),) if taken_s > _MUCH * passed_s else ()

    def _now(self) -> tuple[float, float]:
        """Give the seconds that all cores together worked for others so far, and the time (proc(5), stat)."""
        user, nice, system, _idle, _wait, *interrupts = _cpu_ticks(self._root)
        all_s = sum((user, nice, system, *interrupts[:3])) / os.sysconf("SC_CLK_TCK")
        return all_s - time.process_time(), time.monotonic()


def memory_mb(root: Path = Path("/")) -> tuple[float, float]:
    """Give the memory that this process holds, and the most that it ever held (proc(5), VmRSS, VmHWM)."""
    sizes = dict(line.split(":") for line in (root / _STATUS).read_text().splitlines())
    resident_mb, peak_mb = (int(sizes[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return resident_mb, peak_mb


def _cpu_ticks(root: Path) -> list[int]:
    first, *_ = _text(root / _STAT).splitlines() or [""]
    return [int(ticks) for ticks in first.split()[1:]] or [0] * 8


def _brakes(root: Path, governor: str) -> Iterator[str]:
    firmware = 0
    with suppress(ValueError):
        firmware = int(_text(root / _FIRMWARE), 16)
    alarms = (
        _text(chip / "in0_lcrit_alarm")
        for chip in root.glob(_UNDERVOLTAGE)
        if _text(chip / "name") == "rpi_volt"
    )
    if firmware & _LOW_VOLTAGE_BIT or "1" in alarms:
        yield _WEAK_SUPPLY
    if firmware & _HELD_BACK_BITS or any(_cools(cooler) for cooler in root.glob(_COOLERS)):
        yield _HOT
    if governor == "powersave":
        yield _SAVING


def _cools(cooler: Path) -> bool:
    """Say whether the kernel runs the cores slower to cool them (kernel.org, cpu-cooling-api)."""
    return "cpufreq" in _text(cooler / "type") and _text(cooler / "cur_state") not in ("", "0")


def _processor(root: Path) -> str:
    for line in _text(root / _CPUINFO).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _texts(root: Path, pattern: str) -> list[str]:
    return [_text(file) for file in sorted(root.glob(pattern))]


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
