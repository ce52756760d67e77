"""Which words of a given text were spoken in which passage of a long recording. Pure.

The words that were recognised are aligned with the given ones by their edit distance. Between two passages
the text is cut only where the words on both sides of the pause are found next to each other in it. What lies
between two such cuts is one stretch: its recognised words must agree with its text, or it is left out, but
for passages at its ends that agree by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

import jiwer

from trainer.evaluation import rates

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_DIFFERENT = 0.35
"""Share of letters that may differ in a stretch: own words are misheard, that is why they are recorded."""

MOST_UNHEARD = 8
"""Letters by which the two sides may differ in one place: a long word more or less is no mishearing, nor are
two short ones."""

_FOUND = 3
"""So many words in a row that are found in the text are no chance."""

_BRACKETS = str.maketrans(dict.fromkeys("()[]<>", " "))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Passages that belong to a run of words.

    Attributes:
        first: Number of its first passage.
        last: Number of its last passage.
        text: The given words, as they are written.
        heard: The recognised words.
        agrees: The two say the same, as far as a recogniser can tell.
    """

    first: int
    last: int
    text: str
    heard: str
    agrees: bool


class _Partner(NamedTuple):
    """What a recognised word stands for: the number of a given one, and whether they are the same."""

    number: int
    is_equal: bool


class _Span(NamedTuple):
    """A run of given words and the recognised words that stand for them, by their numbers."""

    start: int
    end: int
    heard_start: int
    heard_end: int


def align(text: str, passages: Sequence[str]) -> list[Stretch]:
    """Find the text of the passages.

    Args:
        text: What is said in all of the recording, as a person wrote it.
        passages: What was recognised in each passage. Those with nothing belong to no stretch of their own.

    Returns:
        The stretches in their order; each passage with recognised words, and each given word, is in one.
    """
    given = _words(text)
    spoken = [(number, word) for number, words in enumerate(passages) for word in _words(words)]
    return _Reading(given, spoken).stretches() if given and spoken else []


class _Reading:
    """The given words, and those that were recognised, each with the number of its passage."""

    def __init__(self, given: list[str], spoken: list[tuple[int, str]]) -> None:
        self._given = given
        self._spoken = spoken
        self._passage_of = [number for number, _ in spoken]
        self._partners = _partners([_key(word) for word in given], [_key(word) for _, word in spoken])

    def stretches(self) -> list[Stretch]:
        cuts = _cuts(self._passage_of, self._partners)
        ends = [(0, 0), *cuts, (len(self._given), len(self._spoken))]
        made = []
        for (start, heard_start), (end, heard_end) in pairwise(ends):
            span = _Span(start, end, heard_start, heard_end)
            stretch = self._stretch(span)
            made += [stretch] if stretch.agrees else self._peeled(span)
        return made

    def _stretch(self, span: _Span) -> Stretch:
        said = " ".join(self._given[span.start : span.end])
        heard = " ".join(word for _, word in self._spoken[span.heard_start : span.heard_end])
        first, last = self._passage_of[span.heard_start], self._passage_of[span.heard_end - 1]
        return Stretch(first, last, said, heard, agrees=agree(said, heard))

    def _peeled(self, span: _Span) -> list[Stretch]:
        """Save the passages at both ends of a span that agree by themselves; what is left does not."""
        heads: list[Stretch] = []
        tails: list[Stretch] = []
        while (head := self._head(span)) and (stretch := self._stretch(head)).agrees:
            heads.append(stretch)
            span = span._replace(start=head.end, heard_start=head.heard_end)
        while (tail := self._tail(span)) and (stretch := self._stretch(tail)).agrees:
            tails.insert(0, stretch)
            span = span._replace(end=tail.start, heard_end=tail.heard_start)
        return [*heads, replace(self._stretch(span), agrees=False), *tails]

    def _head(self, span: _Span) -> _Span | None:
        """Give the first passage of a span of several, if its last words were found one after the other."""
        passages = self._passage_of[span.heard_start : span.heard_end]
        length = passages.count(passages[0])
        last = span.heard_start + length - 1
        if length == len(passages) or length < _FOUND or not self._is_found(last - _FOUND + 1):
            return None
        return span._replace(end=self._number(last) + 1, heard_end=last + 1)

    def _tail(self, span: _Span) -> _Span | None:
        """Give the last passage of a span of several, if its first words were found one after the other."""
        passages = self._passage_of[span.heard_start : span.heard_end]
        length = passages.count(passages[-1])
        first = span.heard_end - length
        if length == len(passages) or length < _FOUND or not self._is_found(first):
            return None
        return span._replace(start=self._number(first), heard_start=first)

    def _is_found(self, first: int) -> bool:
        """Say whether so many words from this one on stand in the text just so."""
        run = self._partners[first : first + _FOUND]
        return all(
            word is not None and word.is_equal and word.number == self._number(first) + further
            for further, word in enumerate(run)
        )

    def _number(self, at: int) -> int:
        partner = self._partners[at]
        return -1 if partner is None else partner.number


