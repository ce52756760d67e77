"""Which words were said in which stretch between pauses: from times of tokens to words by stretch. Pure.

The pauses of a piece are not in its sound: its passages are joined. So a word belongs to the passage in whose
part of the sound its middle lies. Its beginning would not do: in Whisper's attention a word that follows a
pause begins within it.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Moments = Sequence[tuple[int, float]]
    """Pairs of the number of a token and a moment, in seconds, at which it is said; both only grow."""


def words_of(tokens: Sequence[str]) -> list[range]:
    """Give the numbers of the tokens of each word: a word begins where a token begins with a space."""
    starts = [number for number, text in enumerate(tokens) if number == 0 or text.startswith(" ")]
    return [range(*word) for word in pairwise([*starts, len(tokens)])]


def passages_of(
    words: Sequence[range], tokens: Sequence[str], moments: Moments, joints_s: Sequence[float]
) -> list[int]:
    """Give the number of the passage of each word; it never falls from one word to the next.

    Args:
        words: The tokens of each word, by their numbers.
        tokens: The text of each token.
        moments: When the tokens are said. A token may have none.
        joints_s: Where each passage but the first begins in the sound, in seconds.
    """
    said: dict[int, list[float]] = {}
    for token, moment_s in moments:
        said.setdefault(token, []).append(moment_s)

    def passage(word: range) -> int:
        # The marks of a word are said in the pause behind it.
        letters = [number for number in word if any(map(_is_letter, tokens[number]))]
        times_s = [moment_s for number in letters for moment_s in said.get(number, ())]
        # Marks alone, and what has no time, stay with the word before.
        return bisect_right(joints_s, (min(times_s) + max(times_s)) / 2) if times_s else 0

    return list(accumulate(map(passage, words), max))


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "\N{REPLACEMENT CHARACTER}"  # a part of one, of two tokens
