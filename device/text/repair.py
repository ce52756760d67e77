"""Careful repair of the owner's words in what was recognised: by what they are heard as, and by sound."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from device.text.sounds import distance, sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from device.text.vocabulary import Word

NEAREST = 0.15
"""How far a stretch of text may sound from a word that it is taken for."""

LEAST_SOUNDS = 4
"""Sounds that a word must have to be found by them: shorter ones are near to too much."""

_LEAST_JOINED = 6
"""Letters of a word that is found where it was written as several, as in "next cloud"."""

_LEAST_PART = 4
"""Letters of a common word in one that is made of two."""

_MOST_HEARD = 4
"""Words of a text that are taken for one of the list by their sound."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")  # noqa: RUF001  both apostrophes
_BETWEEN = re.compile(r"[\s-]+")
_POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)  # noqa: RUF001
_PLURAL = re.compile(r"(?<=\w\w\w)s$")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?…])[\s\"'“”‘’«»()¿¡-]*$")  # noqa: RUF001

_RIGHT, _HEARD, _JOINED = -3.0, -2.0, -1.0
"""What is surest counts first; then, what is nearest by its sound."""


class _Found(NamedTuple):
    """A stretch of text, and what it is to be; the best come first."""

    cost: float
    shorter: int
    start: int
    end: int
    text: str


class Repair:
    """Repairs texts with one list of words."""

    def __init__(
        self, words: Sequence[Word], is_common: Callable[[str], bool], nearest: float = NEAREST
    ) -> None:
        """Learn the words.

        Args:
            words: The owner's.
            is_common: Says whether a word is one that everyone uses. A stretch of nothing else stays, unless
                the list has it as what a word is heard as.
            nearest: How far a stretch may sound from a word that it is taken for.
        """
        self._words = tuple(words)
        self._is_common = is_common
        self._nearest = nearest
        self._right = {_plain(word.text): word for word in reversed(words)}
        self._texts = {word.text for word in words}
        self._heard = {_plain(heard): word for word in reversed(words) for heard in word.sounds_like}
        self._joined = {_joined(word.text): word for word in reversed(words) if self._may_be_joined(word)}
        known = (*self._right, *self._heard)
        self._longest = max(_MOST_HEARD, *(len(each.split()) for each in known)) if known else 0
        self._sounds = cache(self._sounds_in)

    def __call__(self, text: str, language: str) -> str:
        """Give a text with the owner's words in it.

        Args:
            text: What was recognised in one piece.
            language: Its code. It decides how letters sound.
        """
        taken: list[_Found] = []
        for found in sorted(self._found(text, language)):
            if all(found.end <= other.start or other.end <= found.start for other in taken):
                taken.append(found)
        for found in sorted(taken, key=lambda each: each.start, reverse=True):
            text = text[: found.start] + found.text + text[found.end :]
        return text

    def _found(self, text: str, language: str) -> Iterator[_Found]:
        for start, end, count in _stretches(text, self._longest):
            stretch = text[start:end]
            for core, ending in _inflections(stretch):
                cost, word = self._match(core, ending, count, language)
                if word and not (ending == "s" and word.text.endswith("s")):
                    written = core if cost == _RIGHT else _cased(word.text, core, text[:start])
                    yield _Found(cost, start - end, start, end, written + ending)

    def _match(self, core: str, ending: str, count: int, language: str) -> tuple[float, Word | None]:
        """Give the word that a stretch of text is taken for, and how sure that is."""
        plain = _plain(core)
        if word := self._right.get(plain):
            is_written_so = core in self._texts or self._all_common(core, self._is_common)
            return (_RIGHT if is_written_so else _HEARD), word
        if word := self._heard.get(plain):
            return _HEARD, word
        if count > 1 and (word := self._joined.get(_joined(core))):
            return _JOINED, word
        if count > _MOST_HEARD or self._all_common(core + ending, self._is_everyday):
            return 0.0, None
        return self._nearest_to(sound(core, language), language)

    def _nearest_to(self, heard: str, language: str) -> tuple[float, Word | None]:
        best, nearest = self._nearest, None
        for sounds, word in self._sounds(language):
            far = distance(heard, sounds, best)
            if far < best or (nearest is None and far == best):
                best, nearest = far, word
        return best, nearest

    def _sounds_in(self, language: str) -> list[tuple[str, Word]]:
        pairs = (
            (sound(each, language), word) for word in self._words for each in (word.text, *word.sounds_like)
        )
        return [(sounds, word) for sounds, word in pairs if len(sounds) >= LEAST_SOUNDS]

    def _is_everyday(self, word: str) -> bool:
        """Say whether a word is common, or made of two that are, as "jellyfish"."""
        return self._is_common(word) or any(
            self._is_common(word[:cut]) and self._is_common(word[cut:])
            for cut in range(_LEAST_PART, len(word) - _LEAST_PART + 1)
        )

    @staticmethod
    def _all_common(text: str, is_common: Callable[[str], bool]) -> bool:
        return all(is_common(_POSSESSIVE.sub("", found[0])) for found in _WORD.finditer(text))

    def _may_be_joined(self, word: Word) -> bool:
        return len(_joined(word.text)) >= _LEAST_JOINED


def _stretches(text: str, longest: int) -> Iterator[tuple[int, int, int]]:
    """Give all stretches of words with nothing but space and hyphens between: start, end, number of words."""
    words = list(_WORD.finditer(text))
    for first, begin in enumerate(words):
        last = begin
        for count, word in enumerate(words[first : first + longest], 1):
            if word is not begin and not _BETWEEN.fullmatch(text, last.end(), word.start()):
                break
            yield begin.start(), word.end(), count
            last = word


def _inflections(stretch: str) -> Iterator[tuple[str, str]]:
    """Give a stretch without and with the ending that it may have, as its core and its ending."""
    yield stretch, ""
    for pattern in (_POSSESSIVE, _PLURAL):
        if found := pattern.search(stretch):
            yield stretch[: found.start()], found[0]
            return


def _cased(word: str, heard: str, before: str) -> str:
    """Give a word as the list writes it, but with a capital letter where a sentence begins with one."""
    if heard[0].isupper() and word[0].islower() and word.islower() and _SENTENCE_BEGINS.search(before):
        return word[0].upper() + word[1:]
    return word


def _plain(text: str) -> str:
    """Give a text without case and accents, its words separated by spaces."""
    letters = "".join(filter(_is_no_accent, unicodedata.normalize("NFKD", text))).casefold()
    return " ".join(found[0] for found in _WORD.finditer(letters)).replace("’", "'")  # noqa: RUF001


def _is_no_accent(letter: str) -> bool:
    return not unicodedata.combining(letter)


def _joined(text: str) -> str:
    return _plain(text).replace(" ", "")
