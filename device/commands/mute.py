"""`saykey mute`: close the microphone, and open it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.commands import add_common
from device.control_requests import Mute, ask

if TYPE_CHECKING:
    import argparse

HELP = "Close the microphone until you open it again."

EPILOG = """\
What you are saying when the mute begins is thrown away; what you had let the button go of is typed. A button
at the pin gpio.mute does the same at each press. The mute lasts while the device is a drive, takes a model or
other settings, and while the service restarts; not when it loses its power.

examples:
  saykey mute on        returns when the microphone is closed
  saykey mute off
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("on", help="close the microphone")
    verbs.add_parser("off", help="open it again")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Mute, or end it.

    Raises:
        ControlError: No daemon runs, or this user may not speak with it.
    """
    is_muted = ask(Mute(arguments.verb == "on"))["muted"]
    print("The microphone is closed." if is_muted else "The microphone is not muted.")
    return 0
