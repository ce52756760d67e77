"""The 8-byte report of a boot keyboard (HID 1.11, appendix B.1)."""

from __future__ import annotations

from dataclasses import dataclass

Report = bytes
"""Modifiers, a reserved zero, and up to six key usages (HID 1.11, B.1)."""

ALL_UP: Report = bytes(8)
"""No key and no modifier is down."""

LEFT_SHIFT = 0x02
"""Modifier bit (HID 1.11, 8.3)."""

CAPS_LOCK_LED = 0x02
"""Bit of the output report (HID 1.11, B.1)."""


@dataclass(frozen=True, slots=True)
class Keystroke:
    """One key, with the modifiers that are down while it is pressed.

    Attributes:
        usage: Key usage, 0x04 to 0xDD (HID Usage Tables 1.5, page 0x07).
        modifiers: Modifier bits, as in the first byte of a report.
    """

    usage: int
    modifiers: int = 0


def report(keystroke: Keystroke) -> Report:
    """Give the report in which exactly this key and its modifiers are down."""
    return bytes((keystroke.modifiers, 0, keystroke.usage, 0, 0, 0, 0, 0))


def modifiers_only(modifiers: int) -> Report:
    """Give the report in which only modifiers are down."""
    return bytes((modifiers, 0, 0, 0, 0, 0, 0, 0))
