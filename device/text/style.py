"""The user's own style of punctuation and spaces. Pure.

It comes last, behind the folding to ASCII: a style that is asked for is typed, whatever the typography.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from device.text.forms_words import form_words
from device.text.style_commas import with_oxford_commas, without_oxford_commas

if TYPE_CHECKING:
    from device.settings import StyleSettings

_EM, _EN, _NARROW = "—", "\N{EN DASH}", "\N{NARROW NO-BREAK SPACE}"
_APOSTROPHE, _OPENING_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}", "\N{LEFT SINGLE QUOTATION MARK}"
# A dash between words. Hyphens, ranges, subtractions, lists and the options of commands are none.
_DASH = re.compile(
    r"(?<=\S)(?:[^\S\n]*—[^\S\n]*|(?<=[^\W\d])--(?=[^\W\d])|[^\S\n]--(?:[^\S\n]|\Z)"
    r"|(?<!\d)[^\S\n][\N{EN DASH}-](?:[^\S\n]|\Z)|(?<=\d)[^\S\n][\N{EN DASH}-][^\S\n](?!\d))"
)
_PERCENT = re.compile(r"(?<=\d)[^\S\n]?%")
_FRENCH_MARKS = re.compile(
    r"""(?<=[\w)\]"'\N{RIGHT SINGLE QUOTATION MARK}%€$°…»])[^\S\n]*"""
    r"""([;:!?]+(?=[\s»")]|\Z)|»(?=[\s»"),.;:!?]|\Z))"""
)
_FRENCH_OPENING = re.compile(r"«[^\S\n]*(?=\S)")

_LOW = "\N{SINGLE LOW-9 QUOTATION MARK}"
_STRAIGHT = str.maketrans(
    dict.fromkeys("“”„‟", '"')
    | dict.fromkeys([_OPENING_APOSTROPHE, _APOSTROPHE, _LOW], "'")
    | dict.fromkeys(["\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"], "'")
    | dict.fromkeys(["\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"], "'")
)
_QUOTES = {
    "curly": ("“", "”", _OPENING_APOSTROPHE, _APOSTROPHE),
    "german": ("„", "“", _LOW, _OPENING_APOSTROPHE),
}
"""Double and single ones, before and behind."""


def apply(text: str, language: str, settings: StyleSettings) -> str:
    """Write a text in the user's style.

    Args:
        text: What is to be typed.
        language: The code of its language.
        settings: What the user wants.
    """
    if language == "en" and settings.oxford_comma != "keep":
        text = (with_oxford_commas if settings.oxford_comma == "always" else without_oxford_commas)(text)
    if settings.dash != "keep":
        text = _with_dashes(text, settings.dash, language)
    if settings.quotes != "keep":
        text = _with_quotes(text, settings.quotes, language)
    if settings.percent != "keep":
        text = _PERCENT.sub(" %" if settings.percent == "spaced" else "%", text)
    if settings.units != "keep" and (units := _units(language)):
        text = units.sub(r" \1" if settings.units == "spaced" else r"\1", text)
    if language == "fr" and settings.french_spaces != "keep":
        space = _NARROW if settings.french_spaces == "narrow" else ""
        text = _FRENCH_OPENING.sub(f"«{space}", _FRENCH_MARKS.sub(rf"{space}\1", text))
    return text


def _with_dashes(text: str, dash: str, language: str) -> str:
    """Write each dash in one way: the em dash without spaces in English, all others with them."""
    if dash == "em" and language == "en":
        return _DASH.sub(_EM, text)
    sign = {"em": _EM, "en": _EN, "hyphen": "-"}[dash]
    return _DASH.sub(lambda match: f" {sign}" + (" " if match.end() < len(text) else ""), text)


def _with_quotes(text: str, quotes: str, language: str) -> str:
    text = _straight(text)
    if quotes == "straight":
        return text
    if quotes == "guillemets":
        opening, closing = {"de": ("»", "«"), "fr": ("« ", " »")}.get(language, ("«", "»"))
        return _paired(text, '"', opening, closing)
    opening, closing, single_opening, single_closing = _QUOTES[quotes]
    text = _paired(_paired(text, '"', opening, closing), "'", single_opening, single_closing)
    return re.sub(r"(?<=[^\W\d])'|'(?=\d\ds?\b)", _APOSTROPHE, text)


def _straight(text: str) -> str:
    """Give all quotation marks as those of a typewriter, guillemets without the spaces within."""
    text = re.sub(r"«[\s]?|[\s]?»", '"', text) if "«" in text and not _is_german(text) else text
    return text.translate(_STRAIGHT).translate(str.maketrans("«»", '""'))


def _is_german(text: str) -> bool:
    """Say whether guillemets point inwards, as in German books."""
    return bool(re.search(r"»\w", text))


def _paired(text: str, mark: str, opening: str, closing: str) -> str:
    """Write pairs of marks; one without its partner, as that of inches, stays."""
    pair = re.compile(
        rf"(?<![\w{mark}.,!?;:]){mark}(?=\S)([^{mark}\n]*?(?:(?<=\w){mark}(?=\w)[^{mark}\n]*?)*)(?<=\S){mark}(?!\w)"
    )
    return pair.sub(lambda match: opening + match[1] + closing, text)


@cache
def _units(language: str) -> re.Pattern[str] | None:
    words = form_words(language)
    if words is None:
        return None
    symbols = "|".join(re.escape(symbol) for symbol in sorted(words.units, key=len, reverse=True))
    return re.compile(rf"(?<=\d)[^\S\n]?({symbols})(?![\w/²³])")
