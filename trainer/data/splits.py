"""What is for training, what for choosing, what for measuring: with no text, or speaker, in two of them."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.data.formats import Split

VALIDATION, TEST = 0.10, 0.15
"""Shares of a set's recordings."""

STRICTNESS: tuple[Split, ...] = ("test", "validation", "train")
"""Where the same text is in two splits, it stays in the first of these."""


class Item(NamedTuple):
    """What decides where a recording goes.

    Attributes:
        id: Its name; no two have the same.
        set: The part of the data that it belongs to.
        text: What is said, normalised; recordings with the same stay together. Empty stays with nothing.
        speaker: Who speaks; empty when that is not known.
        split: What the data says; empty when it does not.
    """

    id: str
    set: str
    text: str
    speaker: str
    split: str


def leaks(items: Iterable[Item]) -> dict[str, Item]:
    """Give, by id, what must go because a stricter split has the same text, with the item that has it."""
    owners: dict[str, Item] = {}
    known = [item for item in items if item.text and item.split]
    for item in sorted(known, key=lambda item: (STRICTNESS.index(item.split), item.id)):
        owners.setdefault(item.text, item)
    return {item.id: owners[item.text] for item in known if owners[item.text].split != item.split}


def assign(items: Sequence[Item], seed: int, *, speaker_disjoint: bool = False) -> dict[str, Split]:
    """Give every item its split, by id.

    What the data says stays, but where it has no validation (or test) at all, that comes out of its train. A
    set without splits gets all three. The order of the items does not matter.

    Args:
        items: Without `leaks`.
        seed: Chooses, the same for the same items.
        speaker_disjoint: Keep the recordings of a speaker together too, where a set is split.
    """
    given = {item.split for item in items if item.split}
    labelled = {item.set for item in items if item.split}
    fresh = {item.set for item in items} - labelled
    chosen: dict[str, Split] = {}
    groups = _groups(items, speaker_disjoint=speaker_disjoint)
    for name in sorted(labelled | fresh):
        ours = [group for group in groups if _home(group) == name and not _settled(group)]
        takes_test = name in fresh or not (given & {"test"} or fresh)
        takes_validation = name in fresh or "validation" not in given
        shares = (TEST if takes_test else 0.0, VALIDATION if takes_validation else 0.0)
        chance = random.Random(f"{seed} {name}")  # noqa: S311  # it can be repeated, and guards nothing
        chosen.update(_drawn(ours, chance, *shares))
    for group in filter(_settled, groups):
        chosen.update({item.id: item.split or _settled(group) for item in group})  # type: ignore[misc]
    return chosen


def _groups(items: Sequence[Item], *, speaker_disjoint: bool) -> list[list[Item]]:
    """Give the items that must stay together, by union of those that share a text or a speaker."""
    parent: dict[object, object] = {}

    def root(key: object) -> object:
        while (above := parent.setdefault(key, key)) != key:
            parent[key] = key = parent[above]
        return key

    ordered = sorted(items)
    for item in ordered:
        keys: list[object] = [("id", item.id)]
        keys += [("text", item.text)] if item.text else []
        keys += [("speaker", item.speaker)] if speaker_disjoint and item.speaker else []
        for key in keys[1:]:
            parent[root(key)] = root(keys[0])
    groups: dict[object, list[Item]] = defaultdict(list)
    for item in ordered:
        groups[root(("id", item.id))].append(item)
    return list(groups.values())


def _settled(group: list[Item]) -> Split | None:
    """Give the split that the data gives a group; train is not the last word, other splits come out of it."""
    given = {item.split for item in group}
    return next((split for split in STRICTNESS[:2] if split in given), None)


def _home(group: list[Item]) -> str:
    """Give the set that most of a group is in; sets with splits go first."""
    names = [item.set for item in group if item.split] or [item.set for item in group]
    return max(sorted(set(names)), key=names.count)


def _drawn(
    groups: list[list[Item]], chance: random.Random, test: float, validation: float
) -> dict[str, Split]:
    """Draw shares of the groups, small groups first, so that what is said often stays for training."""
    chance.shuffle(groups)
    groups.sort(key=len)
    total = sum(map(len, groups))
    wanted: list[tuple[Split, float]] = [("test", test * total), ("validation", validation * total)]
    chosen: dict[str, Split] = {}
    for split, share in wanted:
        taken = 0
        while share and taken < max(round(share), 1) and len(groups) > 1:
            group = groups.pop(0)
            taken += len(group)
            chosen.update({item.id: split for item in group})
    chosen.update({item.id: "train" for group in groups for item in group})
    return chosen
