"""Recordings that are in the data more than once, as the same samples or encoded anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.data.fingerprint import SAME, difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trainer.data.sound import Facts

_MOST_LONGER_S = 0.25
"""Encoders add up to a few frames at either end."""


def same_samples(recordings: Sequence[Facts]) -> list[list[int]]:
    """Give the places of those that have the same samples, in groups of at least two."""
    places: dict[str, list[int]] = {}
    for place, facts in enumerate(recordings):
        places.setdefault(facts.sha256, []).append(place)
    return [group for group in places.values() if len(group) > 1]


def same_sound(recordings: Sequence[Facts]) -> Iterator[tuple[int, int]]:
    """Give the places of pairs that sound the same, the earlier first, though their samples differ."""
    by_length = sorted(range(len(recordings)), key=lambda place: recordings[place].duration_s)
    for index, place in enumerate(by_length):
        one = recordings[place]
        for other in by_length[index + 1 :]:
            another = recordings[other]
            if another.duration_s - one.duration_s > _MOST_LONGER_S:
                break
            if one.sha256 != another.sha256 and difference(one.fingerprint, another.fingerprint) < SAME:
                yield min(place, other), max(place, other)
