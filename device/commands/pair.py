"""`saykey pair`: let a computer pair with this device over Bluetooth."""

from __future__ import annotations

import shlex
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from device.control_requests import Pair, follow
from device.errors import ControlError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

HELP = "Let a computer, tablet or phone pair with this device over Bluetooth."

EPILOG = """\
The window stays open for the seconds of bluetooth.window_s in the settings, until somebody has paired, or
until you press Ctrl-C here. Who asks to pair is let in by a press of the device's button: press it only when
it is your own computer that asks. Outside the window nobody can pair. The exit status is 1 when nobody did.

example:
  saykey pair
"""

_WIDTH = 79


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: none but those that every command has."""


def run(_arguments: argparse.Namespace) -> int:
    """Open the window and tell of it until it closes.

    Raises:
        HostError: Bluetooth is off.
        ControlError: No daemon runs, or this user may not speak with it.
    """
    with closing(follow(Pair())) as windows:
        last = show(windows)
    _count("")
    if last["paired"]:
        name = shlex.quote(last["paired"])
        print(f"{last['paired']} is paired. To type into it, run: saykey hosts use {name}")
        return 0
    print(f"saykey: {last['refused'] or 'Nobody came.'}", file=sys.stderr)
    return 1


def show(windows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Say what to do at each change; give how the window was when it closed.

    Raises:
        ControlError: The daemon left it open.
    """
    told: tuple[str, str] | None = None
    for window in windows:
        if not window["is_open"]:
            return window
        if told is None:
            _say(f'On the computer, add a Bluetooth device and choose "{window["device"]}".')
            _say("When it asks, it is named here: then press the button.")
            told = ("", "")
        new = (window["refused"], window["asking"])
        if new != told and any(new):
            _say(f"{new[1]} wants to pair: press the button." if new[1] else new[0])
        told = new
        _count(f"{window['left_s']} s left")
    raise ControlError("Saykey was stopped meanwhile; the window is closed.")


def _say(line: str) -> None:
    _count("")
    print(line, flush=True)


def _count(line: str) -> None:
    """Show how much time is left on a terminal, over what was shown before; elsewhere nothing."""
    if sys.stderr.isatty():
        print(f"\r{line:<{_WIDTH}}\r{line}", end="", file=sys.stderr, flush=True)
