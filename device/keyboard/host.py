"""What is known of the host: how it reads keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from device.errors import SettingsError
from device.keyboard.layout import keystroke, layout_named
from device.keyboard.pace import pace_of
from device.keyboard.reports import NO_KEY, Keystroke

if TYPE_CHECKING:
    from collections.abc import Mapping

    from device.keyboard.layout import Layout
    from device.keyboard.pace import Pace
    from device.settings import KeyboardSettings

CONTROLS = {"\n": Keystroke(0x28), "\t": Keystroke(0x2B), "\b": Keystroke(0x2A)}
"""Enter, Tab and Backspace. Enter may send a message and Tab leaves a field: each is allowed by itself."""


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
    """

    system: str
    layout: Layout
    pace: Pace
    other: Layout | None = None
    toggle: Keystroke = NO_KEY
    by_code: bool = False
    controls: Mapping[str, Keystroke] = field(default_factory=dict)


def host_of(settings: KeyboardSettings, *, controls: str = "", table: str = "keyboard") -> Host:
    r"""Give the host that the settings describe.

    Args:
        settings: What the user says about it.
        controls: Control characters that may be typed, of "\n" (Enter), "\t" (Tab), "\b" (Backspace).
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
