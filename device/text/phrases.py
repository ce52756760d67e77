"""Where in a dictation phrases are said, and which of them are meant as commands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from device.text.forms import numeral
from device.text.spelling import numeral_at, spelled_at
from device.text.words import QUOTES, longest, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.settings import CommandsSettings
    from device.speech.transcript import Segment
    from device.text.grammar import Grammar, Rule
    from device.text.words import Word

_NEXT_WORD = frozenset({"cap", "all_caps", "no_caps"})
_NEEDS_ARGUMENT = _NEXT_WORD | {"numeral", "spell"}

_ENDS = {"¿": "?", "¡": "!"}
"""The marks that end what these begin: they are no closing ones, as they stand without them, too."""


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that is meant as a command.

    Attributes:
        rule: What it means.
        behind: The index of the word behind the phrase itself.
        end: The index of the word behind it, and behind what it takes as its argument.
        argument: What is written for the argument; empty where it has none.
        is_alone: Nothing but phrases is said between the pauses around it.
    """

    rule: Rule
    behind: int
    end: int
    argument: str = field(default="", repr=False)
    is_alone: bool = False


@dataclass(frozen=True)
class Heard:
    """The words of a dictation, and where pauses are.

    Attributes:
        words: All of them.
        segments: For each pause-to-pause stretch its first word and the one behind its last.
        is_open: The last word may be followed by others without a pause.
    """

    words: tuple[Word, ...]
    segments: tuple[tuple[int, int], ...]
    is_open: bool

    @classmethod
    def of(cls, said: Sequence[Segment], grammar: Grammar, *, is_open: bool) -> Heard:
        """Cut what was said into words."""
        parts = [words_of(each.text, grammar.words.abbreviations) for each in said]
        segments, start = [], 0
        for part in parts:
            segments.append((start, start + len(part)))
            start += len(part)
        return cls(tuple(word for part in parts for word in part), tuple(segments), is_open)

    @cached_property
    def _pauses(self) -> frozenset[int]:
        ends = {end for _, end in self.segments}
        starts = {start for start, _ in self.segments}
        return frozenset(starts | (ends - {len(self.words)} if self.is_open else ends))

    def pause_at(self, index: int) -> bool:
        """Say whether there is a pause before a word."""
        return index in self._pauses

    def mark_at(self, index: int) -> bool:
        """Say whether there is a pause or mark before a word."""
        if self.pause_at(index):
            return True
        if index >= len(self.words):
            return bool(self.words) and self.words[-1].is_followed
        return self.words[index - 1].is_followed or not self.words[index].core

    def sentence_at(self, index: int) -> bool:
        """Say whether a sentence ends before a word."""
        return self.pause_at(index) or self.words[index - 1].ends_sentence

    def is_quoted(self, start: int, end: int) -> bool:
        """Say whether words stand in quotation marks: they are spoken of."""
        return any(mark in QUOTES for mark in self.words[start].lead) and bool(self.words[end - 1].tail)


def holds_phrase(words: Sequence[Word], grammar: Grammar, settings: CommandsSettings) -> bool:
    """Say whether a phrase that is not off is somewhere among words."""
    found = (longest(words, at, grammar.rules, grammar.longest, loose=True) for at in range(len(words)))
    return any(each is not None and getattr(settings, each[1].group) != "off" for each in found)


