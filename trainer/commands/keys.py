"""`saykey-trainer keys`: the key that says a model is yours."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def keys(
    what: Annotated[
        Literal["new", "show"], typer.Argument(help="Make a pair of keys, or show the public one.")
    ],
) -> None:
    """Make or show your keys: the device takes only models that are signed with yours.

    They are in ~/.config/saykey. owner.key is secret: keep a copy of it in a safe place. Whoever has it can
    put a model on your device, so that a password may lock it; with none, pack and flash ask for nothing.
    Without a terminal, the password is a line of standard input, and an empty line is none. owner.pub is
    public: the device is shown it once, a press of its button confirms it, and it is trusted from then on.
    Nothing ever overwrites a key.

    Examples:
      saykey-trainer keys new
      saykey-trainer keys show
      saykey-trainer keys show | ssh pi@saykey.local saykey key trust -
    """
    from trainer.flashing.keys import PUBLIC, SECRET, check_free, default_folder, make, public_key
    from trainer.flashing.password import new_password

    folder = default_folder()
    if what == "new":
        check_free(folder)
        key = make(folder, new_password())
        typer.echo(f"{folder / SECRET} is your secret key: keep a copy of it in a safe place.", err=True)
        typer.echo(f"{folder / PUBLIC} is the public one, {key.id}:", err=True)
    else:
        key = public_key(folder)
    typer.echo(key.content.decode(), nl=False)
