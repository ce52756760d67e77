"""What would be sent to type a text, without a host."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from device.keyboard.one_text import type_text
from device.keyboard.reports import ALL_UP, CAPS_LOCK, CAPS_LOCK_LED, NUM_LOCK, NUM_LOCK_LED

if TYPE_CHECKING:
    from device.keyboard.host import Host
    from device.keyboard.record import Record
    from device.keyboard.reports import Report
    from device.outbox import Entry

_LEDS = {CAPS_LOCK: CAPS_LOCK_LED, NUM_LOCK: NUM_LOCK_LED}


def dry_run(text: str, host: Host, *, leds: int = 0) -> tuple[list[Report], Record]:
    """Give all reports that type a text, and what becomes of its characters.

    Args:
        text: What is to be typed.
        host: How the host reads keys.
        leds: Its lock keys at the beginning, as LED bits. It is taken to follow when they are pressed.
    """
    paper = _Paper(leds)
    hasty = replace(host, pace=replace(host.pace, interval_ms=0))
    entry = asyncio.run(type_text(text, hasty, paper, interrupted=_never))
    return paper.reports, entry.record


class _Paper:
    """A keyboard that writes down what it is given, at a host whose lock keys follow."""

    def __init__(self, leds: int) -> None:
        self.reports: list[Report] = []
        self._leds = leds

    async def send(self, report: Report) -> None:
        before = self.reports[-1] if self.reports else ALL_UP
        if report[2] != before[2]:
            self._leds ^= _LEDS.get(report[2], 0)
        self.reports.append(report)

    async def wait_until_ready(self) -> bool:
        return False

    def absences(self) -> int:
        return 0

    def leds(self) -> int:
        return self._leds

    def close(self) -> None:
        """Nothing is open."""


async def _never(_: Entry, __: bool) -> None:  # noqa: FBT001  as the port has it
    raise AssertionError("paper does not go away")
