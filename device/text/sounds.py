"""How words sound, roughly, and how far two of them are apart."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

DEFAULT = "en"
"""The language whose rules count where a language has none of its own."""

_VOWELS = frozenset("aeiou")

_WITHOUT_WEAK = str.maketrans("", "", "aeiouh")

_NEAR, _VOWEL, _WEAK = 0.4, 0.3, 0.4
"""What it costs to take a sound for one that is near, a vowel for another, and to lose a vowel or an h.

Any other difference costs 1.
"""

_FIRST = 1.0
"""What another first consonant costs besides, if it is not near: that is what is heard best."""


def sound(text: str, language: str) -> str:
    """Give how a text sounds in a language, one letter a sound; spaces and punctuation have none."""
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", _spelled_out(text.casefold()))))
    for pattern, replacement in _rules(language):
        letters = pattern.sub(replacement, letters)
    return "".join(each for each, _ in groupby(letters))


def distance(first: str, second: str, most: float = 1.0) -> float:
    """Give how far two sounds are apart: 0 where they are the same, 1 where they have nothing in common.

    Args:
        first: The one, as `sound` gives it.
        second: The other.
        most: What is further apart may be given as 1.
    """
    longest = max(len(first), len(second), 1)
    strange = _FIRST if _begin_strangely(first[:1], second[:1]) else 0.0
    limit = most * longest - strange
    # Most pairs need no more than a look: a consonant that the other lacks costs 1 wherever it stands.
    if abs(_consonants(first) - _consonants(second)) > limit or _WEAK * abs(len(first) - len(second)) > limit:
        return 1.0
    costs = _near()
    row = [0.0]
    for each in second:
        row.append(row[-1] + _lost(each))
    for one in first:
        lost = _lost(one)
        left, before, row = row[0] + lost, row, [row[0] + lost]
        for other, diagonal, above in zip(second, before, before[1:], strict=False):
            left = min(
                diagonal if one == other else diagonal + costs.get(one + other, 1.0),
                above + lost,
                left + _lost(other),
            )
            row.append(left)
        if min(row) > limit:
            return 1.0
    return min(1.0, (row[-1] + strange) / longest)


def _consonants(sounds: str) -> int:
    return len(sounds.translate(_WITHOUT_WEAK))


def _begin_strangely(one: str, other: str) -> bool:
    """Say whether two sounds are consonants that nobody takes for each other."""
    return one != other and min(map(_lost, (one, other))) == 1 and one + other not in _near()


def _lost(each: str) -> float:
    return _WEAK if each in _VOWELS or each == "h" else 1.0


def _spelled_out(text: str) -> str:
    return text.replace("ß", "ss").replace("æ", "ae").replace("œ", "oe").replace("ø", "o").replace("ł", "l")


@cache
def _data() -> dict[str, dict[str, list[list[str]]]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def _rules(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    data = _data()
    table = data[language if language in data and language != "near" else DEFAULT]
    return tuple((re.compile(pattern), replacement) for pattern, replacement in table["rules"])


@cache
def _near() -> dict[str, float]:
    """Give what it costs to take one sound for another, where it is less than 1."""
    costs = {one + other: _VOWEL for one in _VOWELS for other in _VOWELS if one != other}
    for one, other in _data()["near"]["pairs"]:
        costs |= {one + other: _NEAR, other + one: _NEAR}
    return costs
