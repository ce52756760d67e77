"""Linux's tables, from Debian's xkb-data and Compose files as libxkbcommon reads them."""

from __future__ import annotations

import subprocess
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from device.errors import SaykeyError
from device.keyboard.reports import CAPS_LOCK, LEFT_SHIFT, RIGHT_ALT, Keystroke
from tools.layouts.kernel import KEY_OF_USAGE
from tools.layouts.table import Table, cost, differing
from tools.layouts.xkb import NO_SYMBOL, Compose, Composition, Keymap, State, keysym_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.keyboard.layout import Keystrokes

COMPOSE = "en_US.UTF-8"
"""The locale whose Compose file most others share (libx11-data, compose.dir)."""

USAGES = (*range(0x04, 0x28), *range(0x2C, 0x32), *range(0x33, 0x39), 0x64, 0x87, 0x89)
"""The keys of the main block that can type a character."""

_MODIFIER_USAGES = {LEFT_SHIFT: 0xE1, RIGHT_ALT: 0xE6}

_MOST_KEYSTROKES = 3
"""Two dead keys and a letter, as Greek needs for "ΐ"."""


class Source(NamedTuple):
    """A layout, and where it comes from.

    Attributes:
        name: As in Saykey's settings.
        title: For people.
        languages: CLDR codes of the languages that are mainly written with it.
        xkb: Layout and variant of xkb-data, such as "us(intl)".
        locales: Whose Compose files a user of it may have besides `COMPOSE`. They do not agree on every dead
            key: only what is the same in all of them can be relied on.
    """

    name: str
    title: str
    languages: str
    xkb: str
    locales: tuple[str, ...] = ()


_PORTUGUESE = ("pt_BR.UTF-8", "pt_PT.UTF-8")

SOURCES = (
    Source("at", "German (Austria)", "de", "at"),
    Source("be", "Belgian", "fr nl de", "be"),
    Source("bg", "Bulgarian", "bg", "bg"),
    Source("br", "Portuguese (Brazil)", "pt", "br", _PORTUGUESE),
    Source("by", "Belarusian", "be", "by"),
    Source("ca-fr", "French (Canada)", "fr", "ca"),
    Source("ch-de", "German (Switzerland)", "de", "ch"),
    Source("ch-fr", "French (Switzerland)", "fr", "ch(fr)"),
    Source("cz", "Czech", "cs", "cz", ("cs_CZ.UTF-8",)),
    Source("cz-qwerty", "Czech (QWERTY)", "cs", "cz(qwerty)", ("cs_CZ.UTF-8",)),
    Source("de", "German", "de", "de"),
    Source("de-nodeadkeys", "German (no dead keys)", "de", "de(nodeadkeys)"),
    Source("dk", "Danish", "da", "dk"),
    Source("ee", "Estonian", "et", "ee"),
    Source("es", "Spanish", "es", "es"),
    Source("fi", "Finnish", "fi sv", "fi", ("fi_FI.UTF-8",)),
    Source("fr", "French", "fr", "fr"),
    Source("fr-bepo", "French (BEPO)", "fr", "fr(bepo)"),
    Source("fr-oss", "French (alternative)", "fr", "fr(oss)"),
    Source("gb", "English (UK)", "en", "gb"),
    Source("gb-intl", "English (UK, international, with dead keys)", "en", "gb(intl)", _PORTUGUESE),
    Source("gr", "Greek", "el", "gr", ("el_GR.UTF-8",)),
    Source("hr", "Croatian", "hr", "hr"),
    Source("hu", "Hungarian", "hu", "hu"),
    Source("ie", "Irish", "en ga", "ie"),
    Source("il", "Hebrew", "he", "il"),
    Source("is", "Icelandic", "is", "is"),
    Source("it", "Italian", "it", "it"),
    Source("latam", "Spanish (Latin America)", "es", "latam", _PORTUGUESE),
    Source("lt", "Lithuanian", "lt", "lt"),
    Source("lv", "Latvian", "lv", "lv"),
    Source("nl", "Dutch", "nl", "nl"),
    Source("no", "Norwegian", "no", "no"),
    Source("pl", "Polish", "pl", "pl"),
    Source("pt", "Portuguese", "pt", "pt", _PORTUGUESE),
    Source("ro", "Romanian", "ro", "ro"),
    Source("rs", "Serbian", "sr", "rs", ("sr_RS.UTF-8",)),
    Source("rs-latin", "Serbian (Latin)", "sr-Latn", "rs(latin)", ("sr_RS.UTF-8",)),
    Source("ru", "Russian", "ru", "ru"),
    Source("se", "Swedish", "sv", "se", ("fi_FI.UTF-8",)),
    Source("si", "Slovenian", "sl", "si"),
    Source("sk", "Slovak", "sk", "sk"),
    Source("tr", "Turkish", "tr", "tr"),
    Source("tr-f", "Turkish (F)", "tr", "tr(f)"),
    Source("ua", "Ukrainian", "uk", "ua"),
    Source("us", "English (US)", "en", "us"),
    Source("us-altgr-intl", "English (US, international, dead keys by AltGr)", "en", "us(altgr-intl)"),
    Source("us-colemak", "English (US, Colemak)", "en", "us(colemak)"),
    Source("us-dvorak", "English (US, Dvorak)", "en", "us(dvorak)"),
    Source("us-intl", "English (US, international, with dead keys)", "en nl pt", "us(intl)", _PORTUGUESE),
)


