"""How often the owner's words are right."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from trainer.evaluation.results import CLEAN, Result, WordScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.words import Word

_SPOKEN_SIGNS = frozenset("#%&@")
"""Punctuation to Unicode, but said aloud: "C#" is not "C"."""


def occurrences(word: str, text: str) -> int:
    """Count a word in a text, without regard to case and punctuation, but only whole.

    A word that has spaces or punctuation inside, as in "Queen Mary" or "Node.js", is found as its parts in a
    row, whatever is between them. Occurrences do not overlap.
    """
    return _count(_parts(word), _parts(text))


def word_scores(words: Sequence[Word], results: Iterable[Result]) -> list[WordScore]:
    """Give how often each model had each word right, over all clean recordings."""
    by_model: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for result in results:
        if result.tier == CLEAN:
            pair = (_parts(result.reference), _parts(result.text))
            by_model.setdefault(result.model, []).append(pair)
    return [_score(model, word.text, pairs) for model, pairs in by_model.items() for word in words]


def _score(model: str, word: str, pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> WordScore:
    parts = _parts(word)
    counts = [(_count(parts, said), _count(parts, heard)) for said, heard in pairs]
    return WordScore(
        model=model,
        word=word,
        right=sum(min(count) for count in counts),
        of=sum(said for said, _ in counts),
        invented=sum(max(0, heard - said) for said, heard in counts),
    )


def _parts(text: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return tuple("".join(" " if _separates(character) else character for character in folded).split())


def _separates(character: str) -> bool:
    return unicodedata.category(character).startswith("P") and character not in _SPOKEN_SIGNS


def _count(word: tuple[str, ...], text: tuple[str, ...]) -> int:
    count = index = 0
    while word and index <= len(text) - len(word):
        found = text[index : index + len(word)] == word
        count += found
        index += len(word) if found else 1
    return count
