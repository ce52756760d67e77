"""`saykey run`: the daemon."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from device.app import desk_parts, dictate, usb_parts
from device.memory import share_one_heap
from device.settings_files import load

if TYPE_CHECKING:
    import argparse

HELP = "Be the keyboard: hold the button, speak, let go, and the words are typed."

EPILOG = """\
Space presses the button and Space again lets it go; q ends it. With --simulate, the text that a virtual
host receives is printed as it arrives; without, it goes through USB to the computer that this board is
plugged into, as saykey gadget up has made it a keyboard. The states go to standard error.

examples:
  saykey run                   type through USB
  saykey run --simulate        at a desk, with this machine's microphone
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--simulate", action="store_true", help="type to a virtual host, and show its text")


def run(arguments: argparse.Namespace) -> int:
    """Dictate until told to stop.

    Raises:
        KeyboardError: This machine is no USB keyboard.
    """
    share_one_heap()
    settings = load(arguments.config).settings
    if arguments.simulate:
        parts = desk_parts(settings, sys.stdout, sys.stderr)
    else:
        parts = usb_parts(settings, sys.stderr)
    asyncio.run(dictate(parts, settings))
    print()
    return 0
