"""Whether each stage of the path still makes progress: the watchdog is fed only while all do."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from device.keyboard.reports import Report
    from device.ports import Keyboard

_REPORT_WITHIN_S = 20.0
"""A host that takes reports takes one every few milliseconds, and one that sleeps is away. By Bluetooth that
may be known after 14 s: 6 for what is on its way to the host before, and 2 for each of four steps."""


class Progress:
    """Deadlines of the stages that are at work. A stage that rests has none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deadlines: dict[str, float] = {}

    def expect(self, stage: str, within_s: float) -> None:
        """Note that a stage advances now, and must advance again or rest in so many seconds."""
        self._deadlines[stage] = self._clock() + within_s

    def rest(self, stage: str) -> None:
        """Note that a stage has nothing to do."""
        self._deadlines.pop(stage, None)

    @contextmanager
    def during(self, stage: str, within_s: float) -> Iterator[None]:
        """Expect a stage to finish the block in so many seconds."""
        self.expect(stage, within_s)
        try:
            yield
        finally:
            self.rest(stage)

    def stalled(self) -> list[str]:
        """Give the stages that are late, in alphabetical order."""
        now = self._clock()
        return sorted(stage for stage, deadline in self._deadlines.items() if now > deadline)


class WatchedKeyboard:
    """A keyboard from which progress is expected for as long as it sends a report."""

    def __init__(self, keyboard: Keyboard, progress: Progress) -> None:
        self._keyboard = keyboard
        self._progress = progress

    async def send(self, report: Report) -> None:
        """Hand one report to the host.

        Raises:
            HostAwayError: The host did not take it.
        """
        with self._progress.during("keyboard", _REPORT_WITHIN_S):
            await self._keyboard.send(report)

    async def wait_until_ready(self) -> bool:
        """Return when the host takes reports, which may be never."""
        return await self._keyboard.wait_until_ready()

    def absences(self) -> int:
        """Give how often the host has gone away."""
        return self._keyboard.absences()

    def leds(self) -> int:
        """Give the host's lock keys."""
        return self._keyboard.leds()

    def close(self) -> None:
        """Close the device file or link."""
        self._keyboard.close()
