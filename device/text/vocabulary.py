"""The owner's words: names and rare words, one a line of a text file, and what they are heard as."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from device.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_WORDS = 500
"""Entries of a list. Each takes some time of every dictation."""

MOST_PARTS = 5
"""So many words may stand in one entry ("Queen Elizabeth the Second"); what has more is a sentence."""

LONGEST = 64
"""Characters of an entry, and of one way in which it is heard."""

MOST_SOUNDS = 10
"""Ways in which an entry is heard."""

MOST_COMPARED = 1000
"""Entries and the ways in which they are heard, together. Each is compared with each rare word that is said:
with the 5,500 that the limits above would allow, a hundred of those took a desktop's core nine seconds."""

HEAD = """\
# Your words: names and rare words, one a line, as they are to be written. What one is heard as may stand
# behind a "=", with commas between where there are several:
#
#     Kubernetes = cooper netties, cuban eddies
"""
"""What a new list begins with."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or name that the owner dictates.

    Attributes:
        text: As it is to be written, case included; it may have spaces.
        sounds_like: What it is heard as, in ordinary letters ("cooper netties").
    """

    text: str
    sounds_like: tuple[str, ...] = ()


def parse(content: str, name: str) -> tuple[Word, ...]:
    """Read a list of words. Lines that are empty or begin with `#` count for nothing.

    Args:
        content: One word a line, and after `=` or a tab what it is heard as.
        name: What an error calls the list.

    Raises:
        SettingsError: A line is wrong, or there are too many.
    """
    lines: dict[str, int] = {}
    words: list[Word] = []
    compared = 0
    for number, line in _entries(content):
        place = f"{name}, line {number}"
        word = _word(line, place)
        if word.text in lines:
            raise SettingsError(f"{place}: {word.text!r} is in line {lines[word.text]} already; take one out")
        if len(words) == MOST_WORDS:
            raise SettingsError(
                f"{place}: a list has at most {MOST_WORDS} words; take out what you use least"
            )
        compared += 1 + len(word.sounds_like)
        if compared > MOST_COMPARED:
            raise SettingsError(
                f"{place}: a list has at most {MOST_COMPARED} words and ways in which they are heard, "
                "together; take out what you use least"
            )
        lines[word.text] = number
        words.append(word)
    return tuple(words)


def serialise(words: Iterable[Word]) -> str:
    """Write words as a list has them, one a line."""
    return "".join(f"{_line(word)}\n" for word in words)


def add(content: str, word: Word, name: str) -> str:
    """Give a list with one more word, at its end, or with another line for a word that it has.

    Args:
        content: The list; what its owner wrote there besides stays.
        word: The word.
        name: What an error calls the list.

    Raises:
        SettingsError: The word cannot stand in a list, or the list is full or wrong itself.
    """
    line = _line(word)
    if parse(line, "the word") != (word,):
        raise SettingsError(
            f"{word.text!r} cannot stand in a list: a word has no '=', no tab, and no '#' first"
        )
    lines = content.splitlines()
    found = _found(lines, word.text, name)
    if found is None:
        lines.append(line)
    else:
        lines[found] = line
    changed = "".join(f"{each}\n" for each in lines)
    parse(changed, name)
    return changed


def remove(content: str, text: str, name: str) -> str | None:
    """Give a list without a word, or None where it has no such word.

    Args:
        content: The list; what its owner wrote there besides stays.
        text: The word, as it is written in it; in other capitals only where that can be one word alone.
        name: What an error calls the list.

    Raises:
        SettingsError: The list itself is wrong.
    """
    words = [word.text for word in parse(content, name)]
    if text not in words:
        alike = [word for word in words if word.casefold() == text.casefold()]
        text = alike[0] if len(alike) == 1 else text
    lines = content.splitlines()
    found = _found(lines, text, name)
    if found is None:
        return None
    return "".join(f"{line}\n" for number, line in enumerate(lines) if number != found)


def close_to(text: str, content: str, name: str) -> tuple[str, ...]:
    """Give those words of a list that may be meant by one that it lacks, capitals aside.

    Args:
        text: The word that it lacks.
        content: The list.
        name: What an error calls the list.

    Raises:
        SettingsError: The list itself is wrong.
    """
    words = {word.text: word.text.casefold() for word in parse(content, name)}
    close = get_close_matches(text.casefold(), words.values())
    return tuple(word for word, plain in words.items() if plain in close)


def _found(lines: list[str], text: str, name: str) -> int | None:
    """Give the index of a word's line."""
    parse("\n".join(lines), name)
    for number, line in _entries("\n".join(lines)):
        if _word(line, name).text == text:
            return number - 1
    return None


def _entries(content: str) -> Iterator[tuple[int, str]]:
    """Give the lines that count, with their numbers from 1."""
    for number, line in enumerate(content.removeprefix("\ufeff").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _line(word: Word) -> str:
    return f"{word.text} = {', '.join(word.sounds_like)}" if word.sounds_like else word.text


def _word(line: str, place: str) -> Word:
    """Read one line.

    Raises:
        SettingsError: It is wrong.
    """
    separator = "\t" if "\t" in line.strip() else "="
    text, *behind = [" ".join(unicodedata.normalize("NFC", part).split()) for part in line.split(separator)]
    if not any(map(str.isalnum, text)):
        raise SettingsError(f"{place}: there is no word; write it first, then how it sounds after a tab or =")
    if len(behind) > 1:
        raise SettingsError(f"{place}: more than one part says how {text!r} sounds; keep one")
    sounds = tuple(sound for part in behind for each in part.split(",") if (sound := each.strip()))
    _check(text, sounds, place)
    return Word(text, sounds)


def _check(text: str, sounds: tuple[str, ...], place: str) -> None:
    if len(text.split()) > MOST_PARTS:
        raise SettingsError(
            f"{place}: {text!r} is a sentence; write words, and sentences in a file of their own"
        )
    for each in (text, *sounds):
        if not each.isprintable():
            raise SettingsError(f"{place}: {each!r} has a control character; take it out")
        if len(each) > LONGEST:
            raise SettingsError(f"{place}: {each[:20]!r}... has more than {LONGEST} characters; shorten it")
    if len(sounds) > MOST_SOUNDS:
        raise SettingsError(f"{place}: {text!r} is heard in more than {MOST_SOUNDS} ways; take some out")
    if silent := next((sound for sound in sounds if not any(map(str.isalnum, sound))), None):
        raise SettingsError(f"{place}: {silent!r} has no letter; write what {text!r} is heard as")
