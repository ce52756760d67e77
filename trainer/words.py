"""The owner's words: names and terms that the stock model gets wrong, one a line in a text file."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

MOST_PARTS = 5
"""So many words may stand in one entry ("Queen Elizabeth the Second"); what has more is a sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or name that the owner dictates.

    Attributes:
        text: As it is to be written, case included; it may have spaces.
        sounds_like: As it is said, in ordinary English letters ("koo burr net eez"); empty where the
            spelling says it.
    """

    text: str
    sounds_like: str = ""


def load_words(file: Path) -> list[Word]:
    """Read a list of words: one a line, and after a tab or `=` how it sounds if that is not plain.

    Lines that are empty or begin with `#` count for nothing.

    Raises:
        DataError: The file cannot be read, has no words, or one of its lines is wrong.
    """
    try:
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise DataError(f"{file} cannot be read ({error}): give a text file in UTF-8") from error
    lines: dict[str, int] = {}
    words = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        word = _word(line, f"{file}, line {number}")
        if word.text in lines:
            raise DataError(
                f"{file}, line {number}: {word.text!r} is in line {lines[word.text]} already; take one out"
            )
        lines[word.text] = number
        words.append(word)
    if not words:
        raise DataError(f"{file} has no words: write one a line")
    return words


def _word(line: str, place: str) -> Word:
    """Read one line.

    Raises:
        DataError: It is wrong.
    """
    separator = "\t" if "\t" in line.strip() else "="
    text, *sounds = [" ".join(unicodedata.normalize("NFC", part).split()) for part in line.split(separator)]
    if not any(map(str.isalnum, text)):
        raise DataError(f"{place}: there is no word; write it first, then how it sounds after a tab or =")
    if len(sounds) > 1:
        raise DataError(f"{place}: more than one part says how {text!r} sounds; keep one")
    if len(text.split()) > MOST_PARTS:
        raise DataError(f"{place}: {text!r} is a sentence; write words, and sentences in a file of their own")
    if not text.isprintable():
        raise DataError(f"{place}: {text!r} has a control character; take it out")
    return Word(text, sounds[0] if sounds else "")
