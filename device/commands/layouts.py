"""`saykey layouts`: which keyboard layouts there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from device.keyboard.layout import SYSTEMS, Layout, layout_named, layouts

if TYPE_CHECKING:
    import argparse

HELP = "List the keyboard layouts that a host may have set, by operating system."

EPILOG = """\
The layout is the one that is set on the computer that receives the text. An iPad or iPhone reads by the
tables of macOS, Android by those of Linux. Name both in /etc/saykey.toml:

  [keyboard]
  os = "windows"
  layout = "de"

examples:
  saykey layouts
  saykey layouts --os windows
  saykey layouts --json | jq -r '.[] | select(.os == "macos") | .layout'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--os", choices=SYSTEMS, help="only those of this operating system")
    parser.add_argument("--json", action="store_true", help="print one JSON array, with origins")


def run(arguments: argparse.Namespace) -> int:
    """Print the layouts."""
    systems = [arguments.os] if arguments.os else SYSTEMS
    found = [(system, layout_named(system, name)) for system in systems for name in layouts(system)]
    if arguments.json:
        print(json.dumps([_as_json(system, layout) for system, layout in found], ensure_ascii=False))
        return 0
    width = max(len(layout.name) for _, layout in found)
    before = ""
    for system, layout in found:
        if system != before:
            print(f"{system}:")
            before = system
        print(f"  {layout.name:{width}}  {layout.title} ({len(layout.keys)} characters)")
    return 0


def _as_json(system: str, layout: Layout) -> dict[str, Any]:
    return {
        "os": system,
        "layout": layout.name,
        "title": layout.title,
        "languages": layout.languages,
        "characters": "".join(layout.keys),
        "origin": layout.origin,
    }
