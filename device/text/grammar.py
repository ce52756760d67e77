"""What can be said as a command, by language. The files in `grammar/` are data.

A language without a file has no commands.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from device.text.words import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FILES = Path(__file__).with_name("grammar")

Command = Literal[
    "new_line",
    "new_paragraph",
    "cap",
    "caps_on",
    "caps_off",
    "all_caps",
    "all_caps_on",
    "all_caps_off",
    "no_caps",
    "no_caps_on",
    "no_caps_off",
    "no_space",
    "no_space_on",
    "no_space_off",
    "numeral",
    "spell",
    "end_spell",
    "scratch_that",
    "type_again",
    "press_enter",
    "press_tab",
    "press_escape",
]
"""What a phrase can do besides writing a mark."""

Kind = Literal["stop", "open", "close", "joint", "sign"]
"""How a mark stands between words, see `Mark`."""

Needs = Literal["", "mark", "sentence"]

_OPENERS = frozenset(
    {
        "cap",
        "caps_on",
        "all_caps",
        "all_caps_on",
        "no_caps",
        "no_caps_on",
        "no_space_on",
        "numeral",
        "spell",
    }
)
_CLOSERS = frozenset({"caps_off", "all_caps_off", "no_caps_off", "no_space_off", "end_spell"})


class Guards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be said for a command, and around it against it.

    Attributes:
        phrases: What is said, each in small letters.
        misheard: What small models often write for them. It counts only as a sentence of its own.
        not_after: Words directly before it that make it text; "*ing" is every word that ends so.
        not_before: Words directly behind it that make it text.
        needs_before: What must stand before it within a sentence: any mark or pause, or a sentence's end.
        needs_after: What must stand behind it.
    """

    phrases: tuple[str, ...]
    misheard: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()
    needs_before: Needs = ""
    needs_after: Needs = ""


