"""`saykey run`: the daemon."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from device.app import desk_parts, dictate
from device.errors import KeyboardError
from device.memory import share_one_heap
from device.settings_files import load
from device.simulation.virtual_host import VirtualHost

if TYPE_CHECKING:
    import argparse

HELP = "Be the keyboard: hold the button, speak, let go, and the words are typed."

EPILOG = """\
With --simulate, Space presses the button and Space again lets it go; q ends it. The text that the virtual
host receives is printed as it arrives, the states go to standard error.

examples:
  saykey run --simulate        at a desk, with this machine's microphone
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--simulate", action="store_true", help="a key of this terminal is the button, a virtual host types"
    )


def run(arguments: argparse.Namespace) -> int:
    """Dictate until told to stop.

    Raises:
        KeyboardError: There is no host to type to but the virtual one.
    """
    if not arguments.simulate:
        raise KeyboardError("This version cannot type through USB yet: run saykey run --simulate at a desk.")
    share_one_heap()
    settings = load(arguments.config).settings
    asyncio.run(dictate(desk_parts(settings, VirtualHost(), sys.stdout, sys.stderr), settings))
    print()
    return 0
