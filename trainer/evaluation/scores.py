"""From what was recognised to error rates by set, and to what sets models apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trainer.evaluation.rates import Edits, character_edits, interval, per_cent, word_edits
from trainer.evaluation.results import Comparison, Result, Role, Score
from trainer.evaluation.significance import difference, difference_interval, permutation_p

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALL_GENERAL = "all general"
"""The name under which several general sets are scored together, beside each for itself."""

_ROLES: tuple[Role, ...] = ("personal", "general", "words", "silence")
"""In the order in which they are shown."""


class Group(NamedTuple):
    """What is scored together."""

    set: str
    role: Role
    tier: str


class Measured(NamedTuple):
    """One result with its errors."""

    result: Result
    words: Edits
    characters: Edits


def score(results: Sequence[Result]) -> tuple[list[Score], list[Comparison]]:
    """Give the scores of each model, and the comparisons of each but the first with the first.

    Args:
        results: Those of all models, for the same recordings in the same order.
    """
    groups = _grouped(results)
    models = dict.fromkeys(result.model for result in results)
    scores = [_score(model, group, by[model]) for group, by in groups.items() for model in models]
    stock, *others = models or [""]
    comparisons = [
        _comparison(model, group, by[stock], by[model])
        for group, by in groups.items()
        for model in others
        if any(one.words.of for one in by[stock])
    ]
    return scores, comparisons


def _grouped(results: Iterable[Result]) -> dict[Group, dict[str, list[Measured]]]:
    """Give what is scored together by model, the owner's first."""
    groups: dict[Group, dict[str, list[Measured]]] = {}
    for result in results:
        pair = (result.reference, result.text)
        measured = Measured(result, word_edits(*pair), character_edits(*pair))
        for name in (result.set, ALL_GENERAL)[: 1 + (result.role == "general")]:
            group = Group(name, result.role, result.tier)
            groups.setdefault(group, {}).setdefault(result.model, []).append(measured)
    general = {group.set for group in groups if group.role == "general"} - {ALL_GENERAL}
    order = sorted(groups, key=lambda group: (_ROLES.index(group.role), group.set == ALL_GENERAL))
    return {group: groups[group] for group in order if group.set != ALL_GENERAL or len(general) > 1}


def _score(model: str, group: Group, measured: list[Measured]) -> Score:
    spoken = [one for one in measured if one.words.of]
    invented = [one.result.text for one in measured if not one.words.of]
    words = [one.words for one in spoken]
    low, high = interval(words) if spoken else (None, None)
    return Score(
        model=model,
        set=group.set,
        role=group.role,
        tier=group.tier,
        utterances=len(spoken),
        wer=per_cent(words) if spoken else None,
        wer_low=low,
        wer_high=high,
        cer=per_cent([one.characters for one in spoken]) if spoken else None,
        silent=len(invented),
        invented=sum(map(len, invented)),
    )


def _comparison(model: str, group: Group, stock: list[Measured], other: list[Measured]) -> Comparison:
    before = [one.words for one in stock if one.words.of]
    after = [one.words for one in other if one.words.of]
    low, high = difference_interval(before, after)
    return Comparison(
        model=model,
        set=group.set,
        role=group.role,
        tier=group.tier,
        stock_errors=sum(one.errors for one in before),
        errors=sum(one.errors for one in after),
        words=sum(one.of for one in before),
        difference=difference(before, after),
        low=low,
        high=high,
        p=permutation_p([ours.errors - theirs.errors for theirs, ours in zip(before, after, strict=True)]),
    )