class Mark(Guards, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mark with a name.

    Attributes:
        text: How it is written.
        kind: How it stands: "stop" behind a word; "open" before one, "close" behind one; "joint" between two
            without spaces, "sign" with spaces.
        needs_close: It counts only where a mark of the kind "close" and the same table follows.
        is_decimal: Between two numbers it is said for the decimal mark, which belongs to the number.
    """

    text: str
    kind: Kind
    needs_close: bool = False
    is_decimal: bool = False


class Spelling(Struct, frozen=True, forbid_unknown_fields=True):
    """What can be spelled: letters and signs by what is said for them, and what makes a letter a capital."""

    letters: dict[str, str] = {}
    signs: dict[str, str] = {}
    capital: tuple[str, ...] = ()


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """Words that are written in a way of their own.

    Attributes:
        lower: Those that have a capital only where a sentence begins.
        abbreviations: Those whose dot ends no sentence.
    """

    lower: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    lists: dict[str, tuple[str, ...]] = {}
    commands: dict[Command, Guards] = {}
    punctuation: dict[str, Mark] = {}
    quotes: dict[str, Mark] = {}
    brackets: dict[str, Mark] = {}
    spelling: Spelling = Spelling()
    text: Words = Words()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a phrase means.

    Attributes:
        name: The command, or the name of the mark.
        group: The key of [commands] that allows it.
        opens: Something follows that it is about.
        closes: It ends what another opened.
        guards: What speaks against it.
        mark: The mark that it writes, or None.
        not_after: Words before it that make it text.
        not_before: Words behind it that make it text.
    """

    name: str
    group: str
    opens: bool
    closes: bool
    guards: Guards
    mark: Mark | None
    not_after: Guard
    not_before: Guard


class Guard:
    """A set of words; some of them are given by their end only."""

    def __init__(self, words: Iterable[str]) -> None:
        words = list(words)
        self._whole = frozenset(word for word in words if not word.startswith("*"))
        self._ends = tuple(word[1:] for word in words if word.startswith("*"))

    def __contains__(self, word: str) -> bool:
        """Say whether it has a word, which is in small letters."""
        return word in self._whole or (bool(self._ends) and word.endswith(self._ends))


Phrase = tuple[str, ...]
"""The words of a phrase as they are compared, see `device.text.words.keys_of`."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """All that can be said as a command in a language.

    Attributes:
        language: Its code.
        rules: What each phrase means.
        letters: What is written for what is said in spelling; in small letters.
        signs: The same for digits and marks.
        capitals: What makes the next letter a capital.
        words: Words that are written in a way of their own.
        longest: How many words the longest phrase has.
    """

    language: str = "en"
    rules: Mapping[Phrase, Rule] = field(default_factory=dict)
    letters: Mapping[Phrase, str] = field(default_factory=dict)
    signs: Mapping[Phrase, str] = field(default_factory=dict)
    capitals: frozenset[Phrase] = frozenset()
    words: Words = field(default_factory=Words)
    longest: int = 0


@cache
def grammar_of(language: str) -> Grammar:
    """Give the grammar of a language; one without commands where there is no file of it."""
    file = FILES / f"{language}.toml"
    return read_grammar(file.read_bytes(), language) if file.is_file() else Grammar(language)


def read_grammar(content: bytes, language: str) -> Grammar:
    """Read a file of grammar.

    Raises:
        ValueError: It is not as it should be: a key is unknown, or a phrase has two meanings.
    """
    file = msgspec.toml.decode(content, type=_File)
    rules: dict[Phrase, Rule] = {}
    for rule in _rules(file):
        if not rule.guards.phrases:
            raise ValueError(f"{rule.group}.{rule.name} has no phrases")
        for meant, phrases in ((rule, rule.guards.phrases), (_alone(rule), rule.guards.misheard)):
            for phrase in phrases:
                if (known := rules.setdefault(keys_of(phrase), meant)) is not meant:
                    raise ValueError(f"{phrase!r} is both {known.name} and {rule.name}")
    spelling = file.spelling
    letters, signs = _by_phrase(spelling.letters), _by_phrase(spelling.signs)
    capitals = frozenset(map(keys_of, spelling.capital))
    if twice := (letters.keys() & signs.keys()) | (capitals & (letters.keys() | signs.keys())):
        raise ValueError(f"spelled in two ways: {twice}")
    longest = max(map(len, [*rules, *letters, *signs, *capitals]), default=0)
    return Grammar(language, rules, letters, signs, capitals, file.text, longest)


def _rules(file: _File) -> Iterator[Rule]:
    def words(named: tuple[str, ...]) -> Guard:
        return Guard(each for name in named for each in _listed(name, file.lists))

    for name, guards in file.commands.items():
        yield Rule(
            name,
            _group(name),
            name in _OPENERS,
            name in _CLOSERS,
            guards,
            None,
            words(guards.not_after),
            words(guards.not_before),
        )
    for group in ("punctuation", "quotes", "brackets"):
        marks: dict[str, Mark] = getattr(file, group)
        for title, mark in marks.items():
            opens, closes = mark.kind == "open", mark.kind == "close"
            yield Rule(title, group, opens, closes, mark, mark, words(mark.not_after), words(mark.not_before))


def _alone(rule: Rule) -> Rule:
    """Give the same for phrases that count only as a sentence of their own."""
    guards = msgspec.structs.replace(rule.guards, needs_before="sentence", needs_after="sentence")
    return replace(rule, guards=guards)


def _listed(name: str, lists: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Give the words that a guard names.

    Raises:
        ValueError: It names a list that there is none of.
    """
    if not name.startswith("@"):
        return (name,)
    if name[1:] not in lists:
        raise ValueError(f"there is no list {name}")
    return lists[name[1:]]


def _group(command: str) -> str:
    if "caps" in command or command == "cap":
        return "caps"
    if command.startswith("no_space"):
        return "no_space"
    return "spell" if command == "end_spell" else command


def _by_phrase(spelled: dict[str, str]) -> dict[Phrase, str]:
    return {keys_of(said): written for said, written in spelled.items()}
