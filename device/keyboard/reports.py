"""The 8-byte report of a boot keyboard (HID 1.11, appendix B.1)."""

from __future__ import annotations

from dataclasses import dataclass

Report = bytes
"""Modifiers, a reserved zero, and up to six key usages (HID 1.11, B.1)."""

ALL_UP: Report = bytes(8)
"""No key and no modifier is down."""

LEFT_CTRL, LEFT_SHIFT, LEFT_ALT, LEFT_GUI = 0x01, 0x02, 0x04, 0x08
RIGHT_ALT = 0x40
"""Modifier bits (HID 1.11, 8.3). The right Alt key is AltGr, and the Option key of a Mac."""

NUM_LOCK_LED, CAPS_LOCK_LED = 0x01, 0x02
"""Bits of the output report, which the host sends (HID 1.11, B.1)."""

CAPS_LOCK, NUM_LOCK = 0x39, 0x53
"""Usages of the lock keys (HID Usage Tables 1.5, page 0x07)."""


@dataclass(frozen=True, slots=True)
class Keystroke:
    """One key, with the modifiers that are down while it is pressed.

    Attributes:
        usage: Key usage, 0x04 to 0xDD (HID Usage Tables 1.5, page 0x07); 0 for the modifiers alone.
        modifiers: Modifier bits, as in the first byte of a report.
    """

    usage: int
    modifiers: int = 0


NO_KEY = Keystroke(0)
"""Nothing is down."""


def report(keystroke: Keystroke) -> Report:
    """Give the report in which exactly this key and its modifiers are down."""
    return bytes((keystroke.modifiers, 0, keystroke.usage, 0, 0, 0, 0, 0))


def modifiers_only(modifiers: int) -> Report:
    """Give the report in which only modifiers are down."""
    return bytes((modifiers, 0, 0, 0, 0, 0, 0, 0))
