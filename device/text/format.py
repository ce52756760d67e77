"""From what was dictated to the characters that are typed: spaces, capitals, plain characters. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from device.text.body import BREAK, KEYS, Case, Piece
from device.text.fold import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.settings import TextSettings

_SPACES = re.compile(r"\s+")
_ENDS_SENTENCE = re.compile(r"""[.!?…]["'”\N{RIGHT SINGLE QUOTATION MARK})\]]*\s*$""")
_DOTTED = {"az", "tr"}
"""Languages in which the capital of i keeps its dot (Unicode, SpecialCasing.txt)."""

_ENDS_WITHIN = re.compile(r"""(?:[!?]|(?<![.…])\.)\s*$|[\n\r\t\x1b]$""")
"""The same within a dictation, where an ellipsis ends no sentence, nor a quotation the one around it."""

_ADDRESS = re.compile(r"\S*(?:[@_]|://|\w\.[^\W\d_]{2})")
"""The beginning of an address, a name of a user or a file; "e.g." is none."""

_OPENING = "\"'“„\N{LEFT SINGLE QUOTATION MARK}«([¿¡"
_NO_SPACE_BEHIND = re.compile(r"""(?:[(\[{¿¡@/\\_“„\u2018\s\x1b]|(?:^|\s)["'])$""")


def format_text(raw: str, before: str, settings: TextSettings, language: str = "en") -> str:
    """Give exactly the characters to type for a text without commands.

    Args:
        raw: The text.
        before: What was typed just before it into the same place, or nothing.
        settings: What the user wants.
        language: Code of the language that it is in.

    Returns:
        One run of text without control characters. Empty when there is nothing to type.
    """
    return format_pieces([Piece(raw, is_words=True)], before, settings, language)


def format_pieces(
    pieces: Sequence[Piece],
    before: str,
    settings: TextSettings,
    language: str,
    style: Callable[[str], str] = lambda text: text,
) -> str:
    r"""Give exactly the characters to type for one dictation.

    Args:
        pieces: What was dictated.
        before: What was typed just before it into the same place, or nothing.
        settings: What the user wants.
        language: Code of the language that it is in.
        style: What is done with the whole text at last.

    Returns:
        Text without control characters but those that are pieces. Empty when there is nothing to type.
    """
    text, joins = "", True
    ground = ""  # the text without the brackets and quotation marks that are open at its end
    hangs = False  # the text begins with what has no space before it
    for piece, behind in zip(pieces, [*pieces, None][1:], strict=True):
        written = _written(piece, settings, language)
        if not written:
            continue
        if piece.is_words and piece.case is Case.AS_SAID and settings.sentence_case:
            begins = _ENDS_WITHIN.search(ground) if ground else begins_sentence(before)
            is_name = behind is not None and behind.text == "@" and " " not in written
            stays = not begins or is_name or _has_own_case(written)
            written = written if stays else capitalise(written, language)
        hangs = hangs if text else piece.joins_before
        if written[0] in " \u00a0\u202f" and text.endswith(("!", "?")):
            written = written.lstrip()  # French has one space before them all
        text += written if joins or piece.joins_before else f" {written}"
        joins = piece.joins_after
        ground = ground if _opens(piece) else text
    if not text:
        return ""
    return ("" if hangs else joint(before, settings)) + style(text)


def clean(text: str) -> str:
    """Normalise to composed characters and single spaces, with no control character left."""
    text = "".join(character for character in text if character.isspace() or _is_printed(character))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def begins_sentence(before: str) -> bool:
    """Say whether a sentence or a line begins behind a text."""
    return not before.strip() or bool(_ENDS_SENTENCE.search(before)) or before.rstrip(" ")[-1] in BREAK + KEYS


def capitalise(text: str, language: str = "en") -> str:
    """Make the first letter a capital, behind opening quotes and brackets; other beginnings stay."""
    for index, character in enumerate(text):
        if character not in _OPENING:
            # The title case: Georgian has capitals, but none at the beginning of a sentence.
            dotted = character == "i" and language in _DOTTED
            capital = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}" if dotted else character.title()
            # One character for one: the capital of ß would be two.
            return text[:index] + capital + text[index + 1 :] if len(capital) == 1 else text
    return text


def _has_own_case(text: str) -> bool:
    """Say whether a text begins with what no sentence gives a capital: an address, a name as iPhone."""
    text = text.lstrip(_OPENING)
    capital = next((index for index, character in enumerate(text) if character.isupper()), 0)
    return bool(_ADDRESS.match(text)) or text[:capital].isalpha()


def joint(before: str, settings: TextSettings) -> str:
    """Give what separates a dictation from the one before it."""
    return " " if settings.join == "space" and before and not _NO_SPACE_BEHIND.search(before) else ""


def _opens(piece: Piece) -> bool:
    """Say whether a sentence may begin in what a mark opens: a quotation, or a question in Spanish."""
    return piece.joins_after and piece.text.strip() in tuple("\"'“„«\N{LEFT SINGLE QUOTATION MARK}¿¡")


def _written(piece: Piece, settings: TextSettings, language: str) -> str:
    """Give the characters of a piece, wherever it stands."""
    if not piece.is_words and not piece.text.strip(BREAK + KEYS):
        return piece.text
    text = clean(piece.text) if piece.is_words else piece.text
    if settings.typography == "ascii":
        text = unicodedata.normalize("NFC", fold(text))
    text = text.replace(" ", "") if piece.is_solid else text
    match piece.case:
        case Case.SMALL:
            return text.lower()
        case Case.ALL_CAPITALS:
            return text.upper()
        case Case.CAPITAL:
            return " ".join(capitalise(word, language) for word in text.split(" "))
    return text


def _is_printed(character: str) -> bool:
    """Say whether a character is text: neither control, nor format, surrogate, private or unassigned.

    The joiners of emoji and of Indic scripts are format characters, but part of the letters.
    """
    return unicodedata.category(character)[0] != "C" or character in "\u200c\u200d"
