"""`saykey run`: the daemon."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import SettingsError
from device.hardware.hci_monitor import HciMonitor, give_up_net_raw
from device.memory import share_one_heap
from device.ports import State
from device.settings import Settings
from device.settings_files import load

if TYPE_CHECKING:
    import argparse

    from device.ports import Indicator

HELP = "Be the keyboard: hold the button, speak, let go, and the words are typed."

EPILOG = """\
The button is at the pin that the setting gpio.button names. Where that is empty, Space presses the button
and Space again lets it go; q ends it. The text goes through USB to the computer that this board is plugged
into, as saykey gadget up has made it a keyboard; or by Bluetooth, where the setting bluetooth.enabled is
true, to one that has paired (saykey pair): saykey hosts says which, and chooses. With --simulate, Space is
the button, a virtual host receives the text, and what that reads is printed as it arrives. The states go to
standard error.

examples:
  saykey run                   type through USB, or by Bluetooth
  saykey run --simulate        at a desk, with this machine's microphone
"""

_NOTHING_KEPT = Path("/dev/null")
"""A state folder in which nothing can be."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--simulate", action="store_true", help="type to a virtual host, and show its text")


def run(arguments: argparse.Namespace) -> int:
    """Dictate until told to stop.

    Raises:
        KeyboardError: This machine is no USB keyboard, and Bluetooth is off.
    """
    # First of all, since other threads would keep the capability. It goes with the monitor and without.
    settings = Settings() if arguments.simulate else _before_the_drive(arguments.config)
    monitor = HciMonitor.open() if settings.bluetooth.enabled else None
    give_up_net_raw()
    share_one_heap()
    if arguments.simulate:
        _simulate(arguments.config)
    else:
        _run_on_the_board(settings, monitor, arguments.config)
    print()
    return 0


def _simulate(config: Path | None) -> None:
    from device.app import desk
    from device.running import keep_running

    keep_running(desk(sys.stdout, sys.stderr), config)


def _run_on_the_board(settings: Settings, monitor: HciMonitor | None, config: Path | None) -> None:
    from device.wired import button_of, display_of, lights_of

    with lights_of(settings.gpio) as lights, display_of(settings.display) as display:
        shown: list[Indicator] = [*lights, *((display,) if display else ())]
        for indicator in shown:
            indicator.show(State.STARTING)  # to import the rest takes seconds on a slow board
        from device.app import board
        from device.running import keep_running

        on = board(sys.stderr, monitor, button_of(settings.gpio), shown, display)
        keep_running(replace(on, doctor=_doctor), config)


def _doctor(config: Path | None, listens: bool) -> str:  # noqa: FBT001  # as the board calls it
    from device.commands.doctor import at_the_drive  # with it come checks that dictation needs no memory for

    return at_the_drive(config, listens=listens)


def _before_the_drive(config: Path | None) -> Settings:
    """Give the settings as far as they can be read. Errors are told later, since the drive may mend them.

    It is shown where the button is held, whose pin is the board's: what came by the drive may be the error.
    """
    for read in (partial(load, config), partial(load, state=_NOTHING_KEPT)):
        with suppress(SettingsError):
            return read().settings
    return Settings()
