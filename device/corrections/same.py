"""Whether two dictations are likely the same sentence, spoken twice. All of it is pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_LIKENESS = 0.5
"""Of the letters, so many must agree. Measured with tiny.en on recordings with added noise: see
docs/corrections.md. A pair that is missed costs nothing, a wrong one teaches what nobody said."""

MOST_SLOWER = 2.0
"""Who speaks for a listener that has not understood speaks at half the speed at most (Picheny, Durlach and
Braida, Speaking Clearly for the Hard of Hearing II, 1986: 200 words a minute become 100)."""


def is_same(undone: str, stays: str, undone_s: float, stays_s: float) -> bool:
    """Say whether a dictation that was taken back is likely the sentence that stays, understood otherwise.

    What was understood in the same words both times teaches nothing, and is as good as another sentence.

    Args:
        undone: What was understood of the one that was taken back.
        stays: What was understood of the one that stays.
        undone_s: How long somebody speaks in the first.
        stays_s: How long in the second.
    """
    first, second = letters(undone), letters(stays)
    if not (first and second and undone_s and stays_s) or first == second:
        return False
    is_as_long = max(undone_s, stays_s) <= MOST_SLOWER * min(undone_s, stays_s)
    return is_as_long and likeness(first, second) >= LEAST_LIKENESS


def likeness(first: str, second: str) -> float:
    """Give the share of letters that need not be changed to make one text of the other, 0 to 1.

    Letters and not words: who is misunderstood is misunderstood in words that sound alike.
    """
    longer = max(len(first), len(second))
    return 1 - _distance(first, second) / longer if longer else 1.0


def letters(text: str) -> str:
    """Give the letters and digits of a text, small and without accents: neither is heard."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filter(str.isalnum, plain))


def _distance(first: str, second: str) -> int:
    """Give the distance of Levenshtein: a row at a time, as two texts have up to half a million pairs."""
    codes = np.array([ord(each) for each in second], np.int32)
    places = np.arange(len(second) + 1, dtype=np.int32)
    row: NDArray[Any] = places
    for done, letter in enumerate(first, 1):
        kept = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(letter)))
        # An insertion costs one a place: the least of all that begin before is found at once.
        row = np.minimum.accumulate(np.concatenate(([done], kept)) - places) + places
    return int(row[-1])
