"""The password of the owner's key: typed where nobody sees it, or a line of what is piped in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from trainer.errors import OwnerKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    Typed = Callable[[str], str]
    """Has something typed on the terminal, unseen."""


def password(typed: Typed | None = None) -> str:
    """Ask for the password of a key.

    Raises:
        OwnerKeyError: There is neither a terminal nor a line.
    """
    typed = typed or _terminal()
    return typed("Password of your key") if typed else _line()


def new_password(typed: Typed | None = None) -> str:
    """Ask for the password of a new key, twice where it is typed; empty for none.

    Raises:
        OwnerKeyError: There is neither a terminal nor a line.
    """
    typed = typed or _terminal()
    if typed is None:
        return _line()
    while True:
        chosen = typed("Password for the secret key (empty for none)")
        if not chosen or typed("The same again") == chosen:
            return chosen
        typer.echo("They are not the same: once more.", err=True)


def _terminal() -> Typed | None:
    return _type if sys.stdin is not None and sys.stdin.isatty() else None


def _type(what: str) -> str:
    return str(typer.prompt(what, default="", show_default=False, hide_input=True, err=True))


def _line() -> str:
    """Give a line of standard input."""
    try:
        line = "" if sys.stdin is None else sys.stdin.readline()
    except UnicodeError as error:
        raise OwnerKeyError("The password on standard input is not in UTF-8") from error
    if not line:
        raise OwnerKeyError(
            "There is no terminal to ask for the key's password: give it as a line of standard input, "
            "an empty one for none"
        )
    return line.rstrip("\r\n")
