"""`saykey run`: the daemon."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from device.hardware.hci_monitor import HciMonitor, give_up_net_raw
from device.memory import share_one_heap
from device.settings_files import load

if TYPE_CHECKING:
    import argparse

HELP = "Be the keyboard: hold the button, speak, let go, and the words are typed."

EPILOG = """\
Space presses the button and Space again lets it go; q ends it. The text goes through USB to the computer
that this board is plugged into, as saykey gadget up has made it a keyboard; or by Bluetooth, where the
setting bluetooth.enabled is true, to one that has paired (saykey pair): saykey hosts says which, and chooses.
With --simulate, a virtual host receives it, and what that reads is printed as it arrives. The states go to
standard error.

examples:
  saykey run                   type through USB, or by Bluetooth
  saykey run --simulate        at a desk, with this machine's microphone
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--simulate", action="store_true", help="type to a virtual host, and show its text")


def run(arguments: argparse.Namespace) -> int:
    """Dictate until told to stop.

    Raises:
        KeyboardError: This machine is no USB keyboard, and Bluetooth is off.
    """
    settings = load(arguments.config).settings
    uses_radio = settings.bluetooth.enabled and not arguments.simulate
    # First of all, since other threads would keep the capability. It goes with the monitor and without.
    monitor = HciMonitor.open() if uses_radio else None
    give_up_net_raw()
    from device.app import board_parts, desk_parts, dictate

    share_one_heap()
    if arguments.simulate:
        parts, radio = desk_parts(settings, sys.stdout, sys.stderr), None
    else:
        parts, radio = board_parts(settings, sys.stderr, monitor)
    asyncio.run(dictate(parts, settings, radio))
    print()
    return 0
