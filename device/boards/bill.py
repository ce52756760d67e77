"""The bill of materials: what is bought for a board and what is wired to it, and for how much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from device.boards.board import Board
    from device.boards.wiring import Wiring

_FILE = Path(__file__).parent / "parts/parts.toml"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is bought besides the board.

    Attributes:
        name: For people.
        usd: What one costs, in US dollars.
    """

    name: str
    usd: float


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that can be bought.

    Attributes:
        estimated: When the prices were estimated, for people.
        parts: By their short names.
    """

    estimated: str
    parts: dict[str, Part]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill.

    Attributes:
        count: How many are bought.
        name: For people.
        usd: What they cost together, in US dollars.
        basis: How the price is known, and of when it is.
    """

    count: int
    name: str
    usd: float
    basis: str


@cache
def parts() -> Parts:
    """Read what can be bought."""
    return msgspec.toml.decode(_FILE.read_bytes(), type=Parts)


def bill_of(wiring: Wiring) -> list[Item]:
    """Give what is bought for a board and what is wired to it, the board first.

    Args:
        wiring: The board, with buttons and LEDs.
    """
    board, known = wiring.board, parts()
    counts = Counter(["card", "cable", _microphone(board), *board.price.besides])
    for wire in wiring.wires:
        if wire.part.kind == "button":
            counts["button"] += 1
            counts["pull_up"] += wire.pull_up is not None
        else:
            counts["led_resistor"] += 1
            counts["led"] += not wire.part.colour
    if any(wire.part.colour for wire in wiring.wires):
        counts["rgb_led"] = 1
    if wiring.wires:
        counts["wires"] = 1
    estimate = f"estimate, {known.estimated}"
    return [
        Item(1, board.price.of, board.price.usd, board.price.basis),
        *(
            Item(counts[name], part.name, counts[name] * part.usd, estimate)
            for name, part in known.parts.items()
            if counts[name]
        ),
    ]


def bill_in_text(items: list[Item]) -> str:
    """Write a bill for a terminal: a line for each, and what all cost together.

    Args:
        items: Its lines.
    """
    width = max(len(item.name) for item in items)
    lines = [f"{each.count:>3}  {each.name:<{width}}  {each.usd:>6.2f}  {each.basis}" for each in items]
    total = sum(item.usd for item in items)
    return "\n".join([*lines, f"     {'all together, about':<{width}}  {round(total):>3}"])


def _microphone(board: Board) -> str:
    """Name the microphone: one at USB where there is a socket for it, since any will do."""
    return "usb_microphone" if board.audio.usb else "hat"
