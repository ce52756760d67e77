"""`saykey key`: whose models this device takes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from device.commands import add_common
from device.errors import BundleError
from device.models.signature import PublicKey
from device.models.trust import Trust

if TYPE_CHECKING:
    import argparse

HELP = "Show, trust or forget the owner's public key: only models that it has signed are installed."

EPILOG = """\
The first key that this device is shown is the owner's; from then on, no other is taken before this one is
forgotten. saykey-trainer keys new makes one.

examples:
  saykey key show
  saykey key trust owner.pub     the file of a public key
  saykey key trust RWQ...        or the key itself
  saykey key trust - < owner.pub
  saykey key forget              this device has no owner, until it is shown a key
"""

_KEY = re.compile(r"RW[A-Za-z0-9+/]{54,}={0,2}")
"""42 bytes in base64, of which the first two are "Ed"; or more of them, which may be the secret key."""

_MOST = 4096
"""Bytes of a file that may be one of a public key; they have 120 or so."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the three verbs and their arguments."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("show", help="show whose models are taken")
    trusting = verbs.add_parser("trust", help="take the models of this key, if none is trusted yet")
    trusting.add_argument("key", metavar="KEY", help="the key, its file, or - for standard input")
    verbs.add_parser("forget", help="trust no key")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says; give the exit status.

    Raises:
        ModelError: It is no key, another one is trusted, or the file of it cannot be read or written.
    """
    trust = Trust()
    match arguments.verb:
        case "trust":
            key = PublicKey.parse(_given(arguments.key))
            trust.trust(key)
            print(f"The models that {key.id} has signed are taken.")
        case "forget":
            was_there = trust.forget()
            print("The key is forgotten." if was_there else "No key was trusted.")
        case _:
            return show(trust)
    return 0


def show(trust: Trust) -> int:
    """Print the trusted key as its file has it; give 1 where there is none.

    Raises:
        ModelError: The file of it cannot be read, or is damaged.
    """
    key = trust.key()
    if key is None:
        hint = "run saykey key trust KEY, with the one that saykey-trainer keys new has made"
        print(f"No key is trusted yet: {hint}.", file=sys.stderr)
        return 1
    print(key.content.decode(), end="")
    return 0


def _given(words: str) -> bytes:
    """Give the content of a key's file, or the key itself.

    Raises:
        BundleError: It cannot be read.
    """
    if words == "-":
        if sys.stdin is None:
            raise BundleError("Standard input is closed: give the key or its file.")
        return sys.stdin.buffer.read(_MOST)
    if _KEY.fullmatch(words):
        return words.encode()
    try:
        with Path(words).open("rb") as file:
            return file.read(_MOST)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BundleError(f"{words!r} is no key, and cannot be read as a file ({why}).") from error
