"""What a small display says: the state, a sentence or what is typed, and who receives it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.ports import About, State

if TYPE_CHECKING:
    from collections.abc import Callable

    Width = Callable[[str], float]
    """Gives how many pixels wide a text is."""

ELLIPSIS = "..."
"""Three dots, which every font has."""

_TITLES = {State.IDLE: "ready", State.WAITING: "text waits", State.CONFIRM: "press to confirm"}
"""Where the state's own name is not what the user is to read."""

_WITHOUT_HOST = {State.STARTING, State.DRIVE, State.INSTALLING}
"""Nothing is typed then."""

_WITHOUT_TEXT = {*_WITHOUT_HOST, State.CONFIRM, State.PAIRING}
"""Who is asked has to see what for."""


NOTHING = About()
"""Nobody receives a text."""


@dataclass(frozen=True, slots=True)
class View:
    """All that a display is to show.

    Attributes:
        state: What the device does.
        detail: A sentence about it.
        about: Where the text goes, and its end.
    """

    state: State = State.STARTING
    detail: str = ""
    about: About = NOTHING


def lines(view: View, rows: int, room_px: float, width_px: Width) -> list[str]:
    """Give what stands in each row, from the top; each fits, and none is missing.

    A problem takes all the rows that it needs. Else the first row is the state, and the last one the computer
    and its layout, unless a small display needs it for what is between them.

    Args:
        view: What is to be shown.
        rows: How many rows there are, two or more.
        room_px: How wide they are.
        width_px: Measures a text.
    """
    if view.state is State.ERROR and view.detail:
        problem = fold(_sentence(view.detail), rows, room_px, width_px)
        return _filled(problem, rows)
    title = fit(_sentence(_TITLES.get(view.state, view.state.value)), room_px, width_px)
    host = "" if view.state in _WITHOUT_HOST else _receiver(view.about, room_px, width_px)
    room = max(1, rows - 2) if host else rows - 1
    between = _between(view, room, room_px, width_px)
    below = [host] if host and len(between) < rows - 1 else []
    return _filled([title, *between], rows - len(below)) + below


def fold(text: str, rows: int, room_px: float, width_px: Width, *, the_end: bool = False) -> list[str]:
    """Give a text as lines that fit, between words where it can be; three dots stand for what does not.

    Args:
        text: Any text.
        rows: How many lines there may be.
        room_px: How wide they are.
        width_px: Measures a text.
        the_end: Give the last lines, not the first.
    """
    folded = _folded(text.split(), room_px, width_px, the_end=the_end)
    if len(folded) <= rows:
        return folded
    if the_end:
        first, *others = folded[-rows:]
        return [fit(first, room_px, width_px, the_end=True, is_whole=False), *others]
    *others, last = folded[:rows]
    return [*others, fit(last, room_px, width_px, is_whole=False)]


def fit(text: str, room_px: float, width_px: Width, *, the_end: bool = False, is_whole: bool = True) -> str:
    """Give as much of a text as fits; three dots stand for what does not.

    Args:
        text: Any text.
        room_px: How much room there is.
        width_px: Measures a text.
        the_end: Give its end, not its beginning.
        is_whole: It is all there is; else the dots stand there in any case.
    """
    if is_whole and width_px(text) <= room_px:
        return text
    while text and width_px(f"{ELLIPSIS}{text}") > room_px:
        text = text[1:] if the_end else text[:-1]
    text = text.strip()
    return f"{ELLIPSIS}{text}" if the_end else f"{text}{ELLIPSIS}"


def _between(view: View, rows: int, room_px: float, width_px: Width) -> list[str]:
    if view.about.text and view.state not in _WITHOUT_TEXT:
        return fold(view.about.text, rows, room_px, width_px, the_end=True)
    if view.state is State.IDLE:  # which says who receives the text, as the last row does
        return []
    return fold(_sentence(view.detail), rows, room_px, width_px)


def _receiver(about: About, room_px: float, width_px: Width) -> str:
    """Give the host, its layout and the language that is spoken, of which only the host is ever cut."""
    if not about.host:
        return ""
    name = "USB" if about.host == "usb" else " ".join(about.host.split())
    behind = "".join(f", {each}" for each in (about.layout, about.language) if each)
    return fit(name, room_px - width_px(behind), width_px) + behind


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _folded(words: list[str], room_px: float, width_px: Width, *, the_end: bool) -> list[str]:
    """Give words in lines that fit, of which those at the beginning are full; or with `the_end`, the last."""
    folded: list[str] = []
    pieces = [piece for word in words for piece in _pieces(word, room_px, width_px)]
    for piece in reversed(pieces) if the_end else pieces:
        joined = "" if not folded else f"{piece} {folded[-1]}" if the_end else f"{folded[-1]} {piece}"
        if joined and width_px(joined) <= room_px:
            folded[-1] = joined
        else:
            folded.append(piece)
    return folded[::-1] if the_end else folded


def _pieces(word: str, room_px: float, width_px: Width) -> list[str]:
    """Cut a word that is wider than a row."""
    pieces = []
    while len(word) > 1 and width_px(word) > room_px:
        length = len(word) - 1
        while length > 1 and width_px(word[:length]) > room_px:
            length -= 1
        pieces.append(word[:length])
        word = word[length:]
    return [*pieces, word]


def _filled(shown: list[str], rows: int) -> list[str]:
    return shown[:rows] + [""] * (rows - len(shown))
