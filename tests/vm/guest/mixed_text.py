"""Text that has everything a layout can type, the same each time."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.keyboard.layout import Layout

_BETWEEN = (". ", "! ", "? ", "; ", ", ", ": ", " - ", " (", ") ")


def mixed_text(layout: Layout, length: int, seed: int = 1) -> str:
    """Give sentences of a layout's letters, digits and signs, with all its other characters strewn in."""
    rng = random.Random(seed)
    characters = [each for each in layout.keys if each != " " and _stands_alone(each)]
    letters = [each for each in characters if each.isascii() and each.islower()]
    words: list[str] = []
    while sum(map(len, words)) < length:
        word = "".join(rng.choices(letters, k=rng.randint(2, 9)))
        kind = rng.random()
        if kind < 0.25:
            word = word.capitalize()
        elif kind < 0.5:
            at = rng.randrange(len(word))
            word = word[:at] + rng.choice(characters) + word[at:]
        elif kind < 0.6:
            word = str(rng.randrange(10_000))
        words += word, rng.choice(_BETWEEN) if rng.random() < 0.2 else " "
    return "".join(words)[:length].rstrip().ljust(length, ".")


def _stands_alone(character: str) -> bool:
    """Say whether it stays what it is beside others when text is composed."""
    return unicodedata.normalize("NFC", character) == character and not unicodedata.combining(character)
