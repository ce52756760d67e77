"""The numbers in a text, said in words or written in digits. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from device.text.forms_words import alternatives, form_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.text.forms_words import FormWords

_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
# Digits that are a number by themselves: prices, times, ranges and names are written already.
_DIGITS = re.compile(r"(?<![\w$€£¥#@:/.,'+-])\d+(?:[.,\u00a0\u202f]\d+)*(?![\w%:/@'°€$+-]|[.,]\d)")
_GROUPED = re.compile(r"\d{1,3}(?:[.,\u00a0\u202f]\d{3})+")
_GAP = 3
"""Each number begins with a shorter one, but for so few words at most, as "a" and "and"."""

_NEAR = 40
"""No phrase before a number that tells something about it has more characters."""

_STARTS_SENTENCE = re.compile(r"(?:^|[.!?…:]\W*|[\"“„«¿¡(])\s*\Z")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        words: The text there.
        value: What it comes to, without decimals.
        figure: What it is in digits; empty where it is always written in words.
        is_spoken: It is said in words.
        is_ordinal: It is one such as "third".
        is_bare: It is one such as "a hundred", which people write in words unless something is counted by it.
        is_large: It is one such as "two million", of which people write the last word.
        is_whole: It has no decimals.
    """

    start: int
    end: int
    words: str = field(repr=False)  # no log and no traceback shall show what was said
    value: int = field(repr=False)
    figure: str = field(repr=False)
    is_spoken: bool = True
    is_ordinal: bool = False
    is_bare: bool = False
    is_large: bool = False
    is_whole: bool = True