def tables() -> dict[str, Table]:
    """Make the tables of all layouts, by name.

    Raises:
        SaykeyError: libxkbcommon0, xkb-data or libx11-data is missing.
    """
    return {source.name: table_of(source) for source in SOURCES}


def table_of(source: Source) -> Table:
    """Make the table of one layout.

    Raises:
        SaykeyError: libxkbcommon0, xkb-data or libx11-data is missing.
    """
    keymap = keymap_of(source)
    locales = (COMPOSE, *source.locales)
    unsettled = {*_unsettled()["every"], *_unsettled().get(source.name, "")}
    keys = _typable(_levels(keymap, caps=False), locales)
    keys = {character: keys[character] for character in keys.keys() - unsettled}
    with_caps = _typable(_levels(keymap, caps=True), locales)
    return Table(
        source.title,
        tuple(source.languages.split()),
        origin(source),
        keys,
        differing(keys, with_caps),
        # Colemak has Backspace there.
        caps_lock_key=State(keymap).keysym(KEY_OF_USAGE[CAPS_LOCK]) == keysym_named("Caps_Lock"),
    )


def keymap_of(source: Source) -> Keymap:
    """Compile the keymap of a layout."""
    layout, _, variant = source.xkb.rstrip(")").partition("(")
    return Keymap(layout, variant)


def origin(source: Source) -> str:
    """Say what the table of a layout is made from on this machine.

    Raises:
        SaykeyError: libxkbcommon0, xkb-data or libx11-data is missing.
    """
    return (
        f"xkb-data {_version('xkb-data')}, layout {source.xkb}; "
        f"Compose {', '.join((COMPOSE, *source.locales))} of libx11-data {_version('libx11-data')}; "
        f"read by libxkbcommon {_version('libxkbcommon0')}"
    )


Levels = dict[int, tuple[Keystroke, str]]
"""By keysym: the best keystroke that gives it, and the text that it types without Compose."""


def _levels(keymap: Keymap, *, caps: bool) -> Levels:
    levels: Levels = {}
    for modifiers in _modifiers(keymap):
        state = State(keymap)
        state.lock(caps=caps, num=False)
        for modifier, usage in _MODIFIER_USAGES.items():
            if modifiers & modifier:
                state.move(KEY_OF_USAGE[usage], down=True)
        for usage in USAGES:
            keysym, keystroke = state.keysym(KEY_OF_USAGE[usage]), Keystroke(usage, modifiers)
            if keysym not in levels or cost((keystroke,)) < cost((levels[keysym][0],)):
                levels[keysym] = keystroke, state.text(KEY_OF_USAGE[usage])
    # Compose keys are for people: every sequence that begins with one would be claimed.
    return {keysym: levels[keysym] for keysym in levels.keys() - {NO_SYMBOL, keysym_named("Multi_key")}}


def _modifiers(keymap: Keymap) -> tuple[int, ...]:
    altgr = State(keymap).keysym(KEY_OF_USAGE[0xE6]) == keysym_named("ISO_Level3_Shift")
    return (0, LEFT_SHIFT, RIGHT_ALT, LEFT_SHIFT | RIGHT_ALT) if altgr else (0, LEFT_SHIFT)


def _typable(levels: Levels, locales: tuple[str, ...]) -> dict[str, Keystrokes]:
    best: dict[str, Keystrokes] = {}
    for text, keystrokes in _ways(levels, locales):
        if len(text) != 1 or unicodedata.category(text) in {"Cc", "Cn"}:
            continue
        if text not in best or cost(keystrokes) < cost(best[text]):
            best[text] = keystrokes
    return best


def _ways(levels: Levels, locales: tuple[str, ...], *before: int) -> Iterator[tuple[str, Keystrokes]]:
    """Give every text that the same keys type in all locales, and those keys."""
    for keysym, (_, plain) in levels.items():
        keysyms = (*before, keysym)
        outcomes = {_outcome(locale, keysyms, plain) for locale in locales}
        if len(outcomes) > 1:
            continue
        composing, text = outcomes.pop()
        if text:
            yield text, tuple(levels[each][0] for each in keysyms)
        elif composing and len(keysyms) < _MOST_KEYSTROKES:
            yield from _ways(levels, locales, *keysyms)


@cache
def _outcome(locale: str, keysyms: tuple[int, ...], plain: str) -> tuple[bool, str]:
    """Say whether keysyms begin something longer, and what text they give: without Compose, `plain`."""
    compose = _compose(locale)
    compose.reset()
    *_, status = (compose.feed(keysym) for keysym in keysyms)
    match status:
        case Composition.COMPOSED:
            return False, compose.text()
        case Composition.NOTHING:
            return False, plain
        case _:
            return status == Composition.COMPOSING, ""


@cache
def _compose(locale: str) -> Compose:
    return Compose(locale)


@cache
def _unsettled() -> dict[str, str]:
    """Give the characters that are typed in one way here and in another elsewhere, by layout."""
    return tomllib.loads(Path(__file__).with_name("unsettled.toml").read_text(encoding="utf-8"))


@cache
def _version(package: str) -> str:
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    try:
        return subprocess.run(query, capture_output=True, check=True, text=True).stdout  # noqa: S603  all ours
    except (OSError, subprocess.CalledProcessError) as error:
        raise SaykeyError(f"the package {package} is missing: apt-get install {package}") from error
