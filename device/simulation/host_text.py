"""What one Backspace deletes: a grapheme cluster, as people count characters."""

from __future__ import annotations

import unicodedata

_ZERO_WIDTH_JOINER = "\u200d"
_ZERO_WIDTH_NON_JOINER = "\u200c"
_SKIN_TONES = ("\N{EMOJI MODIFIER FITZPATRICK TYPE-1-2}", "\N{EMOJI MODIFIER FITZPATRICK TYPE-6}")
_FLAG_LETTERS = ("\N{REGIONAL INDICATOR SYMBOL LETTER A}", "\N{REGIONAL INDICATOR SYMBOL LETTER Z}")
_TAGS = ("\N{TAG SPACE}", "\N{CANCEL TAG}")


def without_last_cluster(text: str) -> str:
    """Give a text without its last grapheme cluster.

    The rules are those of Unicode Standard Annex 29 for combining marks, joined emoji and flags (GB9, GB9a,
    GB11 to GB13); the parts of Hangul syllables and prepended marks, which no layout types, are left out.
    """
    end = len(text) - 1
    while end > 0 and _joins(text, end):
        end -= 1
    return text[: max(end, 0)]


def _joins(text: str, at: int) -> bool:
    """Say whether the character there is of one cluster with the one before it."""
    before, character = text[at - 1], text[at]
    if unicodedata.category(before) in {"Cc", "Zl", "Zp"}:
        return False
    if _extends(character):
        return True
    if before == _ZERO_WIDTH_JOINER:
        return unicodedata.category(character) == "So"
    if not (_is_flag_letter(before) and _is_flag_letter(character)):
        return False
    first = at
    while first > 0 and _is_flag_letter(text[first - 1]):
        first -= 1
    return (at - first) % 2 == 1


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character).startswith("M")
        or character in {_ZERO_WIDTH_JOINER, _ZERO_WIDTH_NON_JOINER}
        or _SKIN_TONES[0] <= character <= _SKIN_TONES[1]
        or _TAGS[0] <= character <= _TAGS[1]
    )


def _is_flag_letter(character: str) -> bool:
    return _FLAG_LETTERS[0] <= character <= _FLAG_LETTERS[1]
