"""Which keys type which characters, as the host's layout reads them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from device.errors import SettingsError
from device.keyboard.reports import LEFT_SHIFT, Keystroke

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENTER = Keystroke(0x28)
_TAB = Keystroke(0x2B)
_SPACE = Keystroke(0x2C)

_CONTROLS = {"\n": (_ENTER,), "\t": (_TAB,)}

# The first usage of a row of keys, what they type, and what they type with Shift
# (HID Usage Tables 1.5, page 0x07). Usage 0x32 is the key beside Enter that US keyboards lack.
_US_ROWS = (
    (0x04, "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    (0x1E, "1234567890", "!@#$%^&*()"),
    (0x2D, "-=[]\\", "_+{}|"),
    (0x33, ";'`,./", ':"~<>?'),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A keyboard layout of the host.

    Attributes:
        name: As in the settings, such as "us".
        keys: The keystrokes of each character that can be typed; more than one where a dead key is needed.
    """

    name: str
    keys: Mapping[str, tuple[Keystroke, ...]]

    def keystrokes(self, character: str) -> tuple[Keystroke, ...] | None:
        """Give the keystrokes that type a character, or `None` when the layout lacks it."""
        return self.keys.get(character)


def layout_named(name: str, *, controls: str = "") -> Layout:
    r"""Find a layout.

    Args:
        name: As in the settings.
        controls: Control characters that may be typed, of "\n" (Enter) and "\t" (Tab). Enter sends a
            message and Tab leaves a field, so neither is typed unless it is asked for.

    Raises:
        SettingsError: There is no such layout.
    """
    if name not in _LAYOUTS:
        raise SettingsError(
            f"keyboard.layout: there is no layout {name!r}; choose one of: {', '.join(_LAYOUTS)}"
        )
    allowed = {control: _CONTROLS[control] for control in controls}
    return Layout(name, MappingProxyType({**_LAYOUTS[name], **allowed}))


def _us() -> Iterator[tuple[str, tuple[Keystroke, ...]]]:
    yield " ", (_SPACE,)
    for first, plain, shifted in _US_ROWS:
        for usage, (lower, upper) in enumerate(zip(plain, shifted, strict=True), first):
            yield lower, (Keystroke(usage),)
            yield upper, (Keystroke(usage, LEFT_SHIFT),)


_LAYOUTS = {"us": dict(_us())}
