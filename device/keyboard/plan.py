"""What is done for each character of a text: which keys, in which reports. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.keyboard.reports import ALL_UP, modifiers_only, report
from device.text.fold import substitute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.keyboard.layout import Layout
    from device.keyboard.reports import Keystroke, Report


@dataclass(frozen=True, slots=True)
class Step:
    """What is done for one character of the text.

    Attributes:
        character: The character asked for.
        instead: What is typed: itself, its substitute, or `None` when it is refused.
        keystrokes: The keys that type it.
    """

    character: str
    instead: str | None
    keystrokes: tuple[Keystroke, ...]


def plan(text: str, layout: Layout) -> Iterator[Step]:
    """Give one step for each character (code point) of a text, in order."""
    before = ""
    for character in text:
        yield _step(character, before, layout)
        before = character


def _step(character: str, before: str, layout: Layout) -> Step:
    keystrokes = layout.keystrokes(character)
    if keystrokes is not None:
        return Step(character, character, keystrokes)
    instead = substitute(character, before)
    if instead is None:
        return Step(character, None, ())
    keys: tuple[Keystroke, ...] = ()
    for each in instead:
        strokes = layout.keystrokes(each)
        if strokes is None:
            return Step(character, None, ())
        keys += strokes
    return Step(character, instead, keys)


def press(now: Report, keystroke: Keystroke) -> Iterator[Report]:
    """Give the reports that lead from what is down now to the press of a key, which is the last of them.

    Each report changes either modifiers or one key: remote desktops lose a modifier that comes together
    with its key, and hosts read several new keys in any order. The key before goes up first, its modifiers
    after it, and only when they are not the next key's too.
    """
    held = modifiers_only(now[0])
    if now != held:
        yield held
    if now[0] != keystroke.modifiers:
        yield modifiers_only(keystroke.modifiers)
    yield report(keystroke)


def let_go(now: Report) -> Iterator[Report]:
    """Give the reports that lead from what is down now to nothing down, key before modifiers."""
    held = modifiers_only(now[0])
    if held not in {now, ALL_UP}:
        yield held
    yield ALL_UP


def reports(text: str, layout: Layout) -> Iterator[Report]:
    """Give all reports that type a text from beginning to end."""
    now = ALL_UP
    for step in plan(text, layout):
        for keystroke in step.keystrokes:
            for now in press(now, keystroke):  # noqa: B020  the generator keeps its own `now`
                yield now
    yield from let_go(now)
