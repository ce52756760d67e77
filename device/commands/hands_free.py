"""`saykey hands-free`: have dictations begin by themselves, or end that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.commands import add_common
from device.control_requests import HandsFree, ask

if TYPE_CHECKING:
    import argparse

HELP = "Open the microphone for dictations that begin when you speak and end when you pause."

EPILOG = """\
It is closed again by a press of the button, by the mute, by the drive, after hands_free.minutes in which
nobody speaks, and at each start. A button at the pin gpio.hands_free does the same at each press, and so does
a double, triple or long press that is set to "hands_free".

examples:
  saykey hands-free on
  saykey hands-free off
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("on", help="let dictations begin by themselves")
    verbs.add_parser("off", help="let them begin by a press alone")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Open it, or close it.

    Raises:
        HostError: It cannot be opened.
        ControlError: No daemon runs, or this user may not speak with it.
    """
    is_open = ask(HandsFree(arguments.verb == "on"))["hands_free"]
    print("The microphone is open: speak." if is_open else "Dictations begin by a press of the button.")
    return 0
