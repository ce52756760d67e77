"""The sounds that people make while they think, left out of the text. Pure."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

_JOINS = "'\N{RIGHT SINGLE QUOTATION MARK}-"
"""What makes a sound part of a word, as in "uh-huh"."""

_FILE = Path(__file__).with_name("fillers.toml")


class _Sounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those of a language: see the file."""

    sounds: str
    apart: str = "(?!)"
    not_apart: str = "(?!)"


def drop(text: str, language: str) -> str:
    """Leave out the fillers, with the marks that belong to them and to nothing else.

    Args:
        text: What was recognised.
        language: Code of its language. In one whose fillers are not known all stays as it is.
    """
    pattern = _pattern(language)
    before = None
    while pattern and text != before:  # one that ends a sentence may stand before another one
        before, text = text, pattern.sub(_without, text)
    return text


@cache
def _pattern(language: str) -> re.Pattern[str] | None:
    words = msgspec.toml.decode(_FILE.read_bytes(), type=dict[str, _Sounds]).get(language)
    if words is None:
        return None
    sounds = rf"(?:{words.sounds})(?![\w{_JOINS}])"
    apart = (
        rf"(?:(?<=, )|(?<=[.!?…] )|(?<![\s\S]))(?:{words.apart})(?=,(?! (?:{words.not_apart})\b)|\.{{3}}|…)"
    )
    filler = rf"(?:{sounds}|{apart})"
    several = rf"{filler}(?:(?:,|\.{{3}}|…)? {filler})*"
    return re.compile(
        rf"(?P<comma>,?)(?P<space>\s*)(?<![\w{_JOINS}])(?P<filler>{several})"
        r"(?P<mark>\.{3}|[,…]|[.!?]+)?(?P<next>\s+\w)?",
        re.IGNORECASE,
    )


def _without(match: re.Match[str]) -> str:
    comma, space, filler, mark, following = match.group("comma", "space", "filler", "mark", "next")
    if filler.isupper() and len(filler) > 1:
        return match[0]  # a name, as "ER"
    before = match.string[: match.start()].rstrip()
    begins = not before or (before[-1] in ".!?…:" and not comma)
    ends = bool(mark) and mark[0] in ".!?" and mark != "..."
    if begins:
        following = following or ""
        if filler[0].isupper():
            following = following.upper()
        return (space if before else "") + following.lstrip() if following else ""
    if ends:
        return f"{mark}{following or ''}"
    # The marks on both sides are the filler's; one alone before it may part what it stands between.
    kept = comma if not mark else ""
    return kept + (following or "")
