"""Numbers, dates, times, addresses, prices and measures as people write them. Pure.

Every number of a text is first marked. Rules, which each language has in its file, write what they know by
the marks and the words around them. Of the marks that are left, long numbers become digits, and the others
the words that were said. Numbers in a row, as "two or three", are written alike.
"""

from __future__ import annotations

import re
from functools import cache, reduce
from typing import TYPE_CHECKING

from device.text.forms_addresses import write_addresses
from device.text.forms_fields import CARDINAL, ORDINAL
from device.text.forms_numbers import number_finder
from device.text.forms_rows import RowFinder
from device.text.forms_rules import MARK, rules
from device.text.forms_words import alternatives, form_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.settings import FormsSettings
    from device.text.forms_numbers import Number
    from device.text.forms_rules import Rule
    from device.text.forms_words import FormWords, NumberWords

_FIRST, _LAST = 0xF0000, 0xFFFFD
"""The characters of private use by which the numbers are counted (Unicode, plane 15)."""

_LONGEST = 20
"""No number that somebody dictates has more words."""

_TRIES = 3
"""After so many rounds, no row of a text is left to the rules: each round may spoil another one."""

_SENTENCE_END = re.compile(r"(?<=[.!?]\s)")
_NEIGHBOURS = re.compile(rf"(?:{MARK.pattern})(?:[ -](?:{MARK.pattern}))+")


def write(text: str, language: str, settings: FormsSettings) -> str:
    """Write what was said in a language as its people write it; what is written so already stays as it is.

    Args:
        text: What was recognised.
        language: The code of its language. In one that is not known all stays as it is.
        settings: What the user wants.
    """
    words = form_words(language)
    if words is None or MARK.search(text):
        return text
    if settings.addresses:
        text = write_addresses(text, language)
    marked = _Marked(text, language, words, in_digits=settings.numbers)
    if not marked.has_numbers:
        return text
    marked.apply([rule for rule in rules(language) if getattr(settings, rule.kind)])
    return marked.written()


def numeral(words: Sequence[str], language: str) -> tuple[str, int]:
    """Give the number that some words begin with, in digits, and of how many of the words it is.

    Returns:
        "" and 0 where no number begins there.
    """
    finder = number_finder(language)
    first = next(iter(finder.find(" ".join(words[:_LONGEST]))), None) if finder else None
    if first is None or first.start or not first.figure:
        return "", 0
    return first.figure, len(first.words.split())