class NumberFinder:
    """Finds the numbers in texts of one language."""

    def __init__(self, words: FormWords, language: str) -> None:
        """Get ready; text2num is not imported before there is a number in words."""
        self._language = language
        self._figures = words.figures
        numbers = words.numbers
        said = rf"(?:{alternatives(numbers.word)}|{numbers.zero}|{numbers.digit}|{numbers.multiplier})"
        article = rf"(?:{numbers.article} )?" if numbers.article else ""
        one = rf"{article}\b{said}\b"
        self._run = re.compile(
            rf"(?<![\w{_APOSTROPHES}.@-]){one}(?:[ -](?:(?:{numbers.link})[ -])?{one})*"
            rf"(?![{_APOSTROPHES}]?\w|-\d|[.@]\w)",
            re.IGNORECASE,
        )
        self._point, self._space = re.compile(rf" (?:{numbers.point}) ", re.IGNORECASE), re.compile(" ")
        self._ends_in_point = re.compile(rf" (?:{numbers.point}) \Z", re.IGNORECASE)
        self._multiplied = re.compile(rf"[ -]?(?:{numbers.multiplier})\Z")
        self._together = re.compile(numbers.together, re.IGNORECASE)
        self._hanging = re.compile(rf"\w-(?:{numbers.together})\Z", re.IGNORECASE)
        self._zero = _whole(numbers.zero)
        self._digit = _whole(numbers.digit)
        self._counted = re.compile(rf" (?:{numbers.counted})\b", re.IGNORECASE)
        self._multiplier = _whole(numbers.multiplier)
        self._large = _whole(numbers.large)
        self._article = _whole(numbers.article) if numbers.article else None
        self._no_link = re.compile(numbers.no_link)
        self._vague = re.compile(rf"\b(?:{alternatives(numbers.vague)}) \Z", re.IGNORECASE)
        self._never = re.compile(rf"\b(?:{alternatives(numbers.never)})\b", re.IGNORECASE)
        self._aliases = [(re.compile(rf"\b(?:{said})\b"), known) for said, known in numbers.aliases]
        self._ordinals = [(re.compile(rf"(?:{said})\Z"), cardinal) for said, cardinal in numbers.ordinal]
        self._endings = [(re.compile(rf"(?:{digits})\Z"), ending) for digits, ending in words.figures.ordinal]

    def find(self, text: str) -> list[Number]:
        """Give the numbers of a text in their order."""
        found = [number for run in self._run.finditer(text) for number in self._in_run(text, run)]
        found += [_in_digits(digits) for digits in _DIGITS.finditer(text)]
        if found and (never := [match.span() for match in self._never.finditer(text)]):
            found = [n for n in found if not any(start < n.end and n.start < end for start, end in never)]
        found = [number for number in found if not self._hangs(text, number)]
        found.sort(key=lambda number: number.start)
        elliptic = [pair for pair in pairwise(found) if self._is_elliptic(text, *pair)]
        found = [number for number in found if not any(number in pair for pair in elliptic)]
        return list(self._with_decimals(text, found))

    def _hangs(self, text: str, number: Number) -> bool:
        """Say whether a part of a word follows, or went before: "zehn- bis zwanzigtausend"."""
        before = self._hanging.search(text, max(0, number.start - _NEAR), number.start)
        return bool(before) or text.startswith("- ", number.end)

    def _is_elliptic(self, text: str, first: Number, last: Number) -> bool:
        """Say whether two numbers share a multiplier, as in "six or seven hundred": those stay in words."""
        count = self._multiplied.sub("", last.words.lower())
        value = self._value([count]) if count != last.words.lower() and not last.is_large else None
        if value is None and last.is_spoken and last.value in range(200, 1000, 100):
            value = last.value // 100  # "quinientas" is one word
        return (
            value is not None
            and first.value < value
            and bool(self._together.fullmatch(text, first.end, last.start))
        )

    def _with_decimals(self, text: str, numbers: list[Number]) -> Iterator[Number]:
        """Make one number of those with a decimal mark between them: "three point one four"."""
        at = 0
        while at < len(numbers):
            first, last = numbers[at], at + 1
            if (end := self._version_end(text, numbers, at)) - at > 2:
                if self._figures.decimal == ".":
                    figure = ".".join(part.figure for part in numbers[at:end])
                    stop = numbers[end - 1].end
                    yield replace(
                        first, end=stop, words=text[first.start : stop], figure=figure, is_whole=False
                    )
                at = end
                continue
            digits = ""
            while last < len(numbers) and _is_digits(first, numbers[last]):
                between = self._space if digits else self._point
                if (
                    digits and numbers[last].value > 9 and not numbers[last].is_large
                ) or not between.fullmatch(text, numbers[last - 1].end, numbers[last].start):
                    break
                digits += numbers[last].figure
                last += 1
                if not digits.isdecimal():
                    break  # "million" is its end
            if digits:
                end = numbers[last - 1].end
                figure = first.figure + self._figures.decimal + digits
                first = replace(first, end=end, words=text[first.start : end], figure=figure, is_whole=False)
            yield first
            at = last

    def _version_end(self, text: str, numbers: Sequence[Number], at: int) -> int:
        """Give the index behind numbers with a decimal mark between each: three or more are a version."""
        last = at + 1
        while (
            last < len(numbers)
            and _is_digits(numbers[at], numbers[last])
            and self._point.fullmatch(text, numbers[last - 1].end, numbers[last].start)
        ):
            last += 1
        return last

    def _in_run(self, text: str, run: re.Match[str]) -> Iterator[Number]:
        """Part a run of number words into numbers, each as long as can be."""
        if _is_name(text, run):
            return
        parts = list(re.finditer(r"[^ -]+", run[0]))
        at = 0
        while at < len(parts):
            found: dict[int, Number] = {}
            last = tried = at
            while tried < min(len(parts), last + _GAP):
                tried += 1
                start, end = run.start() + parts[at].start(), run.start() + parts[tried - 1].end()
                if number := self._number(text, start, end, is_single=len(parts) == 1):
                    found[tried], last = number, tried
            # What is multiplied belongs to its multiplier, as in "one hundred and | two hundred".
            whole = [last for last in found if last == len(parts) or not self._multiplies(parts[last])]
            at = max(whole or found, default=at + 1)
            if at in found:
                yield found[at]

    def _multiplies(self, part: re.Match[str]) -> bool:
        return bool(self._multiplier.fullmatch(part[0].lower()))

    def _number(self, text: str, start: int, end: int, *, is_single: bool) -> Number | None:
        words = text[start:end]
        known = words.lower().replace("-", " ")
        for alias, other in self._aliases:
            known = alias.sub(other, known)
        said = known.split(" ")
        has_article = bool(self._article and len(said) > 1 and self._article.fullmatch(said[0]))
        said = said[has_article:]
        if (len(said) > 1 and any(map(self._zero.fullmatch, said))) or self._no_link.search(" ".join(said)):
            return None
        if is_single and self._digit.fullmatch(words.lower()) and not self._is_counting(text, start, end):
            return None
        return self._shaped(Number(start, end, words, 0, ""), text, said, has_article=has_article)

    def _is_counting(self, text: str, start: int, end: int) -> bool:
        """Say whether what stands around a word shows that it is a number, and no article."""
        return bool(
            self._counted.match(text, end) or self._ends_in_point.search(text, max(0, start - _NEAR), start)
        )

    def _is_vague(self, text: str, start: int) -> bool:
        """Say whether what stands before a multiplier makes an inexact number of it."""
        return bool(self._vague.search(text, max(0, start - _NEAR), start))

    def _shaped(self, number: Number, text: str, said: Sequence[str], *, has_article: bool) -> Number | None:
        """Say what kind of number it is, if it is one."""
        is_multiple = bool(self._multiplier.fullmatch(said[0]))
        if is_multiple and (self._large.fullmatch(said[0]) or self._is_vague(text, number.start)):
            return None
        if has_article and not is_multiple:
            return None
        value = self._value(said)
        if value is None:
            value = self._value(self._cardinal(said))
            figure = "" if value is None else self._ordinal(value)
            return None if value is None else replace(number, value=value, figure=figure, is_ordinal=True)
        number = replace(number, value=value, figure=self.figure(value))
        is_large = bool(self._large.fullmatch(said[-1]))
        if len(said) == 1 and is_multiple:
            return None if self._article and not has_article else replace(number, is_bare=True)
        count = self._value(said[:-1]) if is_large else None
        if count is None:
            return number
        *_, large = re.split("[ -]", number.words)
        between = "-" if text.startswith("-", number.end) else " "
        figure = f"{self.figure(count)}{between}{large}"
        return replace(number, figure=figure, is_bare=count == 1, is_large=True)

    def figure(self, value: int) -> str:
        """Write a number in digits."""
        return (
            str(value) if value < self._figures.group_from else f"{value:,}".replace(",", self._figures.group)
        )

    def _ordinal(self, value: int) -> str:
        digits = str(value)
        return next((digits + ending for end, ending in self._endings if end.search(digits)), "")

    def _cardinal(self, said: Sequence[str]) -> list[str]:
        """Make an ordinal number a cardinal one; nothing where it is none."""
        for ending, cardinal in self._ordinals:
            last, count = ending.subn(cardinal, said[-1], count=1)
            if count:
                return [*said[:-1], last]
        return []

    def _value(self, said: Sequence[str]) -> int | None:
        words = " ".join(said)
        return 0 if words and self._zero.fullmatch(words) else _value(words, self._language)


