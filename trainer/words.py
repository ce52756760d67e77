"""The owner's words: names and terms that the stock model gets wrong, one a line in a text file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import SettingsError
from device.text.vocabulary import parse
from trainer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


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
    """Read a list of words as the device has it: one a line, and after `=` or a tab what it is heard as.

    Of several such ways, the first counts as how it is said. Lines that are empty or begin with `#` count for
    nothing.

    Raises:
        DataError: The file cannot be read, has no words, or one of its lines is wrong.
    """
    try:
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise DataError(f"{file} cannot be read ({error}): give a text file in UTF-8") from error
    try:
        words = parse(content, str(file))
    except SettingsError as error:
        raise DataError(str(error)) from error
    if not words:
        raise DataError(f"{file} has no words: write one a line")
    return [Word(word.text, next(iter(word.sounds_like), "")) for word in words]
