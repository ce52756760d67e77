"""Reads a keyboard of Unicode CLDR: which key gives which characters under which modifiers.

The format is that of LDML part 7, "Keyboards", up to version 44 (UTS #35); a later version has another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from device.errors import SaykeyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Held = frozenset[str]
"""Modifiers that are held or on, by CLDR's names and with their side, such as "shiftL", "altR", "caps"."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a key gives.

    Attributes:
        text: The characters.
        combines: Whether they take part in transforms. One that begins a transform is a dead key then.
    """

    text: str
    combines: bool


@dataclass(frozen=True, slots=True)
class CldrKeyboard:
    """One keyboard of CLDR.

    Attributes:
        maps: For each set of modifier combinations, as CLDR writes it: the output of each key by its ISO
            position (ISO/IEC 9995-1), such as "C01".
        transforms: What the outputs of several keys in turn become.
    """

    maps: tuple[tuple[str, Mapping[str, Output]], ...]
    transforms: Mapping[str, str]

    def outputs(self, held: Held) -> Mapping[str, Output]:
        """Give what the keys give while modifiers are held, by their ISO positions."""
        for combinations, outputs in self.maps:
            if any(_fits(combination, held) for combination in combinations.split(" ")):
                return outputs
        return {}

    def waiting(self) -> set[str]:
        """Give the texts after which more is awaited: a key that combines and gives one of them is dead."""
        return {text[:end] for text in self.transforms for end in range(1, len(text))}


def read_keyboard(path: Path) -> CldrKeyboard:
    """Read a keyboard of CLDR.

    Raises:
        SaykeyError: The file is missing, or is no keyboard of CLDR 44 or earlier.
    """
    try:
        root = ET.fromstring(path.read_bytes())  # noqa: S314  the Unicode Consortium's file, put there by who runs this
    except (OSError, ET.ParseError) as error:
        raise SaykeyError(
            f"{path} cannot be read ({error}): put the folder `keyboards` of Unicode CLDR 43 there."
        ) from error
    maps = tuple(
        (each.get("modifiers", ""), MappingProxyType(dict(_outputs(each)))) for each in root.iter("keyMap")
    )
    transforms = {_unescaped(each, "from"): _unescaped(each, "to") for each in root.iter("transform")}
    return CldrKeyboard(maps, MappingProxyType(transforms))


def _outputs(key_map: ET.Element) -> Iterator[tuple[str, Output]]:
    for each in key_map.iter("map"):
        yield each.get("iso", ""), Output(_unescaped(each, "to"), each.get("transform") != "no")


def _unescaped(element: ET.Element, attribute: str) -> str:
    r"""Resolve `\u{A0}`, which stands for one code point."""
    return re.sub(r"\\u\{([0-9A-Fa-f]+)\}", lambda code: chr(int(code[1], 16)), element.get(attribute, ""))


def _fits(combination: str, held: Held) -> bool:
    """Tell whether just this combination is held, such as "optL+caps?"; without a side, either will do."""
    allowed: set[str] = set()
    for modifier in filter(None, combination.split("+")):
        name = modifier.removesuffix("?")
        sides = {name, f"{name}L", f"{name}R"}
        if not modifier.endswith("?") and not held & sides:
            return False
        allowed |= sides
    return held <= allowed
