"""The wiring as text for a terminal: the header as it lies, and what goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.boards.header import GROUND, is_left
from device.boards.wiring import PULL_UP_OHM, RESISTOR_OHM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.boards.wiring import Wire, Wiring

_REACH = 26
"""Columns on each side of the header for what is wired there."""


def in_text(wiring: Wiring) -> str:
    """Draw the wiring.

    Args:
        wiring: What goes where.
    """
    return "\n".join(
        [f"{wiring.board.name}, pin 1 at the top left", "", *_header(wiring), "", *_list(wiring), ""]
    )


def _header(wiring: Wiring) -> Iterator[str]:
    """Draw the header, pin 1 at the top left, each row as it lies."""
    pins = wiring.board.pins.pins
    width = max(map(len, pins))
    for number in range(1, len(pins), 2):
        left, right = _beside(wiring, number), _beside(wiring, number + 1)
        row = f"{pins[number - 1]:>{width}} {number:>2} {_mark(wiring, number)}{_mark(wiring, number + 1)} "
        row += f"{number + 1:<2} {pins[number]:<{width}}"
        yield f"{left:>{_REACH}} {row} {right}".rstrip()


def _mark(wiring: Wiring, number: int) -> str:
    return "●" if wiring.wire_at(number) or wiring.ends_at(number) else "·"


def _beside(wiring: Wiring, number: int) -> str:
    """Say what is wired to a pin, with a line towards it."""
    if wire := wiring.wire_at(number):
        what = f"{wire.part.title} ({wire.part.kind})"
    elif ends := wiring.ends_at(number):
        what = ", ".join(wire.part.title for wire in ends)
    else:
        return ""
    if not is_left(number):
        return f"── {what}"
    return f"{what} ──"


def _list(wiring: Wiring) -> Iterator[str]:
    """Say of each part how it is connected."""
    titles = [f"{wire.part.title} ({wire.part.kind})" for wire in wiring.wires]
    width = max(map(len, titles), default=0)
    for title, wire in zip(titles, wiring.wires, strict=True):
        yield f"{title:<{width}}  {_way(wiring, wire)}"
    for pin in wiring.elsewhere:
        yield f"{pin} is not on this board's header."


def _way(wiring: Wiring, wire: Wire) -> str:
    here = f"pin {wire.number} ({wire.pin})"
    other = f"pin {wire.other} ({wiring.board.pins.pins[wire.other - 1]})"
    if wire.part.kind == "LED":
        return f"{here}, {RESISTOR_OHM} Ω, {_legs(wiring, wire)}, {other}"
    if wire.pull_up is None:
        return f"between {here} and {other}"
    pull_up = f"{PULL_UP_OHM // 1000} kΩ from pin {wire.number} to pin {wire.pull_up} (3V3)"
    return f"between {here} and {other}; {pull_up}"


def _legs(wiring: Wiring, wire: Wire) -> str:
    if wire.part.colour:
        return f"leg for {wire.part.colour}, common leg"
    is_lit_by_high = wiring.board.pins.pins[wire.other - 1] == GROUND
    return "long leg, short leg" if is_lit_by_high else "short leg, long leg"
