"""`saykey config`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from device.settings_files import Loaded, load
from device.settings_words import NAMED, table_named, toml

if TYPE_CHECKING:
    import argparse

HELP = "Show the settings in force, and which file each value comes from."

EPILOG = """\
examples:
  saykey config                         what is in force on this device
  saykey config --config trial.toml     what would be in force with this file on top
  saykey config > all.toml              keep all of it: what is printed is a settings file itself
"""

_WIDEST = 48
"""Longer lines do not push the comments of all others away from their settings."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: none but the `--config` that every command has."""


def run(arguments: argparse.Namespace) -> int:
    """Print the settings; give the exit status.

    Raises:
        SettingsError: A settings file cannot be read, or something in it is not allowed.
    """
    print(render(load(arguments.config)))
    return 0


def render(loaded: Loaded) -> str:
    """Write settings as TOML that can be loaded again, with the origin of each value as a comment."""
    sections = asdict(loaded.settings)
    named = {table_named(kind, name): table for kind in NAMED for name, table in sections.pop(kind).items()}
    tables = {
        table: {key: f"{key} = {toml(value)}" for key, value in asdict(section).items()}
        for table, section in (sections | named).items()
    }
    widths = (len(line) for lines in tables.values() for line in lines.values())
    column = max((width for width in widths if width <= _WIDEST), default=0)
    paragraphs = (
        [f"[{table}]"]
        + [f"{line:<{column}}  # {_comment(loaded.origins[f'{table}.{key}'])}" for key, line in lines.items()]
        for table, lines in tables.items()
    )
    return "\n\n".join("\n".join(paragraph) for paragraph in paragraphs)


def _comment(origin: str) -> str:
    """Escape a file's name where it would break the line that it stands on."""
    return origin if origin.isprintable() else json.dumps(origin)
