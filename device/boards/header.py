"""The pin header of a board: which pin lies where."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

FOLDER = Path(__file__).with_name("headers")

GROUND, SUPPLY = "GND", "3V3"
"""What header files call ground and 3.3 V."""

_POWER = frozenset({GROUND, SUPPLY, "5V"})


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two columns of pins.

    Attributes:
        pins: The name of each, pin 1 first: odd numbers are the left column, even ones the right.
    """

    pins: tuple[str, ...]

    def number_of(self, name: str) -> int | None:
        """Give the number of the pin with this name; none if it is not on the header."""
        return self.pins.index(name) + 1 if name in self.pins and name not in _POWER else None

    def nearest(self, kind: str, number: int) -> int:
        """Give the number of the pin of power that is nearest to another one, in its column if there is one.

        Args:
            kind: `GROUND` or `SUPPLY`.
            number: The other pin's.
        """
        numbers = [each for each, name in enumerate(self.pins, 1) if name == kind]
        return min(numbers, key=lambda each: (is_left(each) != is_left(number), abs(each - number), each))


def is_left(number: int) -> bool:
    """Say whether a pin lies in the left column, seen with pin 1 at the top left."""
    return number % 2 == 1


@cache
def header_named(name: str) -> Header:
    """Read a header's file."""
    return msgspec.toml.decode((FOLDER / f"{name}.toml").read_bytes(), type=Header)
