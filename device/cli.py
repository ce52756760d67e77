"""The command `saykey`."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from device import __version__
from device.commands import add_common
from device.errors import SaykeyError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "demo": "speak a recording to a virtual host, and show every stage",
    "run": "be the keyboard: hold the button, speak, let go",
    "type": "type a text into the host, or show what would be sent",
    "layouts": "list the keyboard layouts of each operating system",
    "pair": "let a computer pair over Bluetooth",
    "hosts": "list the computers that may receive the text, and choose one",
    "status": "say what the running Saykey does",
    "language": "say which language is spoken, and choose another one",
    "mute": "close the microphone, and open it again",
    "hands-free": "have dictations begin and end by themselves",
    "corrections": "show, and delete, what is kept of corrections for the trainer",
    "drive": "be a USB drive on which models and settings are dropped",
    "gadget": "make this board a USB keyboard, or undo it",
    "wiring": "show how buttons and lights are wired to this board",
    "transcribe": "print what is said in sound files",
    "simulate": "speak sound files to a virtual host, and print what it received",
    "bench": "measure how fast this board is, and whether it keeps up",
    "doctor": "find what is wrong, and say how to mend it",
    "model": "list, fetch, install, use and verify speech models",
    "key": "show or set whose models this device takes",
    "words": "list, add and remove the names and rare words that you dictate",
    "config": "print the settings, and where each comes from",
}

_EPILOG = """\
examples:
  saykey model fetch tiny.en        get a speech model
  saykey demo                       see it work
  saykey transcribe memo.mp3        what is said in a file
  saykey run --simulate             talk to a virtual host, with your own microphone
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give the exit status: 0 done, 1 an error that was explained, 2 a wrong call."""
    if sys.stdout is None:
        print("saykey: standard output is closed: give it a file or a terminal.", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is said, a file or a microphone may have letters that this terminal lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            return _call(list(sys.argv[1:] if arguments is None else arguments))
        finally:
            sys.stdout.flush()
    except SaykeyError as error:
        print(f"saykey: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.filename is not None:
            raise
        # No file that was opened by its name: the output. What is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0  # the reader has left, as in `saykey config | head`
        print(f"saykey: The output cannot be written: {error.strerror}.", file=sys.stderr)
        return 1


def _call(words: Sequence[str]) -> int:
    parsed = _parser(words).parse_args(words)
    logging.basicConfig(
        level=logging.DEBUG if parsed.verbose else logging.WARNING, format="%(levelname)s: %(message)s"
    )
    return int(_module(parsed.command).run(parsed))


def _module(command: str) -> Any:
    return importlib.import_module(f"device.commands.{command.replace('-', '_')}")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; only the command that is called is imported, so that each starts as fast as it can."""
    parser = argparse.ArgumentParser(
        prog="saykey",
        description="A keyboard you talk to.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"saykey {__version__}")
    parser.set_defaults(config=None, verbose=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    called = next((word for word in words if word in COMMANDS), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == called:
            module = _module(name)
            command.description, command.epilog = module.HELP, module.EPILOG
            module.configure(command)
        add_common(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
