"""`saykey-trainer flash`: a model onto the device."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.flashing.parcel import Parcel
    from trainer.flashing.screen import Screen


def flash(
    model: Annotated[
        Path, typer.Argument(metavar="BUNDLE|EXPORT", help="A bundle of pack, or the folder of an export.")
    ],
    drive: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Where the device's drive is mounted, if it is not found."),
    ] = None,
    ssh: Annotated[
        str | None, typer.Option(metavar="HOST", help="Send it there instead, as ssh takes the name.")
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Copy it to a card's boot partition instead, for the next start."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, help="How long the drive is waited for, and the answer."),
    ] = 600,
) -> None:
    """Bring a model to the device, wait until it is checked and installed, and print what the device says.

    The device shows itself as a drive when its button is held while it is plugged in, or after `saykey drive
    on` there. The model that it had stays on it: `saykey model rollback` takes it back.

    Exits with 0 when the model is installed (with --card: copied), else with 1.

    Examples:
      saykey-trainer flash work/export/anna
      saykey-trainer flash anna.saykey --drive /media/anna/SAYKEY
      saykey-trainer flash anna.saykey --ssh pi@saykey.local
      saykey-trainer flash anna.saykey --card /media/anna/bootfs
    """
    from rich.console import Console

    from trainer.flashing.screen import ConsoleScreen

    if sum(way is not None for way in (drive, ssh, card)) > 1:
        raise typer.BadParameter("give one of --drive, --ssh and --card")
    screen = ConsoleScreen(Console(stderr=True, soft_wrap=True))
    with _parcel(model) as parcel:
        if ssh is not None:
            _by_ssh(parcel, ssh, screen)
        elif card is not None:
            _by_card(parcel, card, screen)
        else:
            _by_drive(parcel, drive, timeout, screen)


@contextmanager
def _parcel(model: Path) -> Iterator[Parcel]:
    """Give a bundle, or an export as one, which is gone after the block."""
    import os
    from tempfile import TemporaryDirectory

    from device.models.bundle import SUFFIX
    from trainer.flashing.keys import PUBLIC, default_folder, public_key
    from trainer.flashing.parcel import open_parcel

    keys = default_folder()
    with TemporaryDirectory(prefix="saykey-") as folder:
        file = model
        if model.is_dir():
            file = _pack(model, Path(folder, f"model{SUFFIX}"), keys)
        yield open_parcel(file, public_key(keys) if os.path.lexists(keys / PUBLIC) else None)


def _pack(export: Path, target: Path, keys: Path) -> Path:
    from trainer.flashing.bundle import pack
    from trainer.flashing.keys import secret_key
    from trainer.flashing.password import password
    from trainer.progress import shown

    secret = secret_key(keys, password)
    with shown() as report:
        return pack(export, target, secret, report=report)


def _by_drive(parcel: Parcel, place: Path | None, timeout_s: float, screen: Screen) -> None:
    from trainer.flashing.flash import Computer
    from trainer.flashing.flash import flash as flash_by_drive
    from trainer.flashing.patience import Patience

    answer = flash_by_drive(parcel, Computer(), screen, Patience(timeout_s), place)
    for sentence in answer.sentences:
        typer.echo(sentence)
    if not answer.installed:
        raise typer.Exit(1)


def _by_ssh(parcel: Parcel, host: str, screen: Screen) -> None:
    from trainer.flashing.ssh import flash_by_ssh

    flash_by_ssh(parcel, host, screen)


def _by_card(parcel: Parcel, card: Path, screen: Screen) -> None:
    from trainer.flashing.card import flash_by_card
    from trainer.flashing.copying import RESULT

    with screen.copying() as report:
        copied = flash_by_card(parcel, card, report)
    typer.echo(f"Copied to {copied}. Eject the card: the device takes it at its next start.")
    typer.echo(f"What became of it will be in {copied.with_name(RESULT)}.")
