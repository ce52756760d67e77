"""A transcript as words, each with the marks that stand around it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Value = TypeVar("_Value")

QUOTES = (
    "\"'“„”«»\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}"
)
OPENING = QUOTES + "([{¿¡"
CLOSING = ".,;:!?…" + QUOTES + ")]}"
DASHES = "-\N{EN DASH}—"
SENTENCE_ENDS = ".!?…"

_APOSTROPHES = str.maketrans("\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}", "''")


@dataclass(frozen=True, repr=False)  # no log and no traceback shall show it
class Word:
    """A word as it was recognised.

    Attributes:
        lead: The marks directly before it.
        core: The word itself; empty where marks stand alone.
        tail: The marks directly behind it.
        is_short: Its dot is that of an abbreviation.
    """

    lead: str
    core: str
    tail: str
    is_short: bool = False

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What it is compared by: small letters, a word with hyphens as several."""
        return keys_of(self.core)

    @property
    def ends_sentence(self) -> bool:
        """Whether a sentence ends behind it."""
        return not self.is_short and any(mark in SENTENCE_ENDS for mark in self.tail)

    @property
    def is_followed(self) -> bool:
        """Whether a mark stands between it and the next word."""
        return bool(self.tail) and not self.is_short

    def __str__(self) -> str:
        """Give it as it was recognised."""
        return self.lead + self.core + self.tail

    def without_tail(self) -> Word:
        """Give it without the marks behind it, but for the dot of an abbreviation."""
        return self if self.is_short else replace(self, tail="")


def words_of(text: str, abbreviations: frozenset[str] = frozenset()) -> tuple[Word, ...]:
    """Cut a text into words at its spaces.

    Args:
        text: What was recognised.
        abbreviations: Words whose dot ends no sentence, in small letters.
    """
    return tuple(_word(part, abbreviations) for part in text.split())


def keys_of(text: str) -> tuple[str, ...]:
    """Give the words of a phrase as they are compared."""
    return tuple(text.translate(_APOSTROPHES).casefold().replace("-", " ").split())


def longest(
    words: Sequence[Word],
    start: int,
    table: Mapping[tuple[str, ...], _Value],
    most: int,
    *,
    loose: bool = False,
) -> tuple[int, _Value] | None:
    """Find the longest phrase that begins at a word.

    Args:
        words: All words.
        start: The index of the word.
        table: The phrases, and what each means.
        most: How many words the longest phrase has.
        loose: Marks within it do not count.

    Returns:
        The index of the word behind it and what it means, or None.
    """
    found, keys = None, tuple[str, ...]()
    for end in range(start, min(start + most, len(words))):
        if end > start and not loose and (words[end - 1].is_followed or words[end].lead):
            break
        keys += words[end].keys
        if keys in table:
            found = end + 1, table[keys]
    return found


def _word(part: str, abbreviations: frozenset[str]) -> Word:
    if all(mark in OPENING + CLOSING + DASHES for mark in part):
        return Word("", "", part)
    core = part.lstrip(OPENING + DASHES) if part[0] in OPENING + "—" else part
    lead = part[: len(part) - len(core)]
    bare = core.rstrip(CLOSING + "—")
    tail = core[len(bare) :]
    is_short = tail[:1] == "." and f"{bare}.".casefold() in abbreviations
    return Word(lead, bare, tail, is_short)
