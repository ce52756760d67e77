"""What is done for each character of a text: which keys, in which reports. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from device.keyboard.by_code import by_code
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED, NO_KEY, NUM_LOCK_LED, modifiers_only, report
from device.text.fold import substitute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.keyboard.host import Host
    from device.keyboard.layout import Keystrokes, Layout
    from device.keyboard.pace import Pace
    from device.keyboard.reports import Keystroke, Report


@dataclass(frozen=True, slots=True)
class Situation:
    """What the keys that come next meet at the host.

    Attributes:
        leds: The host's lock keys, as LED bits.
        in_other: The host's other layout is active, not the first.
        stuck: Lock keys, as LED bits, that do not follow when they are pressed.
    """

    leds: int = 0
    in_other: bool = False
    stuck: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What is done for one character of the text.

    Attributes:
        character: The character asked for.
        instead: What is typed: itself, its substitute, or `None` when it is refused.
        keystrokes: The keys that type it.
        situation: What they need to meet.
    """

    character: str
    instead: str | None
    keystrokes: Keystrokes
    situation: Situation

    @property
    def is_held(self) -> bool:
        """Whether its keys count only together, with modifiers down: cut in two, it has to begin anew."""
        return self.keystrokes[-1:] == (NO_KEY,)


def plan(character: str, before: str, host: Host, now: Situation) -> Step:
    """Say what is done for a character.

    Args:
        character: One code point.
        before: The one before it in the text, or nothing.
        host: How the host reads keys.
        now: What is the case there. The step's own situation differs from it as little as can be.
    """
    if character in host.controls:
        return Step(character, character, (host.controls[character],), now)
    found = _in_layouts(character, host, now) or _by_code(character, host, now)
    if found:
        return Step(character, character, *found)
    instead = substitute(character, before)
    if instead is not None and (found := _in_layouts(instead, host, now)):
        return Step(character, instead, *found)
    return Step(character, None, (), now)


def _in_layouts(text: str, host: Host, now: Situation) -> tuple[Keystrokes, Situation] | None:
    """Find a layout that types all of a text, and preferably needs nothing changed for it."""
    for layout, there in _layouts(host, now):
        for situation in (there, _without_caps(there, layout)):
            if situation is None:
                continue
            keys = _spelled(text, layout, caps=bool(situation.leds & CAPS_LOCK_LED))
            if keys is not None:
                return keys, situation
    return None


def _by_code(character: str, host: Host, now: Situation) -> tuple[Keystrokes, Situation] | None:
    if not host.by_code:
        return None
    for layout, there in _layouts(host, now):
        keys = by_code(character, host.system, layout)
        situation = _without_caps(there, layout)
        if situation is not None and host.system == "windows":
            situation = _with_lock(situation, NUM_LOCK_LED, on=True)
        if keys is not None and situation is not None:
            return keys, situation
    return None


def _layouts(host: Host, now: Situation) -> list[tuple[Layout, Situation]]:
    """Give the host's layouts, the active one first."""
    known = [(host.layout, replace(now, in_other=False))]
    if host.other is not None:
        known.insert(now.in_other ^ 1, (host.other, replace(now, in_other=True)))
    return known


def _without_caps(situation: Situation, layout: Layout) -> Situation | None:
    """Give the situation with Caps Lock off, or `None` when no key switches it off."""
    if not layout.caps_lock_key:
        situation = replace(situation, stuck=situation.stuck | CAPS_LOCK_LED)
    return _with_lock(situation, CAPS_LOCK_LED, on=False)


def _with_lock(situation: Situation, led: int, *, on: bool) -> Situation | None:
    """Give the situation with a lock key on or off, or `None` when it does not follow."""
    if bool(situation.leds & led) == on:
        return situation
    return None if situation.stuck & led else replace(situation, leds=situation.leds ^ led)


def _spelled(text: str, layout: Layout, *, caps: bool) -> Keystrokes | None:
    keys: Keystrokes = ()
    for character in text:
        strokes = layout.keystrokes(character, caps=caps)
        if strokes is None:
            return None
        keys += strokes
    return keys


def press(now: Report, keystroke: Keystroke, pace: Pace) -> Iterator[Report]:
    """Give the reports that lead from what is down now to the press of a key, which is the last of them.

    No report presses two keys, since hosts read them in any order. The key before goes up first, and its
    modifiers after it, and only when they are not the next key's too.
    """
    pressed = report(keystroke)
    same_modifiers = now[0] == keystroke.modifiers
    rolls = pace.rolls and same_modifiers and keystroke.usage not in {0, now[2]}
    if now[2] and not rolls:
        now = modifiers_only(now[0] if same_modifiers or pace.modifiers_apart else 0)
        yield now
    if now[0] != keystroke.modifiers and (pace.modifiers_apart or now[0]):
        now = modifiers_only(keystroke.modifiers)
        yield now
    if now != pressed:
        yield pressed


def let_go(now: Report, pace: Pace) -> Iterator[Report]:
    """Give the reports that lead from what is down now to nothing down; the last one is sent in any case."""
    held = modifiers_only(now[0])
    if pace.modifiers_apart and held not in {now, ALL_UP}:
        yield held
    yield ALL_UP
