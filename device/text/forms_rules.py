"""Rules that write numbers with what stands around them: dates, times, prices, measures. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from device.text.forms_fields import CARDINAL, FIELDS, ORDINAL
from device.text.forms_words import RuleWords, alternatives, form_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.text.forms_numbers import Number
    from device.text.forms_words import FormWords, Kind

MARK = re.compile(f"[{CARDINAL[0]}{ORDINAL[0]}].")
"""The mark of any number."""

_NAMED = re.compile(r"(?<!\?P)<(\w+)>")
_UNIT = "unit"
"""The field of all units of measure."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said, and what is written for it.

    Attributes:
        kind: Which setting it belongs to.
        said: What it reads, with a group for each field and part.
        written: A format with the names of the groups.
        units: The units of measure: symbols, and what is said for them.
    """

    kind: Kind
    said: re.Pattern[str]
    written: str
    units: tuple[tuple[str, re.Pattern[str]], ...]

    def apply(self, text: str, number: Callable[[str], Number], may_take: Callable[[list[str]], bool]) -> str:
        """Write what this rule reads in a marked text.

        Args:
            text: With a mark in the place of each number.
            number: Gives the number of a mark.
            may_take: Says whether the numbers of these marks may be written so.
        """

        def write(match: re.Match[str]) -> str:
            marks = MARK.findall(match[0])
            numbers = [number(mark) for mark in marks]
            if self.kind == "dates" and numbers and not any(each.is_spoken for each in numbers):
                return match[0]  # the model has written it its way
            groups = {name: said or "" for name, said in match.groupdict().items()}
            for name in groups.keys() & FIELDS.keys():
                said = groups[name]
                written = FIELDS[name].write(said, [number(mark) for mark in MARK.findall(said)])
                if not written:
                    return match[0]
                groups[name] = written
            if not may_take(marks):
                return match[0]
            if unit := groups.get(_UNIT):
                groups[_UNIT] = next(each for each, said in self.units if said.fullmatch(unit))
            return self.written.format(**groups)

        return self.said.sub(write, text)


@cache
def rules(language: str) -> tuple[Rule, ...]:
    """Give the rules of a language in their order."""
    words = form_words(language)
    return tuple(_compiled(rule, words) for rule in words.rules) if words else ()


def _compiled(rule: RuleWords, words: FormWords) -> Rule:
    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name == _UNIT:
            return rf"(?P<unit>{'|'.join(words.units.values())})(?![\w-])"
        if name not in FIELDS:
            return f"(?P<{name}>{alternatives(words.parts[name])})"
        # A number beside another one is part of what this rule does not know.
        alone = f"(?<!{MARK.pattern} )(?<!{MARK.pattern}-)" if name == first else ""
        return f"{alone}(?P<{name}>{FIELDS[name].marks})"

    names = _NAMED.findall(rule.said)
    first = next((name for name in names if name in FIELDS), "")
    said = re.compile(_NAMED.sub(group, rule.said), re.IGNORECASE)
    units = words.units.items() if _UNIT in names else ()
    return Rule(
        rule.kind,
        said,
        rule.written,
        tuple((each, re.compile(words, re.IGNORECASE)) for each, words in units),
    )
