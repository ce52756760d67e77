"""From what was said to what is typed and done: the commands in it are read. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from device.text.body import Act, Body, Reading
from device.text.compose import compose
from device.text.phrases import Heard, Phrases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.settings import Settings
    from device.speech.transcript import Segment
    from device.text.grammar import Grammar
    from device.text.phrases import Match
    from device.text.words import Word

_ACTS = {"scratch_that": Act.UNDO, "type_again": Act.AGAIN}


@dataclass(frozen=True, slots=True)
class Item:
    """A word of text, or a command.

    Attributes:
        words: The word, or those of the command.
        match: The command; None for a word.
        segment: Which stretch between pauses it belongs to.
    """

    words: tuple[Word, ...]
    match: Match | None
    segment: int


def read(said: Sequence[Segment], grammar: Grammar, settings: Settings, *, is_open: bool = False) -> Reading:
    """Read a dictation.

    Args:
        said: What was recognised, from pause to pause.
        grammar: What can be said as a command.
        settings: Which of it counts.
        is_open: More may follow the last word without a pause.
    """
    acts, items = _done(_items(said, grammar, settings, is_open=is_open))
    pause_s = settings.text.paragraph_pause_s
    paragraphs = {
        number
        for number, (one, next_one) in enumerate(pairwise(said), 1)
        if pause_s and next_one.start_s - one.end_s >= pause_s
    }
    pieces = compose(items, grammar.words, paragraphs, drops_marks=settings.text.punctuation != "automatic")
    return Reading(acts, Body(tuple(pieces), grammar.language))


def _items(said: Sequence[Segment], grammar: Grammar, settings: Settings, *, is_open: bool) -> list[Item]:
    heard = Heard.of(said, grammar, is_open=is_open)
    anywhere = frozenset({"punctuation"}) if settings.text.punctuation == "spoken" else frozenset[str]()
    items, segment = list[Item](), 0
    for start, match in Phrases(heard, grammar, settings.commands, anywhere):
        while start >= heard.segments[segment][1]:
            segment += 1
        end = match.end if match else start + 1
        items.append(Item(heard.words[start:end], match, segment))
    return items


def _done(items: Sequence[Item]) -> tuple[tuple[Act, ...], list[Item]]:
    """Do what takes back or repeats what was said before it."""
    acts, left = tuple[Act, ...](), list[Item]()
    for item in items:
        act = _ACTS.get(item.match.rule.name) if item.match else None
        if act is None:
            left.append(item)
        elif item is items[0]:
            acts = (act,)
        else:
            unit = _latest(left, item.segment)
            left = left[: len(left) - len(unit)] if act is Act.UNDO else left + _moved(unit, item.segment)
    return acts, left


def _latest(items: list[Item], segment: int) -> list[Item]:
    """Give what was said last: in the same segment since a sentence ended, else the segment before."""
    if not items:
        return []
    of_same = [item for item in items if item.segment == items[-1].segment]
    if items[-1].segment != segment:
        return of_same
    ends = [number for number, item in enumerate(of_same[:-1], 1) if item.words[-1].ends_sentence]
    return of_same[ends[-1] :] if ends else of_same


def _moved(items: list[Item], segment: int) -> list[Item]:
    return [replace(item, segment=segment) for item in items]
