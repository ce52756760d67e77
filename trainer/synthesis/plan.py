"""Who says what, and how: drawn by chance from a seed, before anything is spoken."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING

from trainer.errors import DataError
from trainer.sentences import carriers
from trainer.synthesis.programs import in_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trainer.synthesis.voices import Voice
    from trainer.words import Word

VALIDATION = 0.1
"""The part of each word's sentences that training does not see."""

SPEED = (0.85, 1.2)
"""How fast voices speak against their usual speed."""

PITCH_SEMITONES = (-2.0, 2.0)
"""How much higher they speak; the resonances of the mouth move with it, by 12 % at most."""

_TOGETHER = {"piper": 16}
"""Sentences that one process says in one way: Piper needs a second to start, and a quarter for each."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence: as it is to be written, as it is to be read, and what it is for."""

    text: str
    read: str
    split: str


@dataclass(frozen=True, slots=True)
class Take:
    """Sentences that a voice says at one speed and pitch."""

    voice: Voice
    lines: tuple[Line, ...]


def plan(
    words: Sequence[Word], sentences: Iterable[str], voices: Sequence[Voice], per_word: int, seed: int
) -> list[Take]:
    """Give every sentence to a voice.

    Of each word's sentences, every program says as many, whatever the number of its voices. No sentence is
    said twice.

    Raises:
        DataError: A word has not so many sentences, or an English voice would leave out letters of one.
    """
    chance = random.Random(f"{seed} plan")  # noqa: S311  # chance is to be repeatable
    reading = Reading(words)
    programs: dict[str, list[Line]] = {voice.program: [] for voice in voices}
    known: set[str] = set()
    for group in _groups(words, sentences, per_word, seed):
        texts = [text for text in dict.fromkeys(group) if text not in known]
        known.update(texts)
        chance.shuffle(texts)
        held_out = round(VALIDATION * len(texts))
        order = chance.sample(list(programs), len(programs))
        for number, (text, program) in enumerate(zip(texts, cycle(order), strict=False)):
            split = "validation" if number < held_out else "train"
            programs[program].append(Line(text, _readable(reading(text)), split))
    return [take for program, lines in programs.items() for take in _takes(program, lines, voices, chance)]


class Reading:
    """How sentences are read by a voice: words with a spelling of their sound by that."""

    def __init__(self, words: Iterable[Word]) -> None:
        """Learn how words sound.

        Args:
            words: The owner's; those that say nothing of their sound are read as they are written.
        """
        self._sounds: dict[str, str] = {}
        for word in words:
            if word.sounds_like:
                at_beginning = word.text[0].upper() + word.text[1:]
                self._sounds |= {at_beginning: word.sounds_like, word.text: word.sounds_like}
        longest_first = sorted(map(re.escape, self._sounds), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")

    def __call__(self, text: str) -> str:
        """Give a sentence as it is to be read."""
        return self._pattern.sub(lambda found: self._sounds[found[0]], text) if self._sounds else text


def _readable(text: str) -> str:
    """Give what is to be read.

    Raises:
        DataError: It has letters that English voices spell, or pass over.
    """
    odd = next((letter for letter in text if letter.isalnum() and not in_ascii(letter)), None)
    if odd:
        raise DataError(
            f"{text!r}: no English voice can read {odd!r}; write how its word sounds in English letters, "
            "behind a tab or = in the list of words, or leave it out"
        )
    return text


def _groups(
    words: Sequence[Word], sentences: Iterable[str], per_word: int, seed: int
) -> Iterator[Iterable[str]]:
    for word in words:
        try:
            yield carriers(word, per_word, seed)
        except ValueError as error:
            raise DataError(f"{word.text!r}: {error}; ask for fewer") from error
    yield sentences


def _takes(program: str, lines: list[Line], voices: Sequence[Voice], chance: random.Random) -> Iterator[Take]:
    """Give a program's sentences to its voices, each in turn, each time at another speed and pitch."""
    own = [voice for voice in voices if voice.program == program]
    chance.shuffle(own)
    chance.shuffle(lines)
    together = _TOGETHER.get(program, 1)
    starts = range(0, len(lines), together)
    for start, voice in zip(starts, cycle(own), strict=False):
        manner = replace(
            voice,
            speed=round(chance.uniform(*SPEED), 3),
            pitch_semitones=round(chance.uniform(*PITCH_SEMITONES), 2),
        )
        yield Take(manner, tuple(lines[start : start + together]))
