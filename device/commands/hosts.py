"""`saykey hosts`: the computers that may receive the text, and which one does."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from wcwidth import wcswidth

from device.commands import add_common
from device.control_requests import Forget, List, Next, Rename, Use, ask
from device.errors import HostError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

HELP = "List the computers that may receive the text, choose one, forget or rename one."

EPILOG = """\
The one with the star receives the text; usb is the one at the other end of the cable. What waits for
another one is typed only when you press the button.

examples:
  saykey hosts                          which there are
  saykey hosts --json                   the same as one JSON object
  saykey hosts use "Ada's laptop"       type into this one
  saykey hosts next                     type into the next of the list
  saykey hosts rename "BRW-4711" work   call one otherwise, on this device only
  saykey hosts forget work              take its bond away: it has to pair again
"""

_HEADS = ("name", "connected", "address")
_CONNECTED = {True: "yes", False: "no", None: ""}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their arguments; without a verb they are listed."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    using = verbs.add_parser("use", help="type into this one")
    verbs.add_parser("next", help="type into the next of the list")
    forgetting = verbs.add_parser("forget", help="take the bond of this one away")
    renaming = verbs.add_parser("rename", help="call this one otherwise")
    for verb in (using, forgetting, renaming):
        verb.add_argument("name", metavar="NAME", help="one of the list")
    forgetting.add_argument("--yes", action="store_true", help="do not ask")
    renaming.add_argument("new", metavar="NEW", help="what to call it")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says; give the exit status.

    Raises:
        HostError: There is no such host, or it cannot be done.
        ControlError: No daemon runs, or this user may not speak with it.
    """
    match arguments.verb:
        case "use":
            _tell_current(ask(Use(arguments.name)))
        case "next":
            _tell_current(ask(Next()))
        case "forget":
            return forget(arguments.name, asks=not arguments.yes)
        case "rename":
            ask(Rename(arguments.name, arguments.new))
            print(f"{arguments.name} is called {arguments.new.strip()} now.")
        case _:
            answer = ask(List())
            print(json.dumps(answer) if arguments.json else table(answer["hosts"]))
    return 0


def forget(name: str, *, asks: bool) -> int:
    """Take a bond away; give 1 when the user does not want it after all.

    Raises:
        HostError: There is no such host, or nobody can be asked.
        ControlError: No daemon runs, or this user may not speak with it.
    """
    if asks and not _agrees(f"Forget {name}? It has to pair again before it gets a text. [y/N] "):
        print(f"{name} is kept.")
        return 1
    ask(Forget(name))
    print(f"{name} is forgotten. Remove this device on that computer too, in its Bluetooth settings.")
    return 0


def table(hosts: Sequence[dict[str, Any]]) -> str:
    """Give the hosts as lines, and what to do where none is paired."""
    rows = [
        _HEADS,
        *((host["name"], _CONNECTED[host["is_connected"]], host["address"]) for host in hosts),
    ]
    widths = [max(wcswidth(row[column]) for row in rows) for column in range(len(_HEADS))]
    marks = (" ", *("*" if host["is_current"] else " " for host in hosts))
    lines = [
        f"{mark} "
        + "  ".join(cell + " " * (width - wcswidth(cell)) for cell, width in zip(row, widths, strict=True))
        for mark, row in zip(marks, rows, strict=True)
    ]
    if not any(host["address"] for host in hosts):
        lines.append("No computer is paired; to pair one, run: saykey pair")
    return "\n".join(line.rstrip() for line in lines)


def _tell_current(answer: dict[str, Any]) -> None:
    print(f"What you say is typed into {answer['name']} from now on.")


def _agrees(question: str) -> bool:
    """Ask on the terminal.

    Raises:
        HostError: There is none.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise HostError("Standard input is no terminal, so that you cannot be asked: give --yes.")
    try:
        return input(question).strip().casefold() in ("y", "yes")
    except EOFError:
        print()
        return False
