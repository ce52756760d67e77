"""From what was recognised to what is typed. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from device.text.fold import fold

if TYPE_CHECKING:
    from device.settings import TextSettings

_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[\n ]*")
_ENDS_SENTENCE = re.compile(r"""[.!?…]["'”\N{RIGHT SINGLE QUOTATION MARK})\]]*\s*$""")
_OPENING = "\"'“„\N{LEFT SINGLE QUOTATION MARK}«([¿¡"


def format_text(raw: str, before: str, settings: TextSettings) -> str:
    """Give exactly the characters to type for one dictation.

    Args:
        raw: The transcript.
        before: What was typed just before it into the same place, or nothing.
        settings: What the user wants.

    Returns:
        One run of text without control characters; line breaks only where the settings allow them. Empty
        when there is nothing to type.
    """
    text = clean(raw, newlines=settings.newlines)
    if settings.typography == "ascii":
        text = unicodedata.normalize("NFC", fold(text))
    if not text:
        return ""
    if settings.sentence_case and (not before.strip() or _ENDS_SENTENCE.search(before)):
        text = capitalise(text)
    return joint(before, settings) + text


def clean(text: str, *, newlines: bool) -> str:
    """Normalise to composed characters and single spaces, with no control character left."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(character for character in text if character.isspace() or _is_printed(character))
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", text))
    return _BREAKS.sub("\n" if newlines else " ", text).strip()


def capitalise(text: str) -> str:
    """Make the first letter a capital, behind opening quotes and brackets; other beginnings stay."""
    for index, character in enumerate(text):
        if character not in _OPENING:
            # The title case: Georgian has capitals, but none at the beginning of a sentence.
            capital = character.title()
            # One character for one: the capital of ß would be two.
            return text[:index] + capital + text[index + 1 :] if len(capital) == 1 else text
    return text


def joint(before: str, settings: TextSettings) -> str:
    """Give what separates a dictation from the one before it."""
    return " " if settings.join == "space" and before and not before[-1].isspace() else ""


def _is_printed(character: str) -> bool:
    """Say whether a character is text: neither control, nor format, surrogate, private or unassigned.

    The joiners of emoji and of Indic scripts are format characters, but part of the letters.
    """
    return unicodedata.category(character)[0] != "C" or character in "\u200c\u200d"
