"""The fields of rules: which numbers each takes, and what is written for them. Pure.

A rule reads a text whose numbers are marked, each by two characters: a control character for its kind, and
one of private use for which it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.text.forms_numbers import Number

CARDINAL = "\x01."
"""The mark of a number."""

ORDINAL = "\x02."
"""The mark of an ordinal number."""


_GROUP = f"{CARDINAL}(?: {CARDINAL})+"


class Field(NamedTuple):
    """A field of a rule.

    Attributes:
        marks: A regular expression for the marks of its numbers.
        write: Gives what is written for what was said, in marks, and its numbers;
            `None` where the field does not take them.
    """

    marks: str
    write: Callable[[str, Sequence[Number]], str | None]


def _whole(low: int, high: int, width: int = 1) -> Callable[[str, Sequence[Number]], str | None]:
    """Take a whole number from `low` to `high`, written in `width` digits at least."""

    def write(_: str, numbers: Sequence[Number]) -> str | None:
        number = numbers[0]
        is_taken = number.is_whole and low <= number.value <= high
        return f"{number.value:0{width}}" if is_taken else None

    return write


def _hour_before(_: str, numbers: Sequence[Number]) -> str | None:
    """Take an hour, and give the one before it, as for "a quarter to four"."""
    if not (numbers[0].is_whole and 1 <= numbers[0].value <= 24):
        return None
    return str(numbers[0].value - 1 or 12)


def _minute(_: str, numbers: Sequence[Number]) -> str | None:
    """Take minutes as they are said right behind the hour: "thirty", "oh five"."""
    *zero, minute = numbers
    if not minute.is_whole or not minute.is_spoken or any(number.value for number in zero):
        return None
    return f"{minute.value:02}" if (minute.value <= 9 if zero else 10 <= minute.value <= 59) else None


def _minutes_before(_: str, numbers: Sequence[Number]) -> str | None:
    """Take minutes before the hour, and give those past the one before it, as for "twenty to four"."""
    is_taken = numbers[0].is_whole and 1 <= numbers[0].value <= 29
    return str(60 - numbers[0].value) if is_taken else None


def _year(_: str, numbers: Sequence[Number]) -> str | None:
    """Take a year: "two thousand six", "nineteen ninety nine", "nineteen oh eight"."""
    first, *others = numbers
    if not all(number.is_whole for number in numbers):
        return None
    if not others:
        return str(first.value) if 1000 <= first.value < 2100 else None
    if not 13 <= first.value <= 20 or not all(number.is_spoken for number in numbers):
        return None
    *zero, last = others
    # "Fifteen twenty" is some number between.
    if any(number.value for number in zero) or (
        not zero and last.value == first.value + 5 and first.value < 20
    ):
        return None
    is_taken = 1 <= last.value <= 9 if zero else 10 <= last.value <= 99
    return f"{first.value}{last.value:02}" if is_taken else None


def _modern_year(said: str, numbers: Sequence[Number]) -> str | None:
    """Take a year that is no time of the day, which are said alike: "from fourteen thirty"."""
    return None if numbers[0].value < 17 else _year(said, numbers)


def _row(said: str, numbers: Sequence[Number]) -> str | None:
    """Take digits that were said one by one; a pause parts them into groups."""
    if not all(number.is_spoken and number.is_whole and number.value < 10 for number in numbers):
        return None
    digits = iter(numbers)
    return " ".join("".join(str(next(digits).value) for _ in group.split(" ")) for group in said.split(", "))


def _long_row(said: str, numbers: Sequence[Number]) -> str | None:
    """Take a row of digits that nothing announces, and which is not counting."""
    values = [number.value for number in numbers]
    return None if values == list(range(values[0], values[0] + len(values))) else _row(said, numbers)


def _pairs(_: str, numbers: Sequence[Number]) -> str | None:
    """Take a telephone number of ten digits that was said in pairs, the first pair digit by digit."""
    if not all(number.is_spoken and number.is_whole and number.value < 100 for number in numbers):
        return None
    digits = "".join(str(number.value) for number in numbers)
    is_taken = len(digits) == 10 and digits.startswith("0")
    return " ".join(digits[at : at + 2] for at in range(0, 10, 2)) if is_taken else None


def _behind_point(_: str, numbers: Sequence[Number]) -> str | None:
    """Take what is behind a point that is no decimal mark: "twelve", "one four"."""
    if not all(number.is_whole and number.value < (1000 if len(numbers) == 1 else 10) for number in numbers):
        return None
    return "".join(str(number.value) for number in numbers)


def _as_said(_: str, numbers: Sequence[Number]) -> str:
    """Leave a number in words, where the rules know only half of what it belongs to."""
    return numbers[0].words


def _figure(_: str, numbers: Sequence[Number]) -> str | None:
    return numbers[0].figure


def _plain(_: str, numbers: Sequence[Number]) -> str | None:
    """Take what is the name of something and no amount: it has no groups."""
    return str(numbers[0].value) if numbers[0].is_whole and not numbers[0].is_large else numbers[0].figure


_FIELDS = {
    "number": Field(CARDINAL, _figure),
    "plain": Field(CARDINAL, _plain),
    "count": Field(CARDINAL, lambda _, numbers: None if numbers[0].is_large else numbers[0].figure),
    "over_twelve": Field(CARDINAL, lambda _, numbers: numbers[0].figure if numbers[0].value > 12 else None),
    "day": Field(CARDINAL, _whole(1, 31)),
    "nth_day": Field(ORDINAL, _whole(1, 31)),
    "nth": Field(ORDINAL, lambda _, numbers: numbers[0].figure if numbers[0].value <= 31 else None),
    "nth_month": Field(ORDINAL, _whole(1, 12)),
    "year": Field(f"{CARDINAL}(?: {CARDINAL}){{0,2}}", _year),
    "modern_year": Field(f"{CARDINAL}(?: {CARDINAL}){{0,2}}", _modern_year),
    "century": Field(CARDINAL, _whole(11, 20)),
    "hour": Field(CARDINAL, _whole(0, 24)),
    "hour_of_12": Field(CARDINAL, _whole(1, 12)),
    "afternoon_hour": Field(CARDINAL, _whole(13, 23)),
    "hour_before": Field(CARDINAL, _hour_before),
    "minute": Field(f"{CARDINAL}(?: {CARDINAL})?", _minute),
    "minutes": Field(CARDINAL, _whole(1, 59, 2)),
    "minutes_before": Field(CARDINAL, _minutes_before),
    "cents": Field(CARDINAL, _whole(1, 99, 2)),
    "whole": Field(CARDINAL, _whole(0, 9999)),
    "behind_point": Field(f"{CARDINAL}(?: {CARDINAL})*", _behind_point),
    "as_said": Field(CARDINAL, _as_said),
    "as_said_too": Field(CARDINAL, _as_said),
    "hour_as_said": Field(CARDINAL, lambda _, numbers: numbers[0].words if numbers[0].value <= 12 else None),
    "nth_as_said": Field(ORDINAL, _as_said),
    "nth_as_said_too": Field(ORDINAL, _as_said),
    "postcode": Field(CARDINAL, _whole(10000, 99999)),
    "digits": Field(f"{_GROUP}(?: {CARDINAL}|, {_GROUP})+", _row),
    "many_digits": Field(f"{_GROUP}(?:, {_GROUP})*(?: {CARDINAL}){{3}}(?:, {_GROUP})*", _long_row),
    "pairs": Field(f"{CARDINAL} {CARDINAL}(?:,? {CARDINAL}){{4,8}}(?!,? {CARDINAL})", _pairs),
}
FIELDS: dict[str, Field] = _FIELDS
"""All fields, by their names in the rules."""
