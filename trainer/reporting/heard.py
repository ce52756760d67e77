"""What stock and the tuned model heard in the same recordings: the worst, the changes, the confusions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from trainer.evaluation.rates import align
from trainer.evaluation.results import CLEAN
from trainer.reporting.verdict import stock_name, tuned_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.evaluation.rates import Op
    from trainer.evaluation.results import Evaluation, Result

OWNER_FIRST = ("personal", "words", "general")
"""What the worst utterances are looked for in: all of the first role come before any of the next."""


class Hearing(NamedTuple):
    """One model's text with the steps to it from what was said."""

    text: str
    ops: tuple[Op, ...]

    @property
    def errors(self) -> int:
        """Words that are wrong, missing or too many."""
        return sum(kind != "equal" for kind, _, _ in self.ops)


@dataclass(frozen=True, slots=True)
class Heard:
    """One clean recording with speech.

    Attributes:
        result: The recording, as the tuned model's result names it, or stock's where nothing was tuned.
        words: Words that were said.
        stock: What stock made of it; `None` where stock was not measured on it.
        tuned: What the tuned model made of it; stock's again where nothing was tuned.
    """

    result: Result
    words: int
    stock: Hearing | None
    tuned: Hearing

    @property
    def gain(self) -> int:
        """Errors fewer than stock's: below zero, it has become worse."""
        return self.stock.errors - self.tuned.errors if self.stock else 0


class Confusion(NamedTuple):
    """One word taken for another, and how often by each model."""

    said: str
    heard: str
    stock: int
    tuned: int

    @property
    def gain(self) -> int:
        """Times fewer than stock's."""
        return self.stock - self.tuned


def heard(evaluation: Evaluation) -> list[Heard]:
    """Give every clean recording with speech, in the evaluation's order."""
    first = stock_name(evaluation)
    model = tuned_name(evaluation) or first
    clean = [one for one in evaluation.results if one.tier == CLEAN and one.role != "silence"]
    stock = {_recording(one): one for one in clean if one.model == first}
    all_heard = (_heard(one, stock.get(_recording(one))) for one in clean if one.model == model)
    return [one for one in all_heard if one.words]


def _recording(result: Result) -> tuple[str, ...]:
    """Give what tells a recording from all others: folders of the same name have sets and ids in common."""
    return result.set, result.id, result.audio


def _heard(result: Result, stock: Result | None) -> Heard:
    tuned = _hearing(result)
    words = sum(kind != "insert" for kind, _, _ in tuned.ops)
    if stock is None:
        return Heard(result, words, None, tuned)
    same = stock.text == result.text and stock.reference == result.reference
    return Heard(result, words, tuned if same else _hearing(stock), tuned)


def _hearing(result: Result) -> Hearing:
    return Hearing(
        result.text, tuple(align(result.reference, result.text)) if result.reference.strip() else ()
    )


def worst(recordings: Iterable[Heard], most: int = 20) -> list[Heard]:
    """Give the recordings with the most errors, the owner's first; among equals, those with fewer words."""
    wrong = [one for one in recordings if one.tuned.errors]
    return sorted(wrong, key=_badness)[:most]


def _badness(one: Heard) -> tuple[int, int, int, str, str]:
    role = OWNER_FIRST.index(one.result.role)
    return role, -one.tuned.errors, one.words, one.result.set, one.result.id


def changed(recordings: Iterable[Heard], sign: int) -> list[Heard]:
    """Give the recordings with fewer errors than stock's (sign 1) or more (-1), the greatest change first."""
    moved = [one for one in recordings if sign * one.gain > 0]
    return sorted(moved, key=lambda one: (-sign * one.gain, *_badness(one)))


def confusions(recordings: Sequence[Heard]) -> list[Confusion]:
    """Give every word that either model took for another, the most frequent first."""
    stock = Counter(pair for one in recordings if one.stock for pair in _substitutions(one.stock))
    tuned = Counter(pair for one in recordings for pair in _substitutions(one.tuned))
    found = [Confusion(*pair, stock[pair], tuned[pair]) for pair in stock.keys() | tuned.keys()]
    return sorted(found, key=lambda one: (-one.stock - one.tuned, one.said, one.heard))


def _substitutions(hearing: Hearing) -> list[tuple[str, str]]:
    return [(said, found) for kind, said, found in hearing.ops if kind == "substitute"]
