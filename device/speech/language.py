"""Which language is spoken: the one that was chosen, or the one that is heard. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.settings import AUTO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENOUGH_S = 1.0
"""So much speech tells its language: see docs/languages.md for how often."""

SURE = 0.95
"""What less speech must reach to be taken for another language than the dictation before it."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is known of the language of some speech before it is recognised.

    Attributes:
        language: Its code, or "auto" where it is still to be heard.
        before: The language of the last dictation; empty when there was none.
    """

    language: str
    before: str = ""


def set_language(language: str, languages: Sequence[str]) -> str:
    """Give the language that is spoken by the settings: a code, or "auto" where several are possible."""
    return languages[0] if language == AUTO and len(languages) == 1 else language


def heard_in(probabilities: Mapping[str, float], spoken_s: float, before: str) -> str:
    """Give the code of the language that some speech is in.

    Args:
        probabilities: Of each language that it may be, at least one.
        spoken_s: How long someone spoke, pauses left out.
        before: The language of the last dictation; empty when there was none.
    """
    best = max(probabilities, key=lambda code: probabilities[code])
    is_short = spoken_s < ENOUGH_S
    return before if is_short and before in probabilities and probabilities[best] < SURE else best
