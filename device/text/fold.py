"""Plain characters for those that a keyboard lacks.

`fold` is for all text: typographic punctuation, which Whisper writes and few keyboards have. It leaves
letters alone, since the host's layout may well type them. `substitute` is for a single character that the
layout turned out to lack, and goes further: an "e" for an "e" with an accent is better than a hole.
"""

from __future__ import annotations

import re
import unicodedata

_FRACTIONS = (
    "\u00bc\u00bd\u00be\u2150\u2151\u2152\u2153\u2154\u2155"
    "\u2156\u2157\u2158\u2159\u215a\u215b\u215c\u215d\u215e"
)
_LIGATURES = "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# Soft hyphen, zero width space, word joiner, byte order mark, and the marks of writing direction. The zero
# width joiners stay: they are spelling in Persian and Hindi.
_INVISIBLE = "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a\u02bb\u02bc"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb"
_SHORT_DASHES = "\u2010\u2011\u2012\u2013\u2212"  # hyphens, figure dash, en dash, minus
_LONG_DASHES = "\u2014\u2015"  # em dash, horizontal bar
_BULLETS = "\u2022\u2023\u2043\u2219\u25aa\u25cf\u25e6"
_SLASHES = "\u2044\u2215"


def _compatible(character: str) -> str:
    """Give the letters or digits that a ligature or fraction is made of."""
    return unicodedata.normalize("NFKD", character).replace("\N{FRACTION SLASH}", "/")


_FOLDED = str.maketrans(
    {
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_INVISIBLE, ""),
        **dict.fromkeys(_SINGLE_QUOTES, "'"),
        **dict.fromkeys(_DOUBLE_QUOTES, '"'),
        **dict.fromkeys(_SHORT_DASHES, "-"),
        # One hyphen would join the words that the long dash keeps apart.
        **dict.fromkeys(_LONG_DASHES, "--"),
        **dict.fromkeys(_BULLETS, "*"),
        **dict.fromkeys(_SLASHES, "/"),
        **{each: _compatible(each) for each in _FRACTIONS + _LIGATURES},
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{COPYRIGHT SIGN}": "(C)",
        "\N{REGISTERED SIGN}": "(R)",
        "\N{TRADE MARK SIGN}": "(TM)",
    }
)

# "1" and a half is 1 1/2, not 11/2.
_MIXED_NUMBER = re.compile(rf"(?<=\d)(?=[{_FRACTIONS}])")

# What Unicode does not take apart.
_LETTERS = str.maketrans(
    {
        "\N{LATIN SMALL LETTER SHARP S}": "ss",
        "\N{LATIN CAPITAL LETTER SHARP S}": "SS",
        "\N{LATIN SMALL LETTER AE}": "ae",
        "\N{LATIN CAPITAL LETTER AE}": "AE",
        "\N{LATIN SMALL LIGATURE OE}": "oe",
        "\N{LATIN CAPITAL LIGATURE OE}": "OE",
        "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
        "\N{LATIN CAPITAL LETTER O WITH STROKE}": "O",
        "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
        "\N{LATIN CAPITAL LETTER L WITH STROKE}": "L",
        "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
        "\N{LATIN CAPITAL LETTER D WITH STROKE}": "D",
        "\N{LATIN SMALL LETTER ETH}": "d",
        "\N{LATIN CAPITAL LETTER ETH}": "D",
        "\N{LATIN SMALL LETTER THORN}": "th",
        "\N{LATIN CAPITAL LETTER THORN}": "Th",
        "\N{LATIN SMALL LETTER H WITH STROKE}": "h",
        "\N{LATIN CAPITAL LETTER H WITH STROKE}": "H",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{LATIN SMALL LETTER ENG}": "ng",
        "\N{LATIN CAPITAL LETTER ENG}": "Ng",
    }
)

_SIGNS = {
    "\N{EURO SIGN}": "EUR",
    "\N{POUND SIGN}": "GBP",
    "\N{YEN SIGN}": "JPY",
    "\N{INDIAN RUPEE SIGN}": "INR",
    "\N{CENT SIGN}": "c",
    "\N{DEGREE SIGN}": "deg",
    "\N{DEGREE CELSIUS}": "degC",
    "\N{DEGREE FAHRENHEIT}": "degF",
    "\N{SECTION SIGN}": "Sec.",
    "\N{MICRO SIGN}": "u",
    "\N{PLUS-MINUS SIGN}": "+/-",
    "\N{DIVISION SIGN}": "/",
    "\N{MIDDLE DOT}": ".",
    "\N{ACUTE ACCENT}": "'",
    "\N{BROKEN BAR}": "|",
    "\N{ALMOST EQUAL TO}": "~",
    "\N{NOT EQUAL TO}": "!=",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{LEFTWARDS ARROW}": "<-",
    "\N{RIGHTWARDS DOUBLE ARROW}": "=>",
    # Spanish that is written without them is still read as meant; a wrong mark in their place is not.
    "\N{INVERTED QUESTION MARK}": "",
    "\N{INVERTED EXCLAMATION MARK}": "",
}


def fold(text: str) -> str:
    """Write typographic punctuation, spaces, fractions and ligatures in ASCII; leave all else as it is."""
    return _MIXED_NUMBER.sub(" ", text).translate(_FOLDED)


def substitute(character: str, before: str = "") -> str | None:
    """Say what to type for a character that the layout lacks.

    Args:
        character: One code point.
        before: The one before it, which fractions and superscripts depend on.

    Returns:
        Printable ASCII, empty for what is invisible, or `None` when nothing reasonable stands for it.
    """
    if character.isspace():
        return " "  # a line break that may not be typed still keeps words apart
    if character in _FRACTIONS:
        return fold(before + character).removeprefix(fold(before))
    if unicodedata.category(character) in {"Cf", "Mn"}:
        return ""
    instead = _SIGNS.get(character) if character in _SIGNS else _taken_apart(fold(character))
    if instead is None or not instead.isascii() or not instead.isprintable():
        return None
    # 10 with a superscript 2 is 10^2, not 102.
    return "^" + instead if _is_raised(character) and not _is_raised(before) else instead


def _taken_apart(text: str) -> str | None:
    """Take accents off letters. Other signs keep theirs: a struck-through "=" is not an "="."""
    parts = unicodedata.normalize("NFKD", text)
    bare = "".join(part for part in parts if unicodedata.category(part) != "Mn")
    if bare != parts and not text.isalpha():
        return None
    return fold(bare.translate(_LETTERS))


def _is_raised(character: str) -> bool:
    """Say whether this is a superscript digit or sign. Raised letters read well enough on the line."""
    if not character or character.isalpha():
        return False
    return (
        unicodedata.decomposition(character).startswith("<super>")
        and character.translate(_FOLDED) == character
    )