def agree(given: str, heard: str) -> bool:
    """Say whether what was recognised can be a mishearing of the given text, both normalised."""
    # The normaliser takes what stands in brackets for a remark. Here it is text: books have it.
    given, heard = given.translate(_BRACKETS), heard.translate(_BRACKETS)
    edits = rates.character_edits(given, heard)
    if not edits.of or edits.errors > MOST_DIFFERENT * edits.of:
        return False
    for is_equal, ops in groupby(rates.align(given, heard), lambda op: op[0] == "equal"):
        if not is_equal and _contradict(list(ops)):
            return False
    return True


def _contradict(ops: Sequence[rates.Op]) -> bool:
    """Say whether words that differ in one place differ by more than a mishearing."""
    letters = sum(len(said) - len(understood) for _, said, understood in ops)
    is_one_sided = {name for name, *_ in ops} in ({"delete"}, {"insert"})
    return abs(letters) > MOST_UNHEARD or (is_one_sided and len(ops) > 1)


def _words(text: str) -> list[str]:
    """Give the words with their punctuation; a dash that stands alone belongs to the word before it."""
    words: list[str] = []
    for part in text.split():
        if _key(part) or not words:
            words.append(part)
        else:
            words[-1] += f" {part}"
    if len(words) > 1 and not _key(words[0]):
        words[:2] = [" ".join(words[:2])]
    return [word for word in words if _key(word)]


def _key(word: str) -> str:
    """Give the letters and digits of a word, by which words are compared."""
    return "".join(filter(str.isalnum, word.casefold()))


def _partners(given: list[str], heard: list[str]) -> list[_Partner | None]:
    """Give what each recognised word stands for; `None` where it is one too many."""
    partners: list[_Partner | None] = [None] * len(heard)
    for chunk in jiwer.process_words(" ".join(given), " ".join(heard)).alignments[0]:
        if chunk.type in {"equal", "substitute"}:
            pairs = zip(
                range(chunk.hyp_start_idx, chunk.hyp_end_idx),
                range(chunk.ref_start_idx, chunk.ref_end_idx),
                strict=True,
            )
            for ours, theirs in pairs:
                partners[ours] = _Partner(theirs, chunk.type == "equal")
    return partners


def _cuts(passage_of: list[int], partners: list[_Partner | None]) -> list[tuple[int, int]]:
    """Give the places, as numbers of a given and of a recognised word, where both can be cut."""
    cuts = []
    for after in range(1, len(partners)):
        before = after - 1
        left, right = partners[before], partners[after]
        if passage_of[before] == passage_of[after] or left is None or right is None:
            continue
        is_together = right.number == left.number + 1
        if is_together and _is_sure(partners, before, -1) and _is_sure(partners, after, 1):
            cuts.append((right.number, after))
    return cuts


def _is_sure(partners: list[_Partner | None], at: int, outward: int) -> bool:
    """Say whether a word at a pause was found in the text: itself, or misheard and its neighbour found."""
    word = partners[at]
    if word is None or word.is_equal:
        return word is not None
    further = at + outward
    neighbour = partners[further] if 0 <= further < len(partners) else None
    return neighbour is not None and neighbour.is_equal and neighbour.number == word.number + outward
