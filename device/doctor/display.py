"""The display: whether its bus is there and ours to use, and whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.doctor.finding import Finding, Verdict, fault_of, ok
from device.errors import DisplayError
from device.hardware.oled_panel import bus_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from device.settings import DisplaySettings


def display(settings: DisplaySettings, reach: Callable[[DisplaySettings], Any] = bus_of) -> Iterator[Finding]:
    """Look whether it answers, which a running Saykey does not notice. Without it, dictation works."""
    if not settings.kind:
        yield ok("none is set (display.kind)")
        return
    try:
        reach(settings).cleanup()
    except DisplayError as error:
        found = fault_of(error)
        yield Finding(Verdict.WARNING, found.found, found.advice)
        return
    yield ok(f"one answers at {settings.address} of /dev/i2c-{settings.bus}, taken for a {settings.kind}")
