"""Our way from text to keys beside those of kvmd (PiKVM) and TinyPilot, read by the same judge.

    python -m tests.bench.peers --kvmd FOLDER --tinypilot FOLDER

Each FOLDER is a checkout, of github.com/pikvm/kvmd and of github.com/tiny-pilot/tinypilot; one is enough.
kvmd needs the packages evdev and Xlib (Debian's python3-evdev and python3-xlib; PYTHONPATH may name where
they are), the judge libxkbcommon0, xkb-data and libx11-data.

Each text is typed as a whole on Linux's layouts, and libxkbcommon reads the keys. Characters right are those
of the longest common subsequence of what was asked and what arrived, so that a lost character costs one, and
an accent left over for the next letter costs both. Wrong are all others that arrived. The last number is how
many times as many Saykey gets right.

TinyPilot refuses a whole text for one character that it does not know; here such characters are left out.
kvmd's keymaps of German and French are made for variants without dead keys: it is tried on those as well.
"""

from __future__ import annotations

import argparse
import collections.abc
import importlib
import sys
import typing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.keyboard.dry_run import dry_run
from device.keyboard.host import host_of
from device.settings import KeyboardSettings
from tests.bench.texts import ASCII, TYPOGRAPHIC, letters, mixed
from tests.keyboard.xkb_host import XkbHost
from tools.layouts.xkb import Keymap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Peer = Callable[[str, str], list[bytes]]
    """Gives the reports for a text on a layout."""

LANGUAGES = {"us": "en", "de": "de", "fr": "fr", "es": "es"}

KINDS = ("ASCII", "letters", "typographic", "mixed")

_WITHOUT_DEAD_KEYS = ("de", "fr")


def texts(layout: str) -> list[str]:
    """Give the texts for a layout, one of each kind."""
    language = LANGUAGES[layout]
    return [ASCII, letters([language]), TYPOGRAPHIC[language], mixed(language)]


def ours(text: str, layout: str, *, by_code: bool = True) -> list[bytes]:
    """Type as we do."""
    host = host_of(KeyboardSettings(os="linux", layout=layout, pace="fast"))
    return dry_run(text, replace(host, by_code=by_code))[0]


def kvmd(checkout: Path) -> Peer:
    """Type as kvmd's /api/hid/print does, with the reports of its OTG keyboard."""
    # It is written for Python 3.13, in which typing's Generator takes one argument as this one does in all.
    typing.Generator = collections.abc.Generator  # type: ignore[misc]
    printer, keysym, mappings = _import(
        checkout, *(f"kvmd.keyboard.{n}" for n in ("printer", "keysym", "mappings"))
    )
    keymaps = {"us": "en-us"}

    def reports(text: str, layout: str) -> Iterator[bytes]:
        symmap = keysym.build_symmap(str(checkout / "contrib/keymaps" / keymaps.get(layout, layout)))
        modifiers = usage = 0
        # Each key goes up before the next goes down, so that its six slots come to one.
        for code, is_down in printer.text_to_evdev_keys(text, symmap):
            key = mappings.KEYMAP[code].usb
            if key.is_mod:
                modifiers = modifiers | key.code if is_down else modifiers & ~key.code
            else:
                usage = key.code if is_down else 0
            yield bytes((modifiers, 0, usage, 0, 0, 0, 0, 0))

    return lambda text, layout: list(reports(text, layout))


def tinypilot(checkout: Path) -> Peer:
    """Type as TinyPilot's /api/paste does for the language that a browser of that country names."""
    (converter,) = _import(checkout / "app", "text_to_hid")
    languages = {"us": "en-US", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}

    def reports(text: str, layout: str) -> Iterator[bytes]:
        for character in text:
            try:
                key = converter.convert(character, languages[layout])
            except converter.UnsupportedCharacterError:
                continue
            yield bytes((key.modifier, 0, key.keycode, 0, 0, 0, 0, 0))
            yield bytes(8)

    return lambda text, layout: list(reports(text, layout))


def right(asked: str, arrived: str) -> int:
    """Give the length of the longest common subsequence."""
    row = [0] * (len(arrived) + 1)
    for wanted in asked:
        diagonal = 0
        for at, came in enumerate(arrived, 1):
            above = row[at]
            row[at] = diagonal + 1 if wanted == came else max(above, row[at - 1])
            diagonal = above
    return row[-1]


def main() -> None:
    """Print the shares and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kvmd", type=Path, metavar="FOLDER")
    parser.add_argument("--tinypilot", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    sides: list[tuple[str, Peer, str]] = [
        ("Saykey", ours, ""),
        ("Saykey without codes", lambda text, layout: ours(text, layout, by_code=False), ""),
    ]
    if arguments.kvmd:
        peer = kvmd(arguments.kvmd.resolve())
        sides += [("kvmd", peer, ""), ("kvmd, no dead keys", peer, "nodeadkeys")]
    if arguments.tinypilot:
        sides.append(("TinyPilot", tinypilot(arguments.tinypilot.resolve()), ""))
    if len(sides) == 2:
        parser.error("name a checkout with --kvmd or --tinypilot")
    for layout in LANGUAGES:
        _compare(layout, [side for side in sides if not side[2] or layout in _WITHOUT_DEAD_KEYS])


def _compare(layout: str, sides: list[tuple[str, Peer, str]]) -> None:
    asked = texts(layout)
    heads = (f"{kind}, {len(text)}" for kind, text in zip(KINDS, asked, strict=True))
    print(f"{layout:22}" + "".join(f"{head:>31}" for head in heads))
    best: list[int] = []
    for name, peer, variant in sides:
        arrived = [XkbHost(Keymap(layout, variant)).type(peer(text, layout)) for text in asked]
        counts = list(map(right, asked, arrived))
        best = best or counts
        cells = (
            f"{count} {100 * count / len(text):5.1f} % {len(came) - count:4} wrong {most / (count or 1):5.2f}"
            for count, text, came, most in zip(counts, asked, arrived, best, strict=True)
        )
        print(f"  {name:20}" + "".join(f"{cell:>31}" for cell in cells))


def _import(folder: Path, *modules: str) -> list[Any]:
    sys.path.insert(0, str(folder))
    return [importlib.import_module(module) for module in modules]


if __name__ == "__main__":
    main()
