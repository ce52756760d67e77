"""How fast, and in which steps, keys are sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How keystrokes become reports.

    Attributes:
        interval_ms: The least time from one report to the next. The link takes its own time besides.
        rolls: A key comes up in the report that presses the next one, where that is another key with the
            same modifiers. It halves the reports.
        modifiers_apart: Modifiers go down and up in reports of their own: remote desktops lose a Shift
            that comes together with its key.
    """

    interval_ms: float
    rolls: bool = False
    modifiers_apart: bool = False


PACES = {
    "fast": Pace(0, rolls=True),
    "normal": Pace(2),
    # 20 ms and modifiers apart is what works (Adafruit_CircuitPython_HID, issue 114).
    "remote": Pace(20, modifiers_apart=True),
}


def pace_of(setting: str | float) -> Pace:
    """Give the pace of a setting: a profile's name, or the milliseconds from one report to the next."""
    return PACES[setting] if isinstance(setting, str) else Pace(setting)
