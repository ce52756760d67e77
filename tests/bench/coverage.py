"""What arrives of each kind of character in each layout: the tables of docs/layouts.md.

    python -m tests.bench.coverage [--check]

Writes what stands below the mark in that page. It needs libxkbcommon0, xkb-data and libx11-data in the
versions that the tables of Linux were made from.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from device.keyboard.dry_run import dry_run
from device.keyboard.host import host_of
from device.keyboard.layout import layouts
from device.settings import KeyboardSettings
from device.simulation.virtual_host import VirtualHost
from tests.bench.texts import ASCII, EMOJI, EURO, PUNCTUATION, letters
from tests.keyboard.xkb_host import XkbHost
from tools.layouts.linux import SOURCES, keymap_of
from tools.layouts.xkb import Keymap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.keyboard.host import Host

PAGE = Path(__file__).parents[2] / "docs/layouts.md"

MARK = "<!-- The rest is made by `python -m tests.bench.coverage`. Do not edit. -->\n"

SYSTEMS = {"linux": "Linux", "windows": "Windows", "macos": "macOS"}

_TOGGLES = {"linux": "alt+shift", "windows": "alt+shift", "macos": "ctrl+space"}
"""One way of each to switch between two layouts."""

_XKB = {source.name: source for source in SOURCES}

_WAYS = "one key", "dead key", "by code"

_HEADER = f"""\
| layout | | ASCII | its letters | punctuation | € | emoji | {" | ".join(_WAYS)} | replaced | refused |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""


class Kind(NamedTuple):
    """Characters of one kind, and what became of them.

    Attributes:
        ways: Of each that arrived as it is: how it was entered.
        instead: Of each that was not to: what was typed for it, or `None` when it was refused.
        lost: What neither arrived nor was reported; there must be none.
    """

    ways: dict[str, str]
    instead: dict[str, str | None]
    lost: set[str]

    def cell(self) -> str:
        """Give the share that arrives, and in brackets the share that does without codes."""
        asked = len(self.ways) + len(self.instead) + len(self.lost)
        by_keys = sum(way != "by code" for way in self.ways.values())
        # Rounded down: 100 is all of them.
        share, without = 100 * len(self.ways) // asked, 100 * by_keys // asked
        return f"{share}" if share == without else f"{share} ({without})"


@dataclass(frozen=True)
class Trial:
    """A layout, typed in by the device and read by a judge that knows nothing of how it types.

    Attributes:
        system: The operating system, as in the settings.
        name: The layout.
        other: A second layout of that computer, for what the first one lacks.
    """

    system: str
    name: str
    other: str = ""

    @cached_property
    def settings(self) -> KeyboardSettings:
        """What the user says of such a computer."""
        toggle = _TOGGLES[self.system] if self.other else ""
        return KeyboardSettings(self.system, self.name, self.other, toggle, pace="fast")  # type: ignore[arg-type]

    @cached_property
    def _host(self) -> Host:
        return host_of(self.settings)

    @cached_property
    def _letters(self) -> str:
        return letters(self._host.layout.languages)

    @cached_property
    def kinds(self) -> list[Kind]:
        """What becomes of each kind of character, in the order of the columns."""
        return [self._kind(each) for each in (ASCII, self._letters, PUNCTUATION, EURO, EMOJI)]

    @property
    def is_latin(self) -> bool:
        """Whether its languages are written with Latin letters."""
        return "a" in self._letters

    def _kind(self, characters: str) -> Kind:
        """Type them all in one text and, if that does not arrive, each by itself."""
        host = self._host
        reports, record = dry_run(characters, host)
        exact = set(characters)
        if self._read(reports) != characters:
            exact = {each for each in characters if self._read(dry_run(each, host)[0]) == each}
        known = dict(host.other.keys if host.other else {}) | dict(host.layout.keys)
        ways = {each: _WAYS[min(len(known[each]), 2) - 1 if each in known else 2] for each in exact}
        instead: dict[str, str | None] = dict(record.substitutions) | dict.fromkeys(record.refusals)
        return Kind(ways, instead, set(characters) - exact - instead.keys())

    def _read(self, reports: list[bytes]) -> str:
        before = len(self._judge.text)
        receive = self._judge.read if isinstance(self._judge, XkbHost) else self._judge.receive
        for report in reports:
            receive(report)
        return self._judge.text[before:]

    @cached_property
    def _judge(self) -> XkbHost | VirtualHost:
        if self.system != "linux":
            return VirtualHost.described_by(self.settings)
        if self.other:
            return XkbHost(Keymap(f"{_XKB[self.name].xkb},{self.other}", ",", "grp:alt_shift_toggle"))
        return XkbHost(keymap_of(_XKB[self.name]))

    def row(self) -> str:
        """Give the table's line."""
        title = self._host.layout.title + (f", and `{self.other}`" if self.other else "")
        # The letters that are ASCII are of two kinds, but counted once.
        ways = list({each: way for kind in self.kinds for each, way in kind.ways.items()}.values())
        instead = list({each: to for kind in self.kinds for each, to in kind.instead.items()}.values())
        counts = (*map(ways.count, _WAYS), len(instead) - instead.count(None), instead.count(None))
        cells = (f"`{self.name}`", title, *(kind.cell() for kind in self.kinds), *map(str, counts))
        return f"| {' | '.join(cells)} |"

    def lacking(self) -> str:
        """Say what does not arrive of ASCII and of its own letters, and what does instead; or nothing."""
        instead = {each: to for kind in self.kinds[:2] for each, to in kind.instead.items()}
        said = ", ".join(f"`{each}` {f'as `{to}`' if to else 'not at all'}" for each, to in instead.items())
        return f"- `{self.name}`: {said}" if said else ""


def trials(system: str) -> Iterator[Trial]:
    """Give all layouts of an operating system; those without Latin letters also with one that has them."""
    for name in layouts(system):
        yield (alone := Trial(system, name))
        if not alone.is_latin:
            yield Trial(system, name, "us")


def tables() -> str:
    """Give what stands below the mark: a section for each operating system."""
    parts = []
    for system, called in SYSTEMS.items():
        tried = list(trials(system))
        parts += [f"## {called}", "\n".join((_HEADER, *(trial.row() for trial in tried)))]
        lacking = [said for trial in tried if trial.is_latin and (said := trial.lacking())]
        if lacking:
            parts += ["Of ASCII and of their own letters, Latin layouts type:", "\n".join(lacking)]
    return "\n" + "\n\n".join(parts) + "\n"


def main() -> int:
    """Write the tables, or say whether they are as they would be written."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page differs")
    arguments = parser.parse_args()
    prose, mark, before = PAGE.read_text(encoding="utf-8").partition(MARK)
    now = tables()
    if arguments.check:
        return int(not mark or before != now)
    new = PAGE.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(prose + MARK + now)
        file.flush()
        os.fsync(file.fileno())
    new.replace(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
