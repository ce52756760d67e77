"""What is wired to which pin of a board: buttons to ground, LEDs through a resistor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from device.boards.header import GROUND, SUPPLY
from device.settings import BOARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.boards.board import Board
    from device.settings import GpioSettings

RESISTOR_OHM = 330
"""Of each LED: at 3.3 V, 5 mA through a red one and less through others, which any of the boards can give."""

PULL_UP_OHM = 10_000
"""Of a button whose pin the board itself cannot hold high."""


@dataclass(frozen=True, slots=True)
class Part:
    """What can be wired.

    Attributes:
        title: For people.
        kind: A button or a LED.
        colour: Which one of an RGB LED it is; empty for a LED by itself.
    """

    title: str
    kind: Literal["button", "LED"]
    colour: Literal["", "red", "green", "blue"] = ""


PARTS = {
    "button": Part("talk", "button"),
    "undo": Part("undo", "button"),
    "next_host": Part("next host", "button"),
    "next_language": Part("language", "button"),
    "next_model": Part("model", "button"),
    "mute": Part("mute", "button"),
    "hands_free": Part("hands-free", "button"),
    "led": Part("lamp", "LED"),
    "led_red": Part("red", "LED", "red"),
    "led_green": Part("green", "LED", "green"),
    "led_blue": Part("blue", "LED", "blue"),
}
"""By the setting of [gpio] that names its pin."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A part and its two pins.

    Attributes:
        part: What is wired.
        pin: The name of its pin, as in the settings.
        number: Where that pin lies on the header.
        other: The pin at its other end: ground, or 3.3 V of a LED that is lit by a low level.
        pull_up: The pin of 3.3 V to which a resistor leads from the button's pin; none where it needs none.
    """

    part: Part
    pin: str
    number: int
    other: int
    pull_up: int | None = None


@dataclass(frozen=True, slots=True)
class Wiring:
    """All that is wired to a board.

    Attributes:
        board: The board.
        wires: In the order of their pins.
        elsewhere: The names of pins in use that are not on its header.
    """

    board: Board
    wires: tuple[Wire, ...]
    elsewhere: tuple[str, ...] = ()

    def wire_at(self, number: int) -> Wire | None:
        """Give what is wired to a pin as its own."""
        return next((wire for wire in self.wires if wire.number == number), None)

    def ends_at(self, number: int) -> list[Wire]:
        """Give the wires whose other end is at a pin of power."""
        return [wire for wire in self.wires if number in (wire.other, wire.pull_up)]


def wiring_of(board: Board, gpio: GpioSettings) -> Wiring:
    """Give what is wired to a board.

    Args:
        board: The board.
        gpio: The pins that the settings name; where they name none, those that the board's file proposes.
    """
    used = pins_of(gpio) or pins_of(board.gpio)
    wires = list(_wires(board, used, active_high=gpio.active_high))
    placed = {wire.pin for wire in wires}
    elsewhere = tuple(pin for pin in used.values() if pin not in placed)
    return Wiring(board, tuple(sorted(wires, key=lambda wire: wire.number)), elsewhere)


def pins_of(gpio: GpioSettings) -> dict[str, str]:
    """Give the pins that are named, by their settings."""
    return {key: pin for key in PARTS if (pin := getattr(gpio, key)) not in ("", BOARD)}


def _wires(board: Board, used: dict[str, str], *, active_high: bool) -> Iterator[Wire]:
    header = board.pins
    common = None
    for key, pin in used.items():
        part, number = PARTS[key], header.number_of(pin)
        if number is None:
            continue
        if part.kind == "button":
            pull_up = header.nearest(SUPPLY, number) if board.pull_up == "external" else None
            yield Wire(part, pin, number, header.nearest(GROUND, number), pull_up)
            continue
        other = header.nearest(GROUND if active_high else SUPPLY, number)
        if part.colour:
            other = common = common or other  # they are one LED, with one leg for all
        yield Wire(part, pin, number, other)
