"""Numbers that stand in a row, as "two or three": they are written alike, all in digits or none. Pure.

Each number is here its mark in a marked text.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from device.text.forms_fields import CARDINAL, ORDINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from device.text.forms_numbers import Number

_MARK = re.compile(f"{CARDINAL}|{ORDINAL}")


class Row(NamedTuple):
    """Numbers in a row.

    Attributes:
        marks: Two or more.
        is_loose: They are two with a comma between, where one statement may end and another begin.
        is_sum: They may be one number with a pause within: "two thousand, five hundred".
    """

    marks: tuple[str, ...]
    is_loose: bool
    is_sum: bool


class RowFinder:
    """Finds the rows in marked texts of one language."""

    def __init__(self, together: str, span: str) -> None:
        """Get ready, with the patterns that the language has for them."""
        self._row = re.compile(
            "|".join(rf"{m}(?:(?:{together}){m})+" for m in (CARDINAL, ORDINAL)), re.IGNORECASE
        )
        self._span = re.compile(span, re.IGNORECASE)
        # Neither "the third or 5 May" nor "two or 3:30" is written; "the third to the 5th" is completed.
        self._before = re.compile(
            rf"(?:{CARDINAL}(?:{together}))+(?=\d)(?!\d+(?::| ?h ?)\d)"
            rf"|(?:{ORDINAL}(?:{together}))+(?=\d+(?:\.|st|nd|rd|th))",
            re.IGNORECASE,
        )
        self._behind = re.compile(rf"(?<=\d)(?:(?:{together}){CARDINAL})+", re.IGNORECASE)

    def rows(self, text: str, number: Callable[[str], Number]) -> Iterator[Row]:
        """Give the rows of a marked text.

        Args:
            text: With a mark in the place of each number.
            number: Gives the number of a mark.
        """
        for row in self._row.finditer(text):
            marks = tuple(_MARK.findall(row[0]))
            numbers = [number(mark) for mark in marks]
            is_pair, has_comma = len(marks) == 2, "," in row[0]
            # "This one and twenty others": a pronoun.
            is_pronoun = any(each.value == 1 and not each.is_ordinal for each in numbers)
            if not (is_pair and is_pronoun) or self._span.match(text, row.start() + len(marks[0])):
                is_sum = has_comma and any(_is_sum(*pair) for pair in pairwise(numbers))
                yield Row(marks, is_pair and has_comma, is_sum)

    def beside(self, text: str) -> tuple[set[str], set[str]]:
        """Give the numbers in a row with digits that a rule has written: those before, and those behind."""
        return _marks(self._before, text), _marks(self._behind, text)


def _is_sum(first: Number, last: Number) -> bool:
    is_spoken = first.is_spoken and last.is_spoken
    return is_spoken and first.value >= 1000 and first.value % 1000 == 0 and 100 <= last.value < 1000


def _marks(pattern: re.Pattern[str], text: str) -> set[str]:
    return {mark for row in pattern.findall(text) for mark in _MARK.findall(row)}
