"""`saykey-trainer collect`: what the device has kept of corrections becomes training data."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer


def collect(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Your recordings, to which they are added.")
    ],
    drive: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Where the device's drive is mounted, if it is not found."),
    ] = None,
    ssh: Annotated[
        str | None, typer.Option(metavar="HOST", help="Fetch them from there instead, as ssh takes the name.")
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Take them from a card instead, whose largest partition is mounted there."
        ),
    ] = None,
    speaker: Annotated[str, typer.Option(metavar="NAME", help="Who speaks.")] = "owner",
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, help="How long the drive is waited for, and the answer."),
    ] = 600,
    as_json: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--json", help="Print one JSON object.")
    ] = False,
) -> None:
    """Fetch what you took back and said again, open it with your key, and delete it on the device.

    The device keeps it where its setting corrections.keep is true, sealed to your key. FOLDER is a folder of
    saykey-trainer record, or a new one; what comes is in FOLDER/corrections and in FOLDER's list, so that
    personalize and audit take it. Listen to it: that it is the same sentence is likely, and no more. The
    device deletes what has arrived, and nothing else.

    Exits with 0 when all that was there is collected, else with 1.

    Examples:
      saykey-trainer collect mine
      saykey-trainer collect mine --drive /media/anna/SAYKEY
      saykey-trainer collect mine --ssh pi@saykey.local
    """
    import msgspec
    from rich.console import Console

    from trainer.collecting.collected import Collected
    from trainer.collecting.ways import by_card, by_drive, by_ssh
    from trainer.flashing.flash import Computer
    from trainer.flashing.keys import default_folder, ed25519_secret, secret_key
    from trainer.flashing.password import password
    from trainer.flashing.patience import Patience
    from trainer.flashing.screen import ConsoleScreen

    if sum(way is not None for way in (drive, ssh, card)) > 1:
        raise typer.BadParameter("give one of --drive, --ssh and --card")
    screen = ConsoleScreen(Console(stderr=True, soft_wrap=True))
    collected = Collected(folder, ed25519_secret(secret_key(default_folder(), password)), speaker)
    try:
        if ssh is not None:
            by_ssh(collected.take, ssh)
        elif card is not None:
            by_card(collected.take, card)
        else:
            by_drive(collected.take, Computer(), screen, Patience(timeout), drive)
    finally:  # what was collected before something went wrong is told, too
        said = collected.sentences()
        if said and not as_json:
            typer.echo("\n".join(said))
    if as_json:
        typer.echo(msgspec.json.encode(collected.summary()).decode())
    elif not said:
        typer.echo("There are no corrections to collect.")
    if collected.refused:
        raise typer.Exit(1)
