"""Which day it is, though most boards have no clock that goes on while they are off.

Where no network sets it either, it shows the same day at each start. So days are counted on from the last
one that was seen: each start of the machine is one, and so are 24 hours in which it runs. Where the clock is
ahead of that, it is right. So a day on which the device is started is at least one, and more with several
starts: what may be kept for so many days is rather deleted too soon than too late.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_LATEST = date(9000, 1, 1)
"""A file that says more is damaged, and shall not count beyond the calendar."""


class Seen(msgspec.Struct, frozen=True):
    """A day that was seen.

    Attributes:
        day: It, in UTC, which no change of the time zone turns back.
        boot: The start of the machine after which it was seen, by the kernel's name for it.
        uptime_h: When it began, in hours after that start: a second would tell when something was said.
    """

    day: date
    boot: str
    uptime_h: Annotated[int, msgspec.Meta(ge=0)]


def by_the_clock() -> Seen:
    """Give what clock and kernel say.

    Raises:
        OSError: The kernel does not say which start this is.
    """
    uptime_h = int(time.clock_gettime(time.CLOCK_BOOTTIME)) // 3600
    return Seen(datetime.now(UTC).date(), _BOOT_ID.read_text().strip(), uptime_h)


def counted_on(last: Seen, now: Seen) -> Seen:
    """Give the day that it is.

    Args:
        last: The one that was seen last.
        now: What clock and kernel say.
    """
    since_h = last.uptime_h if last.boot == now.boot else -24  # a start counts as a day
    passed = max(0, (now.uptime_h - since_h) // 24)
    day = min(last.day, _LATEST) + timedelta(passed)
    return now if now.day > day else Seen(day, now.boot, since_h + passed * 24)
