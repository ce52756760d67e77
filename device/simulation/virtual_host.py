"""A computer that a keyboard is plugged into: reads reports as an operating system does.

It decodes by the layouts' tables and knows nothing of how a typist uses them, so that it can bear witness
against it. Usages follow the HID Usage Tables 1.5, page 0x07.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from device.errors import KeyboardError
from device.keyboard.host import host_of
from device.keyboard.reports import LEFT_ALT, LEFT_CTRL, LEFT_GUI, LEFT_SHIFT, RIGHT_ALT, Keystroke
from device.simulation.host_entry import code_entry
from device.simulation.host_layout import DeadKeys, host_layout
from device.simulation.host_text import without_last_cluster
from device.simulation.host_toggle import Toggle

if TYPE_CHECKING:
    from device.settings import KeyboardSettings
    from device.simulation.host_layout import Reading

NUM_LOCK_LED, CAPS_LOCK_LED, SCROLL_LOCK_LED = 0x01, 0x02, 0x04
"""Bits of the LED report (HID 1.11, B.1)."""

REPEAT_DELAY_S = 0.5
"""How long a key is down before it repeats."""

REPEAT_INTERVAL_S = 1 / 30
"""Time from one repetition to the next."""

REMEMBERED = 100_000
"""So many of the latest reports are kept at least, where so many came."""

_ERROR_ROLL_OVER = 0x01
_FIRST_KEY = 0x04
_BACKSPACE = 0x2A
_FIRST_MODIFIER = 0xE0
_LOCKS = {0x39: CAPS_LOCK_LED, 0x47: SCROLL_LOCK_LED, 0x53: NUM_LOCK_LED}

_NO_TEXT = LEFT_CTRL | LEFT_ALT | LEFT_GUI
"""With these a key is a shortcut."""

# Keys that do the same in every layout.
_FIXED = {0x28: "\n", 0x2B: "\t", 0x54: "/", 0x55: "*", 0x56: "-", 0x57: "+", 0x58: "\n"}

# Keys of the keypad that type only with Num Lock on; without it they move the caret.
_KEYPAD = {
    0x59: "1", 0x5A: "2", 0x5B: "3", 0x5C: "4", 0x5D: "5", 0x5E: "6",
    0x5F: "7", 0x60: "8", 0x61: "9", 0x62: "0", 0x63: ".",
}  # fmt: skip

_APPLE = {"macos", "ios"}

_NO_CHORD = Keystroke(0)


class VirtualHost:
    """An operating system with one text field, whose caret stays at the end.

    Attributes:
        text: What has been typed.
        leds: The lock keys, as the LED bits that the host would send.
        received: How many reports came.
        reports: The latest of them, in order: all, until there are twice `REMEMBERED`.
    """

    def __init__(
        self,
        system: str = "other",
        layout: str = "us",
        other_layout: str = "",
        toggle: Keystroke = _NO_CHORD,
    ) -> None:
        """Start with nothing typed, no lock on, and the first layout active.

        Args:
            system: The operating system, as in the settings.
            layout: Its layout.
            other_layout: A second one, if it has one.
            toggle: The chord that switches between the two.

        Raises:
            SettingsError: There is no such layout.
        """
        self.text = ""
        self.leds = 0
        self.received = 0
        self.reports: list[bytes] = []
        self._keys: tuple[int, ...] = ()
        self._modifiers = 0
        self._repeating: int | None = None
        self._until_repeat_s = 0.0
        self._is_apple = system in _APPLE
        self._layouts = [host_layout(system, name) for name in (layout, other_layout) if name]
        self._toggle = Toggle(toggle)
        self._dead_keys = DeadKeys()
        self._entry = code_entry(system)

    @classmethod
    def described_by(cls, settings: KeyboardSettings) -> Self:
        """Make the host that the settings describe.

        Raises:
            SettingsError: There is no such layout, or no such chord.
        """
        toggle = host_of(settings).toggle
        return cls(settings.os, settings.layout, settings.other_layout, toggle)

    @property
    def layout(self) -> str:
        """The name of the layout that is active."""
        return self._layouts[0].name

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
        self._remember(bytes(report))
        if _ERROR_ROLL_OVER in report[2:]:
            self._hold(report[0], self._keys)
        else:
            self._hold(report[0], tuple(usage for usage in report[2:] if usage >= _FIRST_KEY))

    def tick(self, seconds: float) -> None:
        """Let time pass: a key that stays down repeats."""
        self._until_repeat_s -= seconds
        while self._repeating is not None and self._until_repeat_s <= 0:
            self._type(self._repeating)
            self._until_repeat_s += REPEAT_INTERVAL_S

    def release_all(self) -> None:
        """Take all keys up, as an operating system does for a keyboard that was unplugged."""
        self._hold(0, ())

    def _remember(self, report: bytes) -> None:
        self.received += 1
        self.reports.append(report)
        if len(self.reports) == 2 * REMEMBERED:
            del self.reports[:REMEMBERED]

    def _hold(self, modifiers: int, keys: tuple[int, ...]) -> None:
        """Take keys up and press others, modifiers first, as they come first in the report."""
        modifiers_before, keys_before = self._meant(), self._keys
        self._modifiers, self._keys = modifiers, keys
        meant = self._meant()
        if lifted := modifiers_before & ~meant:
            self.text += self._entry.lift(lifted, self._layouts[0])
        # Both steps are followed: modifiers change before keys do.
        if self._toggle.follow(meant, keys_before) | self._toggle.follow(meant, keys):
            self._layouts.reverse()
        if self._repeating not in keys:
            self._repeating = None
        for usage in keys:
            if usage not in keys_before:
                self._press(usage)

    def _meant(self) -> int:
        """Give the modifiers that are down, with those of the right hand as those of the left.

        Only the right Alt means something else; on a Mac the left one means the same as it.
        """
        down = self._modifiers
        meant = (down | down >> 4) & (LEFT_CTRL | LEFT_SHIFT | LEFT_GUI) | down & (LEFT_ALT | RIGHT_ALT)
        return meant & ~LEFT_ALT | RIGHT_ALT if self._is_apple and meant & LEFT_ALT else meant

    def _press(self, usage: int) -> None:
        if self._toggle.armed:
            return
        if usage in _LOCKS:
            self.leds ^= _LOCKS[usage]
            return
        self._type(usage)
        self._repeating = usage
        self._until_repeat_s = REPEAT_DELAY_S

    def _type(self, usage: int) -> None:
        keystroke = Keystroke(usage, self._meant())
        entered = self._entry.press(keystroke, self._alone, self._layouts[0])
        if entered is not None:
            self.text += entered
        elif keystroke.modifiers & _NO_TEXT:
            return  # a shortcut, not text
        elif usage == _BACKSPACE:
            if not self._dead_keys.take_back():
                self.text = without_last_cluster(self.text)
        elif usage in _FIXED or usage in _KEYPAD:
            if character := self._alone(keystroke):
                self.text += self._dead_keys.flush(self._reading()) + character
        else:
            self.text += self._dead_keys.press(keystroke, self._reading())

    def _alone(self, keystroke: Keystroke) -> str:
        """Give what a keystroke types by itself."""
        if keystroke.usage in _KEYPAD:
            # Shift takes Num Lock back for one key.
            numbers = self.leds & NUM_LOCK_LED and not keystroke.modifiers & LEFT_SHIFT
            return _KEYPAD[keystroke.usage] if numbers else ""
        return _FIXED.get(keystroke.usage) or self._reading().alone(keystroke)

    def _reading(self) -> Reading:
        layout = self._layouts[0]
        return layout.caps if self.leds & CAPS_LOCK_LED else layout.plain
