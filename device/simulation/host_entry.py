"""Characters entered by their code, as each operating system reads that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.keyboard.reports import LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, RIGHT_ALT, Keystroke

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.simulation.host_layout import HostLayout

    Alone = Callable[[Keystroke], str]
    """Says what a keystroke types by itself."""

_BACKSPACE, _ESCAPE = 0x2A, 0x29
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


class CodeEntry:
    """A system that has no such way."""

    def press(self, keystroke: Keystroke, alone: Alone, layout: HostLayout) -> str | None:
        """Read a keystroke.

        Args:
            keystroke: With modifiers of the left hand only, but for AltGr or Option.
            alone: Says what a keystroke types by itself.
            layout: The layout that is active.

        Returns:
            What is typed by it, which may be nothing; `None` when the keystroke is no part of a code.
        """
        del keystroke, alone, layout
        return None

    def lift(self, modifiers: int, layout: HostLayout) -> str:
        """Give what is typed because these modifiers come up."""
        del modifiers, layout
        return ""


class CtrlShiftU(CodeEntry):
    """Linux: Ctrl+Shift+U, the hexadecimal code, Space or Enter.

    It follows gtk/gtkimcontextsimple.c of GTK 4 and src/ibusenginesimple.c of IBus, and where they differ
    the stricter. A code of which some digits are there also ends when Ctrl or Shift comes up.
    """

    _START = LEFT_CTRL | LEFT_SHIFT
    _MAX_DIGITS = 6

    def __init__(self) -> None:
        self._digits: str | None = None
        self._lifted = False

    def press(self, keystroke: Keystroke, alone: Alone, layout: HostLayout) -> str | None:
        """Read a keystroke."""
        del layout
        starts = keystroke.modifiers & self._START == self._START
        character = alone(Keystroke(keystroke.usage, keystroke.modifiers & ~LEFT_CTRL))
        if character == "U" and (starts or self._digits is not None):
            typed = self._finish()
            self._digits, self._lifted = "", False
            return typed
        if self._digits is None:
            return None
        if not starts and (not self._lifted or keystroke.modifiers & (LEFT_CTRL | LEFT_ALT)):
            return ""
        return self._read(keystroke.usage, character, self._digits)

    def lift(self, modifiers: int, layout: HostLayout) -> str:
        """Give what is typed because these modifiers come up."""
        del layout
        if modifiers & self._START and self._digits is not None:
            if self._digits:
                return self._finish()
            self._lifted = True
        return ""

    def _read(self, usage: int, character: str, digits: str) -> str:
        if usage == _ESCAPE or (usage == _BACKSPACE and not digits):
            self._digits = None
        elif usage == _BACKSPACE:
            self._digits = digits[:-1]
        elif character in _HEX_DIGITS and len(digits) < self._MAX_DIGITS:
            self._digits = digits + character
        elif character in {" ", "\n"} and digits:
            return self._finish()
        return ""

    def _finish(self) -> str:
        code, self._digits = int(self._digits or "0", 16), None
        is_character = 0 < code < 0xD800 or 0xE000 <= code < 0x110000
        return chr(code) if is_character else ""


class AltAndKeypad(CodeEntry):
    """Windows: the decimal code on the keypad while the left Alt is down, with Num Lock on.

    With a leading zero it is one of the code page that belongs to the layout's language (Microsoft,
    "National Language Support Reference"), else one of MS-DOS.
    """

    _KEYPAD_DIGITS = range(0x59, 0x63)
    _PAGES = {  # noqa: RUF012  never changed
        "cp1250": "bs cs hr hu pl ro sk sl sq sr-Latn",
        "cp1251": "be bg kk ky mk mn ru sr tt uk",
        "cp1253": "el",
        "cp1254": "az tr uz",
        "cp1255": "he",
        "cp1256": "ar fa ur",
        "cp1257": "et lt lv",
        "cp1258": "vi",
    }

    def __init__(self) -> None:
        self._digits = ""

    def press(self, keystroke: Keystroke, alone: Alone, layout: HostLayout) -> str | None:
        """Read a keystroke."""
        del layout
        if keystroke.modifiers == LEFT_ALT and keystroke.usage in self._KEYPAD_DIGITS:
            self._digits += alone(Keystroke(keystroke.usage))
            return ""
        self._digits = ""
        return None

    def lift(self, modifiers: int, layout: HostLayout) -> str:
        """Give what is typed because these modifiers come up."""
        if not (modifiers & LEFT_ALT and self._digits):
            return ""
        digits, self._digits = self._digits, ""
        page = self._page(layout.language) if digits.startswith("0") else "cp437"
        code = int(digits) % 256
        return bytes([code]).decode(page, "replace") if code else ""

    def _page(self, language: str) -> str:
        return next(
            (page for page, languages in self._PAGES.items() if language in languages.split()), "cp1252"
        )


class UnicodeHexInput(CodeEntry):
    """macOS with this input source: Option, and four hexadecimal digits for each UTF-16 code unit."""

    def __init__(self) -> None:
        self._digits = ""
        self._units = b""  # a character's first half

    def press(self, keystroke: Keystroke, alone: Alone, layout: HostLayout) -> str | None:
        """Read a keystroke."""
        if layout.name != "unicode-hex" or keystroke.modifiers != RIGHT_ALT:
            return None
        digit = alone(Keystroke(keystroke.usage))
        self._digits = self._digits + digit if digit in _HEX_DIGITS else ""
        if len(self._digits) < 4:
            return ""
        self._units += bytes.fromhex(self._digits)
        self._digits = ""
        if len(self._units) == 2 and 0xD8 <= self._units[0] < 0xDC:
            return ""
        return self._finish()

    def lift(self, modifiers: int, layout: HostLayout) -> str:
        """Give what is typed because these modifiers come up."""
        del layout
        if not modifiers & RIGHT_ALT:
            return ""
        self._digits = ""
        return self._finish()

    def _finish(self) -> str:
        units, self._units = self._units, b""
        return units.decode("utf-16-be", "replace")


def code_entry(system: str) -> CodeEntry:
    """Give the way that an operating system has, as in the settings, such as "linux"."""
    ways = {"linux": CtrlShiftU, "windows": AltAndKeypad, "macos": UnicodeHexInput}
    return ways.get(system, CodeEntry)()
