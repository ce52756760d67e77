"""A Linux computer as a keyboard sees it: the kernel's hid-input, libxkbcommon, Compose, Ctrl+Shift+U.

It knows nothing of `device.keyboard`: what it reads is what such a computer would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from tools.layouts.kernel import KEY_OF_USAGE
from tools.layouts.xkb import Compose, Composition, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.layouts.xkb import Keymap

_FIRST_KEY = 0x04
"""Lower usages are no keys: nothing, and three kinds of error (HID Usage Tables 1.5, page 0x07)."""

_MODIFIERS = (*range(0xFE01, 0xFE14), *range(0xFFE1, 0xFFEF), 0xFF7E, 0xFF7F)
"""Keysyms that type nothing: levels, groups and locks (X11/keysymdef.h)."""

_CTRL_OR_SHIFT = range(0xFFE1, 0xFFE5)
_CAPITAL_U, _SPACE, _RETURN, _BACKSPACE = 0x55, 0x20, 0xFF0D, 0xFF08
_HEX_DIGITS = {ord(digit) for digit in "0123456789abcdefABCDEF"}
"""Keysyms of ASCII are its codes."""


class XkbHost:
    """A text field with the keyboard's focus.

    Attributes:
        text: What stands in it.
    """

    def __init__(
        self, keymap: Keymap, *, locale: str = "en_US.UTF-8", caps: bool = False, num: bool = False
    ) -> None:
        self.text = ""
        self._state = State(keymap)
        self._state.lock(caps=caps, num=num)
        self._compose = Compose(locale)
        self._composing = False
        self._code: str | None = None
        self._code_let_go = False
        self._last = bytes(8)

    @property
    def leds(self) -> int:
        """The output report that the host sends: Num Lock and Caps Lock (HID 1.11, B.1)."""
        return self._state.is_lit("Num Lock") | self._state.is_lit("Caps Lock") << 1

    @property
    def is_at_rest(self) -> bool:
        """Nothing is down, and nothing has been begun that the next key would end."""
        return self._last == bytes(8) and not self._composing and self._code is None

    def type(self, reports: Iterable[bytes]) -> str:
        """Read reports; give the text that then stands in the field."""
        for report in reports:
            self.read(report)
        return self.text

    def read(self, report: bytes) -> None:
        """Read one report as drivers/hid/hid-core.c does: modifiers first, then slot by slot."""
        assert len(report) == 8
        last, self._last = self._last, report
        for bit in range(8):
            if (last[0] ^ report[0]) >> bit & 1:
                self._move(0xE0 + bit, down=bool(report[0] >> bit & 1))
        for before, now in zip(last[2:], report[2:], strict=True):
            if before >= _FIRST_KEY and before not in report[2:]:
                self._move(before, down=False)
            if now >= _FIRST_KEY and now not in last[2:]:
                self._move(now, down=True)

    def _move(self, usage: int, *, down: bool) -> None:
        key = KEY_OF_USAGE[usage]
        keysym, text = self._state.keysym(key), self._state.text(key)
        if down and keysym not in _MODIFIERS:
            self._press(keysym, text)
        if not down and keysym in _CTRL_OR_SHIFT and self._code is not None:
            self._let_go_of_code(self._code)
        self._state.move(key, down=down)

    def _press(self, keysym: int, text: str) -> None:
        held = {name for name in ("Shift", "Control", "Mod1", "Mod4") if self._state.is_active(name)}
        if self._code is not None:
            ready = held == {"Control", "Shift"} or (self._code_let_go and held <= {"Shift"})
            assert ready, f"a shortcut within a code: keysym {keysym:#x} with {held}"
            self._enter_code(self._code, keysym)
        elif held == {"Control", "Shift"} and keysym == _CAPITAL_U:
            self._code, self._code_let_go = "", False
        else:
            assert held <= {"Shift"}, f"a shortcut: keysym {keysym:#x} with {held}"
            self._type(keysym, text)

    def _type(self, keysym: int, text: str) -> None:
        status = self._compose.feed(keysym)
        self._composing = status == Composition.COMPOSING
        if status == Composition.COMPOSED:
            self.text += self._compose.text()
        elif status == Composition.NOTHING:
            self._insert(text)
        if not self._composing:
            self._compose.reset()

    def _insert(self, text: str) -> None:
        if text == "\b":
            self.text = regex.sub(r"\X\Z", "", self.text)
        else:
            self.text += text.replace("\r", "\n")

    # A code as gtk/gtkimcontextsimple.c of GTK 4 and src/ibusenginesimple.c of IBus 1.5 read it.

    def _let_go_of_code(self, digits: str) -> None:
        if digits:
            self._end_code(digits)
        self._code_let_go = True

    def _enter_code(self, digits: str, keysym: int) -> None:
        if keysym == _BACKSPACE:
            self._code = digits[:-1]
        elif digits and keysym in {_SPACE, _RETURN}:
            self._end_code(digits)
        else:
            assert keysym in _HEX_DIGITS, f"keysym {keysym:#x} within a code"
            self._code = digits + chr(keysym)

    def _end_code(self, digits: str) -> None:
        self.text += chr(int(digits, 16))
        self._code = None
