"""From words and commands to pieces of text: which marks stay, and what is joined to what. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from device.text.body import BREAK, ENTER, ESCAPE, TAB, Case, Piece
from device.text.words import CLOSING, DASHES, OPENING, SENTENCE_ENDS

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from device.text.commands import Item
    from device.text.grammar import Mark, Words
    from device.text.phrases import Match
    from device.text.words import Word

_CONTROLS = {
    "new_line": BREAK,
    "new_paragraph": 2 * BREAK,
    "press_enter": ENTER,
    "press_tab": TAB,
    "press_escape": ESCAPE,
}
_NEXT_WORD = {"cap": Case.CAPITAL, "all_caps": Case.ALL_CAPITALS, "no_caps": Case.SMALL}
_FROM_HERE = {
    "caps_on": Case.CAPITAL,
    "all_caps_on": Case.ALL_CAPITALS,
    "no_caps_on": Case.SMALL,
    "caps_off": Case.AS_SAID,
    "all_caps_off": Case.AS_SAID,
    "no_caps_off": Case.AS_SAID,
}

_STOPS = ".,;:!?…-\N{EN DASH}—"
"""Marks that a mark of the user's takes the place of. Quotation marks and brackets stay."""

_ENDING = {"stop": _STOPS, "joint": _STOPS, "sign": ",;.", "open": ",", "close": ","}
"""By the kind of the user's mark, those of the model's directly before it that it takes the place of."""

_DROPPED = frozenset(OPENING + CLOSING + DASHES) - frozenset("'")


def compose(
    items: Sequence[Item], words: Words, paragraphs: Container[int], *, drops_marks: bool
) -> list[Piece]:
    """Put a dictation together.

    Args:
        items: Its words and commands.
        words: Those of the language that are written in a way of their own.
        paragraphs: The segments before which a paragraph ends.
        drops_marks: What punctuation the model wrote is left out.
    """
    composer = _Composer(words, drops_marks=drops_marks)
    segment = 0
    for item in items:
        if any(number in paragraphs for number in range(segment + 1, item.segment + 1)):
            composer.end_paragraph()
        segment = item.segment
        if item.match:
            composer.act(item.match, item.words)
        else:
            composer.say(item.words[0])
    return composer.pieces


@dataclass(slots=True)
class _Manner:
    """How words are written from here on."""

    case: Case = Case.AS_SAID
    next_case: Case | None = None
    is_solid: bool = False
    joins: bool = False
    is_within: bool = False  # a sentence goes on, though the model may have begun another


