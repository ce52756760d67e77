"""What is known of the host: how it reads keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from device.errors import SettingsError
from device.keyboard.layout import keystroke, layout_named
from device.keyboard.pace import pace_of
from device.keyboard.reports import NO_KEY, Keystroke

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device.keyboard.layout import Layout
    from device.keyboard.pace import Pace
    from device.settings import KeyboardSettings, LanguageSettings

CONTROLS = {
    "\n": Keystroke(0x28),
    "\r": Keystroke(0x28),
    "\t": Keystroke(0x2B),
    "\b": Keystroke(0x2A),
    "\x1b": Keystroke(0x29),
}
"""Enter for a line break and as a command, Tab, Backspace and Escape: the same keys in every layout.

Enter may send a message and Tab leaves a field: each is allowed by itself.
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A computer that receives keys.

    Attributes:
        system: Its operating system, as in the settings.
        layout: The layout that is active there when typing begins.
        pace: How fast it takes keys.
        other: A second layout that it has, for what the first one lacks.
        toggle: What switches there between the two.
        by_code: Whether characters beyond its layouts may be entered by their code.
        controls: The control characters that may be typed.
        languages: How it reads keys while a language is spoken, by the language's code, where that is
            different: people switch its layout with the language.
    """

    system: str
    layout: Layout
    pace: Pace
    other: Layout | None = None
    toggle: Keystroke = NO_KEY
    by_code: bool = False
    controls: Mapping[str, Keystroke] = field(default_factory=dict)
    languages: Mapping[str, Self] = field(default_factory=dict)

    def speaking(self, language: str) -> Host:
        """Give it as it reads keys while this language is spoken."""
        return self.languages.get(language, self)


def host_of(settings: KeyboardSettings, *, controls: str = "", table: str = "keyboard") -> Host:
    r"""Give the host that the settings describe.

    Args:
        settings: What the user says about it.
        controls: Control characters that may be typed, of those in `CONTROLS`.
        table: What an error calls the settings.

    Raises:
        SettingsError: There is no such layout, or no such chord.
    """
    if bool(settings.other_layout) != bool(settings.layout_toggle):
        raise SettingsError(
            f"{table}.other_layout is {settings.other_layout!r}, and {table}.layout_toggle is "
            f"{settings.layout_toggle!r}, but they belong together: name both, or neither"
        )
    other = (
        _layout(f"{table}.other_layout", settings.other_layout, settings.os)
        if settings.other_layout
        else None
    )
    return Host(
        system=settings.os,
        layout=_layout(f"{table}.layout", settings.layout, settings.os),
        pace=pace_of(settings.pace),
        other=other,
        toggle=_chord(f"{table}.layout_toggle", settings.layout_toggle) if other else NO_KEY,
        by_code=settings.unicode,
        controls=MappingProxyType({control: CONTROLS[control] for control in controls}),
    )


def host_in(
    code: str,
    language: LanguageSettings,
    keyboard: KeyboardSettings,
    *,
    controls: str = "",
    table: str = "keyboard",
) -> Host:
    """Give a host as it reads keys while a language is spoken.

    Args:
        code: The language.
        language: What is different with it.
        keyboard: What the user says about the host.
        controls: Control characters that may be typed, as for `host_of`.
        table: What an error calls the settings of the host.

    Raises:
        SettingsError: There is no such layout, or there is no way to switch to the second one.
    """
    own = f"languages.{code}"
    if not language.layout:
        if language.other_layout:
            raise SettingsError(
                f"{own}.other_layout is {language.other_layout!r}, but {own}.layout is empty: name both, "
                "or neither"
            )
        return host_of(keyboard, controls=controls, table=table)
    if language.other_layout and not keyboard.layout_toggle:
        raise SettingsError(
            f"{own}.other_layout is {language.other_layout!r}, but {table}.layout_toggle is empty: name "
            "the keys that switch between the two, or no second layout"
        )
    described = replace(
        keyboard,
        layout=language.layout,
        other_layout=language.other_layout,
        layout_toggle=keyboard.layout_toggle if language.other_layout else "",
    )
    return host_of(described, controls=controls, table=own)


def _layout(key: str, name: str, system: str) -> Layout:
    try:
        return layout_named(system, name)
    except SettingsError as error:
        raise SettingsError(f"{key} is {name!r}, but {error}") from None


_NAMED_KEYS = {"space": "2c", "capslock": "39"}


def _chord(key: str, written: str) -> Keystroke:
    *modifiers, last = written.split("+")
    try:
        return keystroke("+".join((*modifiers, _NAMED_KEYS.get(last, last))))
    except ValueError as error:
        raise SettingsError(
            f"{key} is {written!r}, but that is no chord ({error}): "
            'write it like "alt+shift" or "super+space"'
        ) from error
