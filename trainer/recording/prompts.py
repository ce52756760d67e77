"""What the owner is asked to read: sentences with the own words, ordinary dictation, and hard ones."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trainer.data.checks import cleaned
from trainer.errors import DataError
from trainer.files import write_text
from trainer.sentences import MOST, carriers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from trainer.words import Word

FILE = "prompts.jsonl"
"""The list of prompts in a folder of recordings."""

WORD_SHARE, HARD_SHARE = 0.6, 0.1
"""Shares of sentences with the own words and of hard ones; the rest is ordinary dictation."""

LONGEST = 200
"""Characters of a prompt at most: about 15 s of speech, half of what Whisper takes in at once."""

_SEED = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """One sentence to read.

    Attributes:
        text: The sentence.
        kind: "word", "dictation" or "hard".
        word: The own word that it carries, if any.
        skipped: The owner does not want to read it.
    """

    text: str
    kind: str
    word: str = ""
    skipped: bool = False


def choose(words: Sequence[Word], own: Sequence[str], count: int) -> list[Prompt]:
    """Choose prompts: 60 % with the own words in turn, 30 % ordinary, 10 % hard, well mixed.

    Where there are not so many of one kind, there are more of the others.

    Args:
        words: The own words. Without any, their share goes to ordinary dictation.
        own: The owner's own sentences, which are ordinary dictation and go before the ones that ship.
        count: How many. There are fewer where all kinds run out.
    """
    ordinary, hard = _shipped("dictation", own), _shipped("hard", own)
    others = len(own) + len(ordinary) + len(hard)
    spoken = _with_words(words, max(round(count * WORD_SHARE), count - others))
    covered = _trigrams(prompt.text for prompt in spoken)
    rest = count - len(spoken) - round(count * HARD_SHARE)
    dictation = list(own[:rest])
    covered |= _trigrams(dictation)
    dictation += cover(ordinary, rest - len(dictation), covered)
    hard = cover(hard, count - len(spoken) - len(dictation), covered | _trigrams(dictation))
    kinds = [
        spoken,
        [Prompt(text, "dictation") for text in dictation],
        [Prompt(text, "hard") for text in hard],
    ]
    return _mixed(kinds)


def trigrams(text: str) -> set[str]:
    """Give the runs of three letters in a text, word by word, each with its edges marked.

    They stand for its sounds in their neighbourhoods: English spelling is no phonetic script, but a set of
    sentences that is rich in the one is rich in the other, and no pronouncing dictionary has the own words.
    """
    words = (f" {''.join(filter(str.isalpha, word))} " for word in text.casefold().split())
    return {word[start : start + 3] for word in words for start in range(len(word) - 2)}


def _trigrams(texts: Iterable[str]) -> set[str]:
    return set().union(*map(trigrams, texts))


def cover(sentences: Iterable[str], count: int, covered: AbstractSet[str] = frozenset()) -> list[str]:
    """Choose sentences that have many different trigrams between them for the letters to be read.

    Greedily, each time the sentence with the most weight a letter (Khuller, Moss, Naor, "The budgeted maximum
    coverage problem", 1999). A trigram that was seen n times weighs 1 / (1 + n)²: new ones count first.

    Args:
        sentences: To choose from.
        count: How many; all of them where there are fewer.
        covered: Trigrams that need no covering.
    """
    seen = Counter(covered)
    left = {text: trigrams(text) for text in sentences}
    chosen: list[str] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda text: sum(1 / (1 + seen[run]) ** 2 for run in left[text]) / len(text))
        seen.update(left.pop(best))
        chosen.append(best)
    return chosen


def _with_words(words: Sequence[Word], count: int) -> list[Prompt]:
    """Give so many sentences, the words taking turns."""
    if not words:
        return []
    each = min(MOST, -(-count // len(words)))
    turns = zip(*(carriers(word, each, _SEED) for word in words), strict=True)
    prompts = (
        Prompt(text, "word", word.text) for turn in turns for word, text in zip(words, turn, strict=True)
    )
    return list(itertools.islice(prompts, count))


def _mixed(kinds: list[list[Prompt]]) -> list[Prompt]:
    """Spread each kind evenly over the whole, so that any beginning of it has about the same shares."""
    places = [
        ((index + 0.5) / len(prompts), prompt) for prompts in kinds for index, prompt in enumerate(prompts)
    ]
    return [prompt for _, prompt in sorted(places, key=lambda place: place[0])]


def _shipped(name: str, own: Sequence[str]) -> list[str]:
    lines = (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line not in own]


def load_sentences(file: Path) -> list[str]:
    """Read the owner's own sentences, one a line; empty lines and repetitions count for nothing.

    Raises:
        DataError: The file cannot be read, has none, or one is too long to be read in one breath.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise DataError(f"{file} cannot be read ({error}): give a text file in UTF-8") from error
    sentences: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = cleaned(line)
        if len(text) > LONGEST:
            raise DataError(
                f"{file}, line {number}: more than {LONGEST} characters; write one sentence a line"
            )
        if text:
            sentences[text] = None
    if not sentences:
        raise DataError(f"{file} has no sentences: write one a line")
    return list(sentences)


def load(folder: Path) -> list[Prompt]:
    """Read the prompts of a folder of recordings; none where it has no list.

    Raises:
        DataError: The list cannot be read.
    """
    file = folder / FILE
    if not file.exists():
        return []
    try:
        rows: list[dict[str, Any]] = [
            json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()
        ]
        return msgspec.convert([asdict(Prompt(**row)) for row in rows], list[Prompt])
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{file} is no list of prompts ({error}): delete it, and it is made anew") from error


def save(folder: Path, prompts: Iterable[Prompt]) -> None:
    """Write the prompts of a folder of recordings, all or none of them.

    Raises:
        DataError: They cannot be written.
    """
    lines = (json.dumps(asdict(prompt), ensure_ascii=False) + "\n" for prompt in prompts)
    try:
        write_text(folder / FILE, "".join(lines))
    except OSError as error:
        raise DataError(f"{folder / FILE} cannot be written ({error.strerror}): make room") from error


def renewed(before: Sequence[Prompt], recorded: AbstractSet[str], chosen: Sequence[Prompt]) -> list[Prompt]:
    """Give a new choice of prompts that keeps what was recorded or skipped, and asks for none of it again.

    Args:
        before: The prompts so far.
        recorded: The texts that were recorded.
        chosen: The new choice. Of it there are as many as make up its number.
    """
    kept = [prompt for prompt in before if prompt.skipped or prompt.text in recorded]
    texts = {prompt.text for prompt in kept}
    new = [replace(prompt, skipped=False) for prompt in chosen if prompt.text not in texts]
    return kept + new[: max(0, len(chosen) - len(kept))]
