"""What was dictated, once the commands in it are read: pieces of text, and what is done besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

BREAK = "\n"
"""A line break of text. Backspace takes it back."""

ENTER, TAB, ESCAPE = "\r", "\t", "\x1b"
"""Keys that do what no Backspace takes back."""

KEYS = ENTER + TAB + ESCAPE


class Act(Enum):
    """What is done with the dictation before."""

    UNDO = "undo"
    AGAIN = "again"


class Case(Enum):
    """How letters are written."""

    AS_SAID = "as said"
    SMALL = "small"
    CAPITAL = "capital"
    """Each word begins with one."""
    ALL_CAPITALS = "all capitals"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is written in one way.

    Attributes:
        text: The words or the mark; a line break or key.
        is_words: It was said in words, which may be written otherwise: numbers in digits, and the like.
        case: How its letters are written.
        joins_before: No space stands before it.
        joins_after: No space stands behind it.
        is_solid: No space stands within it either.
    """

    text: str = field(repr=False)  # no log and no traceback shall show it
    is_words: bool = False
    case: Case = Case.AS_SAID
    joins_before: bool = False
    joins_after: bool = False
    is_solid: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a dictation, before it is known what it is joined to.

    Attributes:
        pieces: The text in its order.
        language: Code of the language that it is in.
    """

    pieces: tuple[Piece, ...] = ()
    language: str = "en"

    @property
    def words(self) -> str:
        """What was said, where all of it is text; empty where a command was among it."""
        as_said = all(piece.is_words and piece.case is Case.AS_SAID for piece in self.pieces)
        return " ".join(piece.text for piece in self.pieces) if as_said else ""

    @property
    def without_keys(self) -> Body:
        """The same without the keys that do what no Backspace takes back."""
        return Body(tuple(piece for piece in self.pieces if piece.text not in KEYS), self.language)

    @property
    def until_key(self) -> Body:
        """What stands before the first such key."""
        for index, piece in enumerate(self.pieces):
            if piece.text in KEYS:
                return Body(self.pieces[:index], self.language)
        return self


@dataclass(frozen=True, slots=True)
class Reading:
    """What is made of a dictation.

    Attributes:
        acts: What is done with the dictation before, first of all.
        body: What is typed.
    """

    acts: tuple[Act, ...] = ()
    body: Body = Body()