class _Composer:
    def __init__(self, words: Words, *, drops_marks: bool) -> None:
        self.pieces: list[Piece] = []
        self._words = words
        self._drops_marks = drops_marks
        self._now = _Manner()
        self._may_grow = False  # the last piece is a run of words
        self._took = False  # a mark of the model's, before the latest command

    def say(self, word: Word) -> None:
        """Add a word of text."""
        now = self._now
        text = self._bare(word) if self._drops_marks else str(word)
        if now.is_within or self._drops_marks:
            text = self._lowered(word, text)
        case = now.next_case or now.case
        if text:
            self._add_words(text, case)
            self._now = _Manner(now.case, is_solid=now.is_solid)
        if self._drops_marks and text:
            self._now.is_within = True

    def act(self, match: Match, said: tuple[Word, ...]) -> None:
        """Do what a command asks for."""
        name, mark = match.rule.name, match.rule.mark
        if mark:
            if not (match.is_alone and mark.kind in {"open", "close"}):
                self._take_off(_ENDING[mark.kind])
            self._mark(mark, match, said[-1])
        elif name in _CONTROLS:
            if not match.is_alone:
                self._take_off(",")
            self._put(Piece(_CONTROLS[name], joins_before=True, joins_after=True))
        elif match.argument:
            self._spelled(match, said[-1])
        else:
            ended = bool(self.pieces) and self.pieces[-1].text[-1] in SENTENCE_ENDS
            self._take_off(_STOPS if name == "no_space" else ",")
            self._turn(name)
            self._now.is_within |= name == "no_space" and ended
            if match.rule.closes and not match.is_alone:
                self._inherit(said[-1])

    def end_paragraph(self) -> None:
        """Begin a new paragraph, unless a line has just ended."""
        if self.pieces and BREAK not in self.pieces[-1].text:
            self._put(Piece(2 * BREAK, joins_before=True, joins_after=True))

    def _turn(self, name: str) -> None:
        now = self._now
        if name in _NEXT_WORD:
            now.next_case = _NEXT_WORD[name]
        elif name in _FROM_HERE:
            now.case = _FROM_HERE[name]
        elif name == "no_space":
            now.joins = True
        elif name in {"no_space_on", "no_space_off"}:
            now.is_solid = name == "no_space_on"
        self._may_grow = False

    def _mark(self, mark: Mark, match: Match, last: Word) -> None:
        text = mark.text
        before = self.pieces[-1].text if self.pieces else "."
        goes_on = mark.kind not in {"open", "close"} or before[-1] not in SENTENCE_ENDS
        if mark.kind == "close" and not match.is_alone and before[-1] not in SENTENCE_ENDS:
            text += self._end_of(last)
        self._put(
            Piece(
                text,
                joins_before=mark.kind in {"stop", "close", "joint"},
                joins_after=mark.kind in {"open", "joint"},
            )
        )
        goes_on &= match.is_alone or bool(last.tail) or self._took
        goes_on &= text[-1] not in SENTENCE_ENDS and match.rule.group != "quotes"
        self._now.is_within = goes_on

    def _spelled(self, match: Match, last: Word) -> None:
        self._put(Piece(match.argument + ("" if match.is_alone else self._end_of(last))))

    def _end_of(self, word: Word) -> str:
        """Give the end of a sentence that the model heard behind a word."""
        if self._drops_marks:
            return ""
        return "".join(mark for mark in word.tail if mark in SENTENCE_ENDS)

    def _inherit(self, last: Word) -> None:
        if self.pieces and self.pieces[-1].text[-1:].isalnum():
            self.pieces[-1] = replace(self.pieces[-1], text=self.pieces[-1].text + self._end_of(last))

    def _put(self, piece: Piece) -> None:
        """Add a piece that is not made of words."""
        now = self._now
        if now.joins or (now.is_solid and self.pieces):
            piece = replace(piece, joins_before=True)
        self.pieces.append(piece)
        self._may_grow = False
        self._now = _Manner(now.case, now.next_case, is_solid=now.is_solid)

    def _add_words(self, text: str, case: Case) -> None:
        now = self._now
        last = self.pieces[-1] if self._may_grow else None
        if last and last.case is case and now.next_case is None:
            self.pieces[-1] = replace(last, text=f"{last.text} {text}")
            return
        was_solid = bool(self.pieces) and self.pieces[-1].is_solid
        joins = now.joins or (now.is_solid and was_solid)
        self.pieces.append(Piece(text, is_words=True, case=case, joins_before=joins, is_solid=now.is_solid))
        self._may_grow = now.next_case is None

    def _take_off(self, marks: str) -> None:
        """Take marks off the end of what was said before a command, which the model put there for it."""
        self._took = False
        if not self.pieces or not self.pieces[-1].is_words:
            return
        last = self.pieces[-1]
        self._took = last.text[-1:] in marks
        short = last.text.rsplit(" ", 1)[-1].casefold() in self._words.abbreviations
        bare = last.text.rstrip(marks + " ")
        if short and last.text.endswith("."):
            return
        if bare:
            self.pieces[-1] = replace(last, text=bare)
        else:
            self.pieces.pop()

    def _lowered(self, word: Word, text: str) -> str:
        """Write a word small that has its capital only since the model began a sentence with it."""
        is_small = self._now.joins or "-".join(word.keys) in self._words.lower
        if is_small and word.core[1:] == word.core[1:].lower():
            return text.replace(word.core[:1], word.core[:1].lower(), 1)
        return text

    def _bare(self, word: Word) -> str:
        """Give a word without the marks around it, but for those that belong to it."""
        lead = "".join(mark for mark in word.lead if mark not in _DROPPED)
        tail = word.tail[:1] if word.is_short else ""
        tail += "".join(mark for mark in word.tail if mark not in _DROPPED and mark != "'")
        return lead + word.core + tail if word.core else ""
