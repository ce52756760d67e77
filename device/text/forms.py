"""Numbers, dates, times, addresses, prices and measures as people write them. Pure.

Every number of a text is first marked. Rules, which each language has in its file, write what they know by
the marks and the words around them. Of the marks that are left, long numbers become digits, and the others
the words that were said.
"""

from __future__ import annotations

import re
from functools import cache, reduce
from typing import TYPE_CHECKING, NamedTuple

from device.text.forms_addresses import write_addresses
from device.text.forms_fields import CARDINAL, ORDINAL
from device.text.forms_numbers import number_finder
from device.text.forms_rules import MARK, rules
from device.text.forms_words import alternatives, form_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.settings import FormsSettings
    from device.text.forms_numbers import Number
    from device.text.forms_rules import Rule

_FIRST, _LAST = 0xF0000, 0xFFFFD
"""The characters of private use by which the numbers are counted (Unicode, plane 15)."""

_LONGEST = 20
"""No number that somebody dictates has more words."""

_SENTENCE_END = re.compile(r"(?<=[.!?]\s)")
_NEIGHBOURS = re.compile(rf"(?:{MARK.pattern})(?:[ -](?:{MARK.pattern}))+")


def write(text: str, language: str, settings: FormsSettings) -> str:
    """Write what was said in a language as its people write it; what is written so already stays as it is.

    Args:
        text: What was recognised.
        language: The code of its language. In one that is not known all stays as it is.
        settings: What the user wants.
    """
    if form_words(language) is None or MARK.search(text):
        return text
    if settings.addresses:
        text = write_addresses(text, language)
    marked = _Marked(text, language)
    if not marked.has_numbers:
        return text
    marked.apply([rule for rule in rules(language) if getattr(settings, rule.kind)])
    return marked.written(in_digits=settings.numbers)


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

    def __init__(self, text: str, language: str) -> None:
        finder = number_finder(language)
        self._language = language
        self._numbers: list[Number] = []
        done, parts = 0, []
        for number in (finder.find(text) if finder else [])[: _LAST - _FIRST]:
            parts += [text[done : number.start], self._mark(number)]
            done = number.end
        self.text = "".join([*parts, text[done:]])

    @property
    def has_numbers(self) -> bool:
        """Whether there are any."""
        return bool(self._numbers)

    def apply(self, rules: Sequence[Rule]) -> None:
        """Let each rule write what it reads, sentence by sentence: most have no number."""
        sentences = _SENTENCE_END.split(self.text)
        for index, sentence in enumerate(sentences):
            if MARK.search(sentence):
                sentences[index] = reduce(lambda text, rule: rule.apply(text, self._number), rules, sentence)
        self.text = "".join(sentences)

    def _number(self, mark: str) -> Number:
        """Give the number of a mark."""
        return self._numbers[ord(mark[1]) - _FIRST]

    def written(self, *, in_digits: bool) -> str:
        """Give the text with every number that is left in digits or in the words that were said."""
        digits = self._in_digits() if in_digits else set()

        def shown(match: re.Match[str]) -> str:
            mark, dot = match[1], match[2] or ""
            number = self._number(mark)
            if mark not in digits:
                return number.words + dot
            figure = str(number.value) if _is_like_year(number) else number.figure
            # An ordinal number's own dot ends the sentence, too.
            return figure + ("" if figure.endswith(".") else dot)

        return re.sub(rf"({MARK.pattern})(\.(?!\.))?", shown, self.text)

    def _mark(self, number: Number) -> str:
        self._numbers.append(number)
        return (ORDINAL if number.is_ordinal else CARDINAL)[0] + chr(_FIRST + len(self._numbers) - 1)

    def _in_digits(self) -> set[str]:
        """Choose which of the numbers that are left are written in digits."""
        patterns = _patterns(self._language)
        if not patterns:
            return set()
        # Two numbers side by side are some kind of number that no rule knows, as "three fifty".
        unknown = {mark for row in _NEIGHBOURS.findall(self.text) for mark in MARK.findall(row)}
        unknown |= {match[1] for match in patterns.stays.finditer(self.text)}
        open_ = [mark for mark in MARK.findall(self.text) if mark not in unknown]
        chosen = {mark for mark in open_ if _is_long(self._number(mark), patterns.words_until)}
        for row in patterns.together.findall(self.text):
            marks = MARK.findall(row)
            if chosen.intersection(marks):
                chosen |= {mark for mark in marks if mark in open_ and self._number(mark).value != 1}
        return {mark for mark in chosen if self._number(mark).figure}


def _is_long(number: Number, words_until: int) -> bool:
    return number.is_spoken and not number.is_bare and (number.value > words_until or not number.is_whole)


def _is_like_year(number: Number) -> bool:
    """Say whether a number may be a year, which has no groups."""
    return number.is_whole and not number.is_ordinal and 1000 <= number.value < 2100


class _Patterns(NamedTuple):
    words_until: int
    stays: re.Pattern[str]
    together: re.Pattern[str]


@cache
def _patterns(language: str) -> _Patterns | None:
    words = form_words(language)
    if words is None:
        return None
    return _Patterns(
        words.figures.words_until,
        re.compile(rf"({MARK.pattern})[ -](?:{alternatives(words.numbers.stays)})\b", re.IGNORECASE),
        re.compile(rf"{CARDINAL}(?:(?:{words.numbers.together}){CARDINAL})+", re.IGNORECASE),
    )
