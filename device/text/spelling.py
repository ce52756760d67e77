"""What stands behind "spell" and "numeral". Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from device.text.forms import numeral
from device.text.words import longest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from device.text.grammar import Grammar, Phrase
    from device.text.words import Word

_Value = TypeVar("_Value")


def spelled_at(words: Sequence[Word], start: int, grammar: Grammar) -> tuple[str, int]:
    """Read what is spelled from a word on.

    Args:
        words: The words until the pause.
        start: The index of the first.
        grammar: What letters are called.

    Returns:
        The characters, and the index of the word behind them. No characters where nothing is spelled: a
        single letter that other words follow is more likely a word.
    """
    written, at = "", start
    while at < len(words):
        behind, capital = _found(words, at, dict.fromkeys(grammar.capitals, ""), grammar) or (at, None)
        letters = _letters(words, behind, grammar)
        if letters is None:
            break
        at, text = letters
        written += text.upper() if capital is not None else text
    ends = at == len(words) or _ends_spelling(words, at, grammar)
    return (written, at) if ends or len(written) > 1 else ("", start)


def numeral_at(words: Sequence[Word], start: int, grammar: Grammar) -> tuple[str, int]:
    """Read a number from a word on; give its digits and the index of the word behind it."""
    end = next((at for at in range(start, len(words)) if words[at].is_followed), len(words) - 1) + 1
    written, count = numeral([word.core for word in words[start:end]], grammar.language)
    return written, start + count


def _letters(words: Sequence[Word], at: int, grammar: Grammar) -> tuple[int, str] | None:
    if at >= len(words):
        return None
    if found := _found(words, at, {**grammar.letters, **grammar.signs}, grammar):
        return found
    core = words[at].core
    parts = core.split("-")
    single = all(len(part) == 1 and part.isalnum() for part in parts)
    if single or core.isdigit() or (core.isalpha() and core.isupper()):
        return at + 1, "".join(parts).lower()
    return None


def _found(
    words: Sequence[Word], at: int, table: Mapping[Phrase, _Value], grammar: Grammar
) -> tuple[int, _Value] | None:
    return longest(words, at, table, grammar.longest, loose=True)


def _ends_spelling(words: Sequence[Word], at: int, grammar: Grammar) -> bool:
    found = _found(words, at, grammar.rules, grammar)
    return found is not None and found[1].name == "end_spell"
