"""The wiring as a drawing (SVG 1.1): the header in the middle, parts at its sides, a rail of ground at each.

Lengths are pixels; every part stands in the row of its pin, so that no wire crosses another.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from device.boards.header import GROUND, is_left
from device.boards.wiring import PULL_UP_OHM, RESISTOR_OHM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.boards.wiring import Wire, Wiring

_ROW, _TOP, _BELOW = 34, 76, 70
"""The height of a row of the header, and the room above the first and below the last."""

_MIDDLE = 400
"""Half of the width."""

_PIN, _NAME, _RESISTOR, _SYMBOL, _RAIL = 16, 40, 172, 240, 350
"""Distances from the middle: of a pin, its name, a resistor, what is wired, and the rail of ground."""

_LETTER = 9
"""The width of a bold letter."""

_INK, _BOARD_INK = "#1f2328", "#2f4f3e"

_FILL = {"": "#ffe08a", "red": "#ff8a80", "green": "#8fd694", "blue": "#90b8f8"}

_STYLE = (
    "text{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:13px;fill:#1f2328}"
    ".small{font-size:11px}.title{font-size:18px;font-weight:bold}.used{font-weight:bold}"
    ".wire{stroke:#1f2328;stroke-width:2;fill:none}.supply{stroke:#b42318;stroke-width:2;fill:none}"
)


def in_svg(wiring: Wiring) -> str:
    """Draw the wiring.

    Args:
        wiring: What goes where.
    """
    height = _TOP + len(wiring.board.pins.pins) // 2 * _ROW + _BELOW
    title = escape(f"Wiring of the {wiring.board.name}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _MIDDLE} {height}" role="img">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{2 * _MIDDLE}" height="{height}" fill="#ffffff"/>',
        _text(_MIDDLE, 32, title, "middle", "title"),
        _text(_MIDDLE, 54, "pin 1 has a square pad; never connect 5V to any other pin", "middle", "small"),
        *_header(wiring),
        *(line for wire in wiring.wires for line in _part(wiring, wire)),
        *(line for side in (True, False) for line in _rail(wiring, on_left=side)),
        *_below(wiring, height - _BELOW),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _header(wiring: Wiring) -> Iterator[str]:
    pins = wiring.board.pins.pins
    yield (
        f'<rect x="{_MIDDLE - 32}" y="{_TOP}" width="64" height="{len(pins) // 2 * _ROW}" rx="6" '
        f'fill="{_BOARD_INK}"/>'
    )
    for number, name in enumerate(pins, 1):
        x, y = _at(number, _PIN), _y(number)
        is_used = bool(wiring.wire_at(number) or wiring.ends_at(number))
        fill = "#ffd54a" if is_used else "#d0d7de"
        if number == 1:
            yield f'<rect x="{x - 12}" y="{y - 12}" width="24" height="24" fill="{fill}"/>'
        else:
            yield f'<circle cx="{x}" cy="{y}" r="12" fill="{fill}"/>'
        yield _text(x, y + 4, str(number), "middle", "small used" if is_used else "small")
        anchor = "end" if is_left(number) else "start"
        yield _text(_at(number, _NAME), y + 4, name, anchor, "used" if is_used else "small")


def _part(wiring: Wiring, wire: Wire) -> Iterator[str]:
    """Draw a part in the row of its pin: wire, resistor, symbol, and the wire to its other end."""
    y, number = _y(wire.number), wire.number
    other = wiring.board.pins.pins[wire.other - 1]
    end = _RAIL if _is_at_rail(wiring, wire) else _SYMBOL + 34
    yield _line(number, _end_of(wire.pin), _SYMBOL - 14, y)
    yield _line(number, _SYMBOL + 14, end, y, "wire" if other == GROUND else "supply")
    if end != _RAIL:
        yield _beside(number, end + 5, y + 4, f"pin {wire.other}, {other}")
    if wire.part.kind == "button":
        yield from _button(number, y)
        if wire.pull_up is not None:
            yield from _pull_up(wire, y)
    else:
        yield _resistor(number, y, f"{RESISTOR_OHM} Ω")
        yield (
            f'<circle cx="{_at(number, _SYMBOL)}" cy="{y}" r="11" fill="{_FILL[wire.part.colour]}" '
            f'stroke="{_INK}" stroke-width="2"/>'
        )
        yield _diode(number, y, towards_header=other != GROUND)
    side = "end" if is_left(number) else "start"
    kind = "" if wire.part.kind == "button" else " LED"
    above = 6 if end == _RAIL else 10
    yield _text(_at(number, _SYMBOL + 20), y - above, escape(wire.part.title) + kind, side, "used")


def _button(number: int, y: int) -> Iterator[str]:
    """Draw a push-button: two contacts and a bar above them."""
    for offset in (-14, 14):
        yield f'<circle cx="{_at(number, _SYMBOL + offset)}" cy="{y}" r="3" fill="{_INK}"/>'
    x = _at(number, _SYMBOL)
    yield f'<path class="wire" d="M{x - 14} {y - 7}h28M{x} {y - 7}v-7M{x - 5} {y - 14}h10"/>'


def _diode(number: int, y: int, *, towards_header: bool) -> str:
    """Draw a LED's arrow, which points where the current goes."""
    x = _at(number, _SYMBOL)
    step = 5 if is_left(number) == towards_header else -5
    return (
        f'<path d="M{x - step} {y - 6}v12l{2 * step} -6z" fill="{_INK}"/>'
        f'<path class="wire" d="M{x + step} {y - 6}v12"/>'
    )