class Phrases:
    """Tells which phrases of a dictation count."""

    def __init__(
        self, heard: Heard, grammar: Grammar, settings: CommandsSettings, anywhere: frozenset[str]
    ) -> None:
        """Look for phrases.

        Args:
            heard: The dictation.
            grammar: What its language has.
            settings: Which groups of phrases count, and where.
            anywhere: Groups that count anywhere in any case, unless they are off.
        """
        self._heard = heard
        self._words = heard.words
        self._grammar = grammar
        self._opened = set[str]()
        self._modes = {
            rule.group: "anywhere"
            if rule.group in anywhere and getattr(settings, rule.group) != "off"
            else getattr(settings, rule.group)
            for rule in grammar.rules.values()
        }

    def __iter__(self) -> Iterator[tuple[int, Match | None]]:
        """Give what stands in the dictation from its beginning: the index of each word or command."""
        behind = 0
        for start, end in self._heard.segments:
            begin = max(start, behind)  # what is before that is what a command of the segment before is about
            alone = [] if self._heard.is_open and end == len(self._words) else self._only_phrases(begin, end)
            for _, match in alone:
                self._note(match)
            for at, match in alone or self._within(begin, end):
                behind = match.end if match else at + 1
                yield at, match

    def _only_phrases(self, start: int, end: int) -> list[tuple[int, Match | None]]:
        """Give the phrases of a segment that has nothing else; nothing where it has."""
        found: list[tuple[int, Match | None]] = []
        while start < end:
            match = self._match(start, end, loose=True)
            if match is None:
                return []
            found.append((start, replace(match, is_alone=True)))
            start = match.end
        return found

    def _within(self, start: int, end: int) -> Iterator[tuple[int, Match | None]]:
        at, is_head = start, True
        while at < end:
            if self._may_become_phrase(at, end, begins=at == start):
                return
            match = self._match(at, end)
            behind = match.end if match else at + 1
            if match and not self._counts(at, match, end, is_head=is_head):
                behind, match = match.behind, None  # nor is there a phrase within it
            if match and self._heard.is_open and match.end + _takes_word(match.rule) >= len(self._words):
                return  # what follows decides about it
            yield at, match
            yield from ((index, None) for index in range(at + 1, behind) if match is None)
            is_head = is_head and match is not None
            self._note(match)
            at = behind

    def _note(self, match: Match | None) -> None:
        """Note what is open, so that it is known what may be closed."""
        if match and match.rule.opens:
            self._opened.add(match.rule.group)
        elif match and match.rule.closes:
            self._opened.discard(match.rule.group)

    def _match(self, start: int, end: int, *, loose: bool = False) -> Match | None:
        words = self._words[:end]
        found = longest(words, start, self._grammar.rules, self._grammar.longest, loose=loose)
        if found is None or self._modes[found[1].group] == "off" or self._heard.is_quoted(start, found[0]):
            return None
        behind, rule = found
        if rule.name == "spell" and behind == end:
            return _with_argument(rule, behind, self._spelled_apart(end))
        if rule.name == "spell":
            return self._ended(_with_argument(rule, behind, spelled_at(words, behind, self._grammar)), words)
        if rule.name == "numeral":
            return _with_argument(rule, behind, self._numeral(behind, end))
        if rule.name in _NEEDS_ARGUMENT and behind >= len(self._words):
            return None
        return Match(rule, behind, behind)

    def _ended(self, match: Match | None, words: Sequence[Word]) -> Match | None:
        """Add what says that the spelling ends."""
        found = match and longest(words, match.end, self._grammar.rules, self._grammar.longest)
        return replace(match, end=found[0]) if match and found and found[1].name == "end_spell" else match

    def _may_become_phrase(self, start: int, end: int, *, begins: bool) -> bool:
        """Say whether all that follows so far is the beginning of a phrase, or one that more may change."""
        if not (self._heard.is_open and end == len(self._words) and end - start <= self._grammar.longest):
            return False
        said = tuple(key for word in self._words[start:end] for key in word.keys)
        return any(
            phrase[: len(said)] == said and (begins or self._modes[rule.group] == "anywhere")
            for phrase, rule in self._grammar.rules.items()
            if self._modes[rule.group] != "off"
        )

    def _numeral(self, start: int, end: int) -> tuple[str, int]:
        """Read a number, behind a pause where the segment has ended."""
        if start == end:
            end = next((last for first, last in self._heard.segments if first == start), end)
        return numeral_at(self._words[:end], start, self._grammar)

    def _spelled_apart(self, start: int) -> tuple[str, int]:
        """Read what is spelled behind a pause: as many segments as have nothing else."""
        written, at = "", start
        for first, end in self._heard.segments:
            if first == at < end:
                text, behind = spelled_at(self._words[:end], first, self._grammar)
                if behind < end:
                    break
                written, at = written + text, end
        return written, at

    def _counts(self, start: int, match: Match, end: int, *, is_head: bool) -> bool:
        rule, mark = match.rule, match.rule.mark
        closes = rule.closes and rule.group in self._opened
        if self._modes[rule.group] == "strict" and not (
            (is_head and rule.opens and self._is_bounded(match, end)) or (closes and match.end == end)
        ):
            return False
        if rule.closes and not mark:
            return closes
        if mark and mark.needs_close and not self._is_closed(match):
            return False
        if mark and mark.is_decimal and self._is_in_number(start, match.behind):
            return False
        return closes or self._unguarded(start, match.behind, rule)

    def _is_bounded(self, match: Match, end: int) -> bool:
        """Say whether it is plain how far a command reaches that stands at the beginning of a segment.

        Of words that follow it directly, it takes all that are left of the segment, or something closes it.
        Else it is how a sentence begins: "Cap rates are falling."
        """
        heard, takes_word = self._heard, _takes_word(match.rule)
        if match.behind == end:
            return True
        if takes_word and heard.mark_at(match.behind) and not heard.sentence_at(match.behind):
            return False
        if not takes_word and self._is_closed(match, at_pause=True):
            return True
        reach = match.end + takes_word
        found = longest(self._words[:end], reach, self._grammar.rules, self._grammar.longest)
        ends = found is not None and found[0] == end and found[1].closes and found[1].group in self._opened
        return (takes_word or bool(match.argument)) and (reach == end or ends)

    def _phrase_at(self, index: int) -> bool:
        found = longest(self._words, index, self._grammar.rules, self._grammar.longest)
        return found is not None and self._modes[found[1].group] == "anywhere"

    def _is_in_number(self, start: int, end: int) -> bool:
        if self._heard.mark_at(start) or self._heard.mark_at(end) or end >= len(self._words):
            return False
        around = self._words[start - 1], self._words[end]
        return all(numeral([word.core], self._grammar.language)[1] for word in around)

    def _is_closed(self, match: Match, *, at_pause: bool = False) -> bool:
        """Say whether what a command opens is closed, or also, with something between, where a pause is."""
        rule = match.rule
        last = _ENDS.get(rule.mark.text, "") if rule.mark else ""
        for index in range(match.behind + at_pause, len(self._words)):
            if last and last in self._words[index].tail:
                return True
            found = longest(self._words, index, self._grammar.rules, self._grammar.longest)
            if found is None:
                continue
            end, other = found
            closes = other.closes or (other.mark is not None and other.mark.text == last)
            is_clear = not at_pause or end <= match.end or any(map(self._heard.pause_at, (index, end)))
            if other.group == rule.group and closes and is_clear:
                return True
        return False

    def _unguarded(self, start: int, end: int, rule: Rule) -> bool:
        """Say whether nothing around a phrase speaks against it."""
        heard, needs = self._heard, {"": lambda _: True, "mark": self._heard.mark_at}
        needs["sentence"] = heard.sentence_at
        if not (needs[rule.guards.needs_before](start) and needs[rule.guards.needs_after](end)):
            return False
        is_hanging = rule.mark is not None and rule.mark.kind in {"stop", "close"}
        if is_hanging and heard.pause_at(start) and not heard.mark_at(end):
            return False
        before = () if heard.mark_at(start) else self._words[start - 1].keys[-1:]
        ends = end >= len(self._words) or heard.mark_at(end) or self._phrase_at(end)
        after = () if ends else self._words[end].keys[:1]
        return not (
            any(word in rule.not_after for word in before) or any(word in rule.not_before for word in after)
        )


def _takes_word(rule: Rule) -> bool:
    """Say whether what it is about is the next word."""
    if rule.mark and rule.mark.kind == "open" and rule.group == "punctuation":
        return rule.mark.text not in _ENDS
    return rule.name in _NEXT_WORD


def _with_argument(rule: Rule, behind: int, argument: tuple[str, int]) -> Match | None:
    written, end = argument
    return Match(rule, behind, end, written) if written else None
