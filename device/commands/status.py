"""`saykey status`: what the running daemon does now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from device.control_requests import Status, ask
from device.settings import AUTO

if TYPE_CHECKING:
    import argparse

HELP = "Say what the running Saykey does: into which computer it types, and whether it hears."

EPILOG = """\
examples:
  saykey status           in words
  saykey status --json    the same as one JSON object
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print it.

    Raises:
        ControlError: No daemon runs, or this user may not speak with it.
    """
    status = ask(Status())
    print(json.dumps(status) if arguments.json else "\n".join(lines(status)))
    return 0


def lines(status: dict[str, Any]) -> list[str]:
    """Give what the daemon answered, in words."""
    microphone = "The microphone is muted." if status["muted"] else "The microphone is not muted."
    if status["hands_free"]:
        microphone = "The microphone is open: dictations begin by themselves."
    if status["drive"]:
        return ["Saykey is a drive now, and hears and types nothing.", microphone]
    name = status["name"]
    into = f"What you say is typed into {name}." if name else "There is no computer to type into."
    others = [other for other in status["hosts"] if other != name]
    return [
        into,
        *([f"Others: {', '.join(others)}."] if others else []),
        *([language(status["language"])] if status["language"] else []),
        microphone,
        *_bluetooth(status["bluetooth"]),
    ]


def language(about: dict[str, Any]) -> str:
    """Say which language is spoken."""
    heard = f"; the last one was {about['heard']}" if about["heard"] else ""
    others = [each for each in about["choices"] if each != about["chosen"]]
    among = f" Others: {', '.join(others)}." if others else ""
    if about["chosen"] == AUTO:
        return f"The language is heard from what you say{heard}.{among}"
    return f"The language is {about['chosen']}.{among}"


def _bluetooth(about: dict[str, Any] | None) -> list[str]:
    if about is None:
        return ["Bluetooth is off."]
    if about["problem"]:
        return [f"Bluetooth: {about['problem']}"]
    return [f"Bluetooth is on; computers see {about['name']}."]