@cache
def number_finder(language: str) -> NumberFinder | None:
    """Give what finds the numbers of a language, by its code, or `None`."""
    words = form_words(language)
    return NumberFinder(words, language) if words else None


def _value(words: str, language: str) -> int | None:
    # Half of its time and memory are Rust's tables: only who says a number pays for them.
    from text_to_num import text2num

    try:
        return int(text2num(words, language))
    except ValueError:
        return None


def _in_digits(match: re.Match[str]) -> Number:
    digits = match[0]
    is_whole = digits.isdecimal() or bool(_GROUPED.fullmatch(digits))
    value = int(re.sub(r"\D", "", digits) if is_whole else re.split(r"\D", digits)[0])
    return Number(match.start(), match.end(), digits, value, digits, is_spoken=False, is_whole=is_whole)


def _is_digits(first: Number, number: Number) -> bool:
    """Say whether these may be a number and digits behind its decimal mark."""
    return (
        not (first.is_ordinal or first.is_bare or first.is_large or number.is_ordinal or number.is_bare)
        and first.is_whole
        and number.is_whole
        and number.is_spoken
        and (number.value < 100 or (number.is_large and number.figure[1] in " -"))
    )


def _is_name(text: str, run: re.Match[str]) -> bool:
    """Say whether a capital within the sentence makes it a name, as in "the Forty Niners"."""
    first = run[0][0]
    start = run.start()
    is_capital = first.isupper() and not run[0].isupper()
    return is_capital and not _STARTS_SENTENCE.search(text, max(0, start - _NEAR), start)


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})")
