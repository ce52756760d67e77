"""How a language says and writes numbers, dates, addresses and the like: read from its file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

_FOLDER = Path(__file__).parent / "forms"

Kind = Literal["numbers", "dates", "times", "addresses", "currency", "units"]
"""What a user may have written as it was said: the keys of [forms]."""

Said = str | tuple[str, ...]
"""A regular expression of what is said, or several of which one is said."""

_NONE = r"(?!)"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a language's file. Unknown keys are refused."""


class NumberWords(_Table, frozen=True):
    """The words of numbers.

    Attributes:
        word: Any one of them, but for the following.
        zero: Those that are a number by themselves.
        digit: Those that are a digit beside other numbers, and else an article or an exclamation.
        counted: What those count, too.
        multiplier: Those that the number before is multiplied with; alone, they are an inexact number.
        large: Those of them that people write in words behind digits, as in "2 million".
        link: Those that may stand between the words of one number.
        no_link: Where such a word parts two numbers.
        article: What a multiplier needs before it; none where it needs none.
        vague: What makes a number of the multiplier behind it an inexact one.
        never: Phrases with words of numbers that are none.
        stays: A number stays in words before these.
        point: What is said for the decimal mark.
        together: Numbers with this between them are written alike, in words or digits.
        span: Those of them that make a number of the word for 1, which else may be a pronoun.
        ordinal: The ends of ordinal numbers, and those of the cardinal ones.
        aliases: Spellings that text2num does not know, and those that it does.
    """

    word: Said
    zero: str
    digit: str
    multiplier: str
    large: str
    point: str
    together: str
    span: str
    link: str = _NONE
    no_link: str = _NONE
    article: str = ""
    counted: str = _NONE
    vague: Said = _NONE
    never: Said = _NONE
    stays: Said = _NONE
    ordinal: tuple[tuple[str, str], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()


class Figures(_Table, frozen=True):
    """How numbers are written.

    Attributes:
        words_until: Up to this, the numbers of running text stay in words.
        decimal: The decimal mark.
        group: What stands between groups of three digits.
        group_from: The smallest number that has groups.
        ordinal: What an ordinal number ends in, by how its digits end. None: it stays in words.
    """

    words_until: int
    decimal: str
    group: str
    group_from: int
    ordinal: tuple[tuple[str, str], ...] = ()


class AddressWords(_Table, frozen=True):
    """The words of e-mail addresses and those of the web.

    Attributes:
        at: What is said for @.
        dot: What is said for a dot.
        signs: What is said for other signs, by the sign.
        no_name: Words that are never the name before the @ or the dot.
        before_name: What stands before a name of one word and the @, where what is said for the @ is a word
            of its own; nothing where it is not.
        unclear: Top-level domains that are also words: they need an @ or "www" before them.
        kind: Words behind a domain that make it a kind of thing, as in "most dot com companies".
    """

    at: str
    dot: str
    signs: dict[str, str]
    no_name: Said
    before_name: str = ""
    unclear: str = _NONE
    kind: Said = _NONE


class RuleWords(_Table, frozen=True):
    """What is said, and what is written for it.

    Attributes:
        kind: Which setting it belongs to.
        said: A regular expression with fields, as <day>, and parts of the same file, in either case.
        written: Text with the names of fields in braces.
    """

    kind: Kind
    said: str
    written: str


class FormWords(_Table, frozen=True):
    """All of a language.

    Attributes:
        parts: Regular expressions for <name> in `said`.
        units: What is said for a unit of measure, by its symbol.
        rules: Each reads what the ones before it left as it was said.
    """

    numbers: NumberWords
    figures: Figures
    addresses: AddressWords
    parts: dict[str, Said]
    units: dict[str, str]
    rules: tuple[RuleWords, ...]


def alternatives(said: Said) -> str:
    """Give what is said as one regular expression, to be put into a group."""
    return said if isinstance(said, str) else "|".join(said)


@cache
def form_words(language: str) -> FormWords | None:
    """Give what is known of a language, by its code, or `None`."""
    file = _FOLDER / f"{language}.toml"
    if not re.fullmatch("[a-z]{2,3}", language) or not file.is_file():
        return None
    return msgspec.toml.decode(file.read_bytes(), type=FormWords)
