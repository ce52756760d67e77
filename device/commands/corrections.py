"""`saykey corrections`: what is kept of corrections for the trainer, and how it is deleted or handed over."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from device.commands import add_common
from device.control_requests import ForgetCorrections, ask
from device.corrections.hand_over import hand_over
from device.corrections.store import Store
from device.corrections.words import NO_KEY, OFF, amount, counted, forgotten, sentence
from device.errors import ControlError, CorrectionError
from device.models.files import other_owner
from device.models.trust import Trust
from device.settings_files import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from datetime import date

    from device.corrections.store import Kept
    from device.models.signature import PublicKey

HELP = "Show what is kept of dictations that were taken back and said again, for the trainer; delete it."

EPILOG = """\
Nothing is kept unless the setting corrections.keep is true, and what is kept is sealed to the owner's key:
saykey-trainer collect, on the owner's computer, opens it.

examples:
  saykey corrections             how many there are, how old and how large
  saykey corrections --json      the same as one JSON object
  saykey corrections forget      delete all of them, those in memory among them
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(verb="")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    verbs.add_parser("forget", help="delete all of them")
    verbs.add_parser("hand-over", help="what saykey-trainer collect --ssh runs here")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says.

    Raises:
        SaykeyError: What is kept cannot be read or deleted, or the settings or the key cannot be read.
    """
    store = Store()
    try:
        match arguments.verb:
            case "forget":
                print(sentence(forgotten(_forget(store))))
            case "hand-over":
                count = hand_over(store, sys.stdout.buffer, sys.stdin.buffer)
                print(sentence(f"{counted(count)} handed over, and deleted here"), file=sys.stderr)
            case _:
                _show(store, arguments)
    except OSError as error:
        if error.filename is None:  # that is the output
            raise
        owner = other_owner(store.folder)
        remedy = f"run it with sudo -u {owner} before it" if owner else "check the disk"
        raise CorrectionError(f"{error.filename}: {error.strerror}; {remedy}.") from error
    return 0


def _forget(store: Store) -> int:
    """Have the daemon delete them, since it may hold more of them; or delete them where none runs."""
    try:
        return int(ask(ForgetCorrections())["forgotten"])
    except ControlError:
        return store.forget()


def _show(store: Store, arguments: argparse.Namespace) -> None:
    kept, key = store.kept(), Trust().key()
    keeps = load(arguments.config).settings.corrections.keep
    if arguments.json:
        about = {
            "keep": keeps,
            "key": key.id if key else None,
            "count": len(kept),
            "bytes": sum(each.size for each in kept),
            "oldest": min((each.day.isoformat() for each in kept), default=None),
        }
        print(json.dumps(about))
    else:
        print("\n".join(lines(kept, store.today(), key, keeps=keeps)))


def lines(kept: Sequence[Kept], today: date, key: PublicKey | None, *, keeps: bool) -> list[str]:
    """Say what is kept, and why not more."""
    if not keeps:
        why = OFF
    elif key is None:
        why = f"Nothing is kept: {NO_KEY}. saykey-trainer keys new makes one; then: saykey key trust KEY"
    else:
        why = f"What is taken back and said again is kept, sealed to the key {key.id}."
    return [sentence(amount(kept, today)), why]
