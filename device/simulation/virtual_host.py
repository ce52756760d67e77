"""A computer that a keyboard is plugged into: reads reports as an operating system does.

It shares nothing with `device.keyboard`, so that it can bear witness against it. Its tables follow the
HID Usage Tables 1.5, page 0x07, in their US meaning.
"""

from __future__ import annotations

from device.errors import KeyboardError

NUM_LOCK_LED, CAPS_LOCK_LED, SCROLL_LOCK_LED = 0x01, 0x02, 0x04
"""Bits of the LED report (HID 1.11, B.1)."""

REPEAT_DELAY_S = 0.5
"""How long a key is down before it repeats."""

REPEAT_INTERVAL_S = 1 / 30
"""Time from one repetition to the next."""

_ERROR_ROLL_OVER = 0x01
_FIRST_KEY = 0x04
_BACKSPACE = 0x2A
_FIRST_MODIFIER = 0xE0
_SHIFTS = 0x22
_LOCKS = {0x39: CAPS_LOCK_LED, 0x47: SCROLL_LOCK_LED, 0x53: NUM_LOCK_LED}

# Usage: the character without and with Shift.
_KEYS = {
    0x04: "aA", 0x05: "bB", 0x06: "cC", 0x07: "dD", 0x08: "eE", 0x09: "fF", 0x0A: "gG",
    0x0B: "hH", 0x0C: "iI", 0x0D: "jJ", 0x0E: "kK", 0x0F: "lL", 0x10: "mM", 0x11: "nN",
    0x12: "oO", 0x13: "pP", 0x14: "qQ", 0x15: "rR", 0x16: "sS", 0x17: "tT", 0x18: "uU",
    0x19: "vV", 0x1A: "wW", 0x1B: "xX", 0x1C: "yY", 0x1D: "zZ",
    0x1E: "1!", 0x1F: "2@", 0x20: "3#", 0x21: "4$", 0x22: "5%",
    0x23: "6^", 0x24: "7&", 0x25: "8*", 0x26: "9(", 0x27: "0)",
    0x28: "\n\n", 0x2B: "\t\t", 0x2C: "  ",
    0x2D: "-_", 0x2E: "=+", 0x2F: "[{", 0x30: "]}", 0x31: "\\|", 0x32: "\\|",
    0x33: ";:", 0x34: "'\"", 0x35: "`~", 0x36: ",<", 0x37: ".>", 0x38: "/?", 0x64: "<>",
    0x54: "//", 0x55: "**", 0x56: "--", 0x57: "++", 0x58: "\n\n",
}  # fmt: skip

# Keys of the keypad that type only with Num Lock on; without it they move the caret.
_KEYPAD = {
    0x59: "1", 0x5A: "2", 0x5B: "3", 0x5C: "4", 0x5D: "5", 0x5E: "6",
    0x5F: "7", 0x60: "8", 0x61: "9", 0x62: "0", 0x63: ".",
}  # fmt: skip


class VirtualHost:
    """An operating system with one text field, whose caret stays at the end.

    Attributes:
        text: What has been typed.
        leds: The lock keys, as the LED bits that the host would send.
        reports: Every report received, in order.
    """

    def __init__(self) -> None:
        self.text = ""
        self.leds = 0
        self.reports: list[bytes] = []
        self._keys: tuple[int, ...] = ()
        self._modifiers = 0
        self._repeating: int | None = None
        self._until_repeat_s = 0.0

    @property
    def keys_down(self) -> frozenset[int]:
        """Usages of all keys that are down, modifiers (0xE0 to 0xE7) among them."""
        modifiers = (_FIRST_MODIFIER + bit for bit in range(8) if self._modifiers >> bit & 1)
        return frozenset((*self._keys, *modifiers))

    def receive(self, report: bytes) -> None:
        """Act on a report.

        Raises:
            KeyboardError: It is not 8 bytes long.
        """
        if len(report) != 8:
            raise KeyboardError(f"A boot keyboard's report has 8 bytes; this one has {len(report)}.")
        self.reports.append(bytes(report))
        self._modifiers = report[0]
        if _ERROR_ROLL_OVER in report[2:]:
            return
        before = self._keys
        self._keys = tuple(usage for usage in report[2:] if usage >= _FIRST_KEY)
        if self._repeating not in self._keys:
            self._repeating = None
        for usage in self._keys:
            if usage not in before:
                self._press(usage)

    def tick(self, seconds: float) -> None:
        """Let time pass: a key that stays down repeats."""
        self._until_repeat_s -= seconds
        while self._repeating is not None and self._until_repeat_s <= 0:
            self._type(self._repeating)
            self._until_repeat_s += REPEAT_INTERVAL_S

    def release_all(self) -> None:
        """Take all keys up, as an operating system does for a keyboard that was unplugged."""
        self._keys = ()
        self._modifiers = 0
        self._repeating = None

    def _press(self, usage: int) -> None:
        if usage in _LOCKS:
            self.leds ^= _LOCKS[usage]
            return
        self._type(usage)
        self._repeating = usage
        self._until_repeat_s = REPEAT_DELAY_S

    def _type(self, usage: int) -> None:
        if self._modifiers & ~_SHIFTS:
            return  # a shortcut, not text
        if usage == _BACKSPACE:
            self.text = self.text[:-1]
        elif usage in _KEYPAD:
            # Shift takes Num Lock back for one key.
            numbers = bool(self.leds & NUM_LOCK_LED) and not self._modifiers & _SHIFTS
            self.text += _KEYPAD[usage] if numbers else ""
        elif usage in _KEYS:
            characters = _KEYS[usage]
            caps = characters[0].isalpha() and bool(self.leds & CAPS_LOCK_LED)
            self.text += characters[bool(self._modifiers & _SHIFTS) != caps]
