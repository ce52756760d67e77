"""Which recordings are recognised, what each stands for, and under which noise."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.evaluation.rates import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.dataset import Utterance
    from trainer.evaluation.results import Role

TIERS_DB = (20, 10, 5)
"""Signal-to-noise ratios: a quiet room with a fan, a café, a busy street."""

GENERAL_UNDER_NOISE = 40
"""So many general recordings are recognised under noise too: all of them would take several times as long."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One recording to be recognised.

    Attributes:
        utterance: The recording.
        role: What it stands for.
        tiers_db: Signal-to-noise ratios under which it is recognised besides as it is.
    """

    utterance: Utterance
    role: Role
    tiers_db: tuple[int, ...] = ()


def plan(utterances: Iterable[Utterance], personal: str | None, tiers_db: Sequence[int]) -> list[Trial]:
    """Say what is done with each recording, in their order.

    Args:
        utterances: The recordings.
        personal: The set that the owner speaks. `None` is the only set with speech, if there is only one.
        tiers_db: Signal-to-noise ratios, for the personal set and `GENERAL_UNDER_NOISE` other recordings.
    """
    roles = [(each, _role(each, personal)) for each in utterances]
    if personal is None and len({each.set for each, role in roles if role == "general"}) == 1:
        roles = [(each, "personal" if role == "general" else role) for each, role in roles]
    general = sorted((each.id for each, role in roles if role == "general"), key=_lot)
    noisy = frozenset(general[:GENERAL_UNDER_NOISE])

    def tiers(each: Utterance, role: Role) -> tuple[int, ...]:
        return tuple(tiers_db) if role == "personal" or (role == "general" and each.id in noisy) else ()

    return [Trial(each, role, tiers(each, role)) for each, role in roles]


def _role(utterance: Utterance, personal: str | None) -> Role:
    if not normalised(utterance.text):  # what a person wrote may hold no words, such as "[noise]"
        return "silence"
    if utterance.synthetic:
        return "words"
    return "personal" if utterance.set == personal else "general"


def _lot(name: str) -> bytes:
    """Give what puts names into an order without meaning that stays the same when others come or go."""
    return hashlib.sha256(name.encode()).digest()
