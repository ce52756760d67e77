"""`saykey language`: which language is spoken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from device.commands.status import language
from device.control_requests import Speak, ask

if TYPE_CHECKING:
    import argparse

HELP = "Say which language you speak to the running Saykey, and choose another one."

EPILOG = """\
The languages are those of the settings: recognition.languages, and what recognition.language says. A press
can choose, too: next_language in [button] and [gpio]. The choice holds until another one, also after a
restart, and until recognition.language is changed.

examples:
  saykey language           which one it is, and which others there are
  saykey language de        take what is said from now on for German
  saykey language auto      hear which one it is, where recognition.language is "auto"
  saykey language --json    the same as one JSON object
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("language", metavar="CODE", nargs="?", default="", help="such as en, or auto")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Choose, and print what is spoken.

    Raises:
        ControlError: No daemon runs, or this user may not speak with it.
        HostError: It is none of the languages of the settings.
    """
    spoken = ask(Speak(arguments.language))["language"]
    if arguments.json:
        print(json.dumps(spoken))
    else:
        print(language(spoken) if spoken else "Saykey is a drive now, and hears nothing.")
    return 0