def _resistor(number: int, y: int, value: str) -> str:
    x = _at(number, _RESISTOR)
    return (
        f'<rect x="{x - 18}" y="{y - 6}" width="36" height="12" fill="#ffffff" stroke="{_INK}" '
        f'stroke-width="2"/>' + _text(x, y - 10, value, "middle", "small")
    )


def _pull_up(wire: Wire, y: int) -> Iterator[str]:
    """Say which resistor leads to 3.3 V: drawn as a branch with its end named."""
    x = _at(wire.number, _end_of(wire.pin) + 14)
    yield f'<circle cx="{x}" cy="{y}" r="3" fill="{_INK}"/>'
    yield f'<path class="supply" d="M{x} {y}v-8"/>'
    label = f"{PULL_UP_OHM // 1000} kΩ to pin {wire.pull_up}"
    yield _text(x, y - 11, label, "end" if is_left(wire.number) else "start", "small")


def _rail(wiring: Wiring, *, on_left: bool) -> Iterator[str]:
    """Draw the rail of ground of one side, from its first to its last wire, and its wires to the header."""
    grounded = [
        wire for wire in wiring.wires if is_left(wire.number) == on_left and _is_at_rail(wiring, wire)
    ]
    if not grounded:
        return
    grounds = sorted({wire.other for wire in grounded})
    rows = [_y(number) for number in (*grounds, *(wire.number for wire in grounded))]
    x = _at(grounds[0], _RAIL)
    yield f'<path class="wire" d="M{x} {min(rows)}V{max(rows)}"/>'
    for ground in grounds:
        yield _line(ground, _end_of(GROUND), _RAIL, _y(ground))
        yield _text(_at(ground, _SYMBOL), _y(ground) - 6, "ground", "middle", "small")
    for wire in grounded:
        yield f'<circle cx="{x}" cy="{_y(wire.number)}" r="3" fill="{_INK}"/>'


def _below(wiring: Wiring, y: int) -> Iterator[str]:
    notes = ["A LED's long leg is where its arrow begins. An RGB LED is three LEDs with one leg in common."]
    if wiring.elsewhere:
        notes.append(f"Not on this header: {', '.join(wiring.elsewhere)}.")
    for row, note in enumerate(notes):
        yield _text(_MIDDLE, y + 30 + 20 * row, escape(note), "middle", "small")


def _is_at_rail(wiring: Wiring, wire: Wire) -> bool:
    """Say whether a wire's other end is ground, and on its own side of the header."""
    is_ground = wiring.board.pins.pins[wire.other - 1] == GROUND
    return is_ground and is_left(wire.other) == is_left(wire.number)


def _end_of(name: str) -> int:
    """Give the distance from the middle at which a pin's name ends, and a wire begins."""
    return _NAME + _LETTER * len(name) + 8


def _y(number: int) -> int:
    return _TOP + (number - 1) // 2 * _ROW + _ROW // 2


def _at(number: int, distance: int) -> int:
    """Give where something stands at this distance from the middle, on the side of a pin."""
    return _MIDDLE - distance if is_left(number) else _MIDDLE + distance


def _line(number: int, start: int, end: int, y: int, kind: str = "wire") -> str:
    return f'<path class="{kind}" d="M{_at(number, start)} {y}H{_at(number, end)}"/>'


def _beside(number: int, distance: int, y: int, words: str) -> str:
    return _text(_at(number, distance), y, words, "end" if is_left(number) else "start", "small")


def _text(x: int, y: int, words: str, anchor: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{kind}">{words}</text>'