class _Marked:
    """A text whose numbers are marked.

    Attributes:
        text: With a mark in the place of each number that is still as it was said.
    """

    def __init__(self, text: str, language: str, words: FormWords, *, in_digits: bool) -> None:
        finder = number_finder(language)
        self._words, self._is_in_digits = words, in_digits
        self._stays, self._row_finder = _patterns(words.numbers)
        self._numbers: list[Number] = []
        done, parts = 0, []
        for number in (finder.find(text) if finder else [])[: _LAST - _FIRST]:
            parts += [text[done : number.start], self._mark(number)]
            done = number.end
        self.text = "".join([*parts, text[done:]])
        self._rows = list(self._row_finder.rows(self.text, self._number))
        self._barred: set[str] = set()
        self._unclear: set[str] = set()

    @property
    def has_numbers(self) -> bool:
        """Whether there are any."""
        return bool(self._numbers)

    def apply(self, rules: Sequence[Rule]) -> None:
        """Let each rule write what it reads; again without the rows that came out half in digits."""
        said = self.text
        self.text = self._applied(rules, said)
        for _ in range(_TRIES):
            if not (half := self._half_rows()):
                return
            self._barred |= half
            self.text = self._applied(rules, said)
        if self._half_rows():
            self._barred.update(mark for row in self._rows for mark in row.marks)
            self.text = self._applied(rules, said)

    def _applied(self, rules: Sequence[Rule], text: str) -> str:
        """Let each rule write what it reads, sentence by sentence: most have no number."""
        sentences = _SENTENCE_END.split(text)
        for index, sentence in enumerate(sentences):
            if MARK.search(sentence):
                sentences[index] = reduce(
                    lambda text, rule: rule.apply(text, self._number, self._may_take), rules, sentence
                )
        return "".join(sentences)

    def written(self) -> str:
        """Give the text with every number that is left in digits or in the words that were said."""
        digits = self._in_digits() if self._is_in_digits else set()
        larger = [
            row.marks for row in self._rows if any(_is_larger(self._number(mark)) for mark in row.marks)
        ]
        grouped = {mark for row in larger for mark in row}

        def shown(match: re.Match[str]) -> str:
            mark, dot = match[1], match[2] or ""
            number = self._number(mark)
            if mark not in digits or not number.is_spoken:
                return number.words + dot
            is_plain = _is_like_year(number) and mark not in grouped
            figure = str(number.value) if is_plain else number.figure
            # An ordinal number's own dot ends the sentence, too.
            return figure + ("" if figure.endswith(".") else dot)

        return re.sub(rf"({MARK.pattern})(\.(?!\.))?", shown, self.text)

    def _mark(self, number: Number) -> str:
        self._numbers.append(number)
        return (ORDINAL if number.is_ordinal else CARDINAL)[0] + chr(_FIRST + len(self._numbers) - 1)

    def _number(self, mark: str) -> Number:
        """Give the number of a mark."""
        return self._numbers[ord(mark[1]) - _FIRST]

    def _may_take(self, marks: Sequence[str]) -> bool:
        """Say whether a rule may write these numbers; where not, it is unclear what they are together."""
        is_barred = not self._barred.isdisjoint(marks)
        if is_barred and len(marks) > 1:
            self._unclear.update(marks)
        return not is_barred

    def _half_rows(self) -> set[str]:
        """Give the numbers of rows of which rules have left what cannot be written as the rest."""
        left, beside = set(MARK.findall(self.text)), self._beside_digits()
        half: set[str] = set()
        for row in self._rows:
            rest = left.intersection(row.marks)
            if row.is_loose:
                first = row.marks[0]
                reads_well = first not in rest or not (row.is_sum or self._is_short(first))
            else:
                reads_well = not row.is_sum and rest <= beside
            if 0 < len(rest) < len(row.marks) and not reads_well:
                half.update(row.marks)
        return half

    def _beside_digits(self) -> set[str]:
        """Give the numbers that can go on in digits with what a rule has written."""
        if not self._is_in_digits:
            return set()
        before, behind = self._row_finder.beside(self.text)
        # A year is not followed by "to 5,000".
        behind = {mark for mark in behind if not _is_larger(self._number(mark))}
        return (before | behind) - self._in_words()

    def _in_words(self) -> set[str]:
        """Give the numbers that are left and stay in words whatever stands beside them."""
        # Two numbers side by side are some kind of number that no rule knows, as "three fifty".
        unknown = {mark for row in _NEIGHBOURS.findall(self.text) for mark in MARK.findall(row)}
        unknown.update(self._unclear, self._stays.findall(self.text))
        return unknown.union(mark for mark in MARK.findall(self.text) if not self._number(mark).figure)

    def _is_short(self, mark: str) -> bool:
        """Say whether a number was said in words, and alone would stay in them."""
        number = self._number(mark)
        is_long = not number.is_bare and (
            number.value > self._words.figures.words_until or not number.is_whole
        )
        return number.is_spoken and not is_long

    def _in_digits(self) -> set[str]:
        """Choose which of the numbers that are left are written in digits."""
        left, words = set(MARK.findall(self.text)), self._in_words()
        chosen = {mark for mark in left - words if not self._is_short(mark)}
        for row in self._rows:
            rest = left.intersection(row.marks)
            if row.is_loose:
                first, last = row.marks
                if first in rest and (row.is_sum or first not in chosen):
                    chosen -= {first, last}
            elif row.is_sum or not words.isdisjoint(rest):
                chosen -= rest
            elif len(rest) < len(row.marks) or not chosen.isdisjoint(rest):
                chosen |= rest
        return chosen


def _is_like_year(number: Number) -> bool:
    """Say whether a number may be a year, which has no groups."""
    return number.is_whole and not number.is_ordinal and 1000 <= number.value < 2100


def _is_larger(number: Number) -> bool:
    """Say whether a number is larger than a year."""
    return number.is_whole and not number.is_ordinal and number.value >= 2100


@cache
def _patterns(numbers: NumberWords) -> tuple[re.Pattern[str], RowFinder]:
    stays = re.compile(rf"({MARK.pattern})[ -](?:{alternatives(numbers.stays)})\b", re.IGNORECASE)
    return stays, RowFinder(numbers.together, numbers.span)
