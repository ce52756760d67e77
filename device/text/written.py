"""The way of a text from what was recognised to what is typed: commands, forms, style, spaces. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from device.text import fillers, forms, style
from device.text.body import BREAK, ENTER, ESCAPE, TAB, Body, Reading
from device.text.commands import read
from device.text.format import format_pieces
from device.text.grammar import grammar_of
from device.text.phrases import holds_phrase
from device.text.words import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.settings import Settings
    from device.speech.transcript import Segment


def prepare(language: str, settings: Settings) -> None:
    """Read what is needed for a language, so that the first dictation does not wait for it."""
    grammar_of(language)
    forms.write("one", language, settings.forms)


def may_hold_command(text: str, language: str, settings: Settings) -> bool:
    """Say whether a text has words that may be meant as a command where they stand alone between pauses."""
    return holds_phrase(words_of(text), grammar_of(language), settings.commands)


def understand(
    said: Sequence[Segment], language: str, settings: Settings, *, is_open: bool = False
) -> Reading:
    """Read what was recognised: what of it is text, and what is to be done.

    Args:
        said: What was recognised, from pause to pause.
        language: Code of its language.
        settings: What the user wants.
        is_open: More may follow the last word without a pause.
    """
    if not said:  # in no language
        return Reading(body=Body((), language))
    if settings.text.fillers == "drop":
        said = [replace(each, text=fillers.drop(each.text, language)) for each in said]
    return read(said, grammar_of(language), settings, is_open=is_open)


def write(body: Body, before: str, settings: Settings) -> str:
    r"""Give exactly the characters to type.

    Args:
        body: What was dictated.
        before: What was typed just before it into the same place, or nothing.
        settings: What the user wants.

    Returns:
        Text in which line breaks are "\n", and the keys of `device.text.body.KEYS` stand for themselves.
    """
    pieces = [
        replace(piece, text=forms.write(piece.text, body.language, settings.forms))
        if piece.is_words
        else piece
        for piece in body.pieces
    ]
    return format_pieces(
        pieces,
        before,
        settings.text,
        body.language,
        lambda text: style.apply(text, body.language, settings.style),
    )


def controls_of(settings: Settings) -> str:
    """Give the control characters that a dictation may have: those of the phrases that are not off."""
    phrases, pause_s = settings.commands, settings.text.paragraph_pause_s
    allowed = {
        BREAK: phrases.new_line != "off" or phrases.new_paragraph != "off" or pause_s > 0,
        ENTER: phrases.press_enter != "off",
        TAB: phrases.press_tab != "off",
        ESCAPE: phrases.press_escape != "off",
    }
    return "".join(control for control, is_allowed in allowed.items() if is_allowed)
