"""`saykey-trainer finetune`: from a stock model and recordings to a better model."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.training.keys import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from trainer.conversion.trained import Record
    from trainer.training.checkpoint import Epoch

STOPPED = 130
"""The exit status of a program that SIGINT ended, as shells have it: 128 + 2."""


def _list_recipes(wanted: bool) -> None:  # noqa: FBT001  # typer's callback
    from trainer.training.recipe import recipe_names, summary

    if wanted:
        for name in recipe_names():
            typer.echo(f"{name:<10} {summary(name)}")
        raise typer.Exit


def finetune(  # noqa: PLR0913, PLR0917  # one argument an option
    data: Annotated[
        list[Path],
        typer.Argument(metavar="DATA...", help="Prepared recordings: what audit or synthesize wrote."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="RUN", help="Folder for the model, the log and what a stopped run needs.")
    ],
    general: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Prepared recordings of other people; may be repeated."),
    ] = None,
    base: Annotated[
        str, typer.Option(metavar="MODEL", help="What to start from: a name, or a folder with float weights.")
    ] = "tiny.en",
    recipe: Annotated[
        str, typer.Option(metavar="RECIPE", help="How to train: a name of --list-recipes, or a file.")
    ] = "personal",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the recipe; may be repeated."),
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Your own recordings of noise, for augmentation.")
    ] = None,
    rooms: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Impulse responses of rooms, for augmentation.")
    ] = None,
    as_json: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--json", help="Print what came of it as one JSON object.")
    ] = False,
    _names: Annotated[  # noqa: FBT002  # a flag
        bool,
        typer.Option(
            "--list-recipes", help="Print the recipes, and stop.", is_eager=True, callback=_list_recipes
        ),
    ] = False,
) -> None:
    """Train a model on your recordings, and keep the best of it by those held out for validation.

    Stop it whenever you like, in any way: the same command goes on where it was. What is finished is not
    trained again; another recipe, base or data in the same RUN starts afresh.

    Examples:
      saykey-trainer finetune prepared --out run
      saykey-trainer finetune prepared spoken --general others --out run --noise my-noises
      saykey-trainer finetune prepared --out run --recipe lora --set epochs=3 --set lora.rank=16
      saykey-trainer finetune prepared --out run --set memory=short

    Keys of a recipe, each with the value that it has where the recipe does not say:
    """
    from trainer.augmentation.library import asked_for
    from trainer.progress import shown
    from trainer.training.finetune import Data
    from trainer.training.finetune import finetune as train
    from trainer.training.recipe import load_recipe

    loaded = load_recipe(recipe, change or [])
    noises = asked_for(noise, loaded.augment, "noise_share")
    impulses = asked_for(rooms, loaded.augment, "room_share")
    with _explained(out), shown() as report:
        train(base, Data(tuple(data), tuple(general or ()), noises, impulses), loaded, out, report=report)
    _show(out, as_json=as_json)


finetune.__doc__ = f"{inspect.getdoc(finetune)}\n\n{listed()}\n"


@contextmanager
def _explained(run: Path) -> Iterator[None]:
    """Say how to go on after what stops training from outside.

    Raises:
        DataError: A file cannot be read or written.
        typer.Exit: The user stopped it.
    """
    from trainer.errors import DataError

    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where this one was.", err=True)
        raise typer.Exit(STOPPED) from None
    except OSError as error:
        raise DataError(
            f"{error.filename or run} cannot be read or written ({error.strerror or error}): look at its "
            "disk and permissions; the same command then goes on"
        ) from error


def _show(run: Path, *, as_json: bool) -> None:
    """Print what came of a run, and what comes next."""
    import shlex

    import msgspec
    from rich.console import Console

    from trainer.conversion.trained import read_record
    from trainer.training.checkpoint import Epoch
    from trainer.training.finetune import LEFT_OUT
    from trainer.training.logs import logs

    record = read_record(run / "model")
    assert record is not None  # noqa: S101  # it was just written
    trainings, left_out = [_lines(log, Epoch) for log in logs(run)], _lines(run / LEFT_OUT, dict[str, str])
    if as_json:
        found = {"model": str(run / "model"), "record": record, "trainings": trainings, "left_out": left_out}
        typer.echo(msgspec.json.encode(found))
        return
    for number, epochs in enumerate(trainings, 1):
        Console().print(_table(epochs, f"Training {number} of {len(trainings)}" if trainings[1:] else None))
    for line in (*_chosen(record), *_left_out(left_out, run / LEFT_OUT)):
        typer.echo(line)
    typer.echo(f"Next: saykey-trainer export {shlex.quote(str(run))} --out NAME")


def _lines(file: Path, kind: Any) -> list[Any]:
    import msgspec

    from trainer.errors import DataError

    try:
        return msgspec.json.Decoder(kind).decode_lines(file.read_bytes()) if file.exists() else []
    except msgspec.DecodeError as error:
        raise DataError(f"{file} is damaged ({error}): delete it; the model stays as it is") from error


def _table(epochs: Sequence[Epoch], title: str | None) -> Table:
    from rich.table import Table

    table = Table("epoch", "WER %", "general WER %", "loss", "utterances/s", "seconds", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for line in epochs:
        table.add_row(
            str(line.epoch) if line.epoch else "stock",
            _number(line.validation_wer, 2),
            _number(line.general_wer, 2),
            _number(line.loss, 3),
            _number(line.utterances_per_s, 1),
            _number(line.seconds, 0),
        )
    return table


def _chosen(record: Record) -> Iterator[str]:
    """Say which weights were taken, and how good they are."""
    if not record.interpolation:
        yield "Training made nothing better on validation: the model is stock's."
        return
    share = f"{record.interpolation:.0%} of the trained weights"
    stock = f", {1 - record.interpolation:.0%} of stock's" if record.interpolation < 1 else ""
    yield f"Taken: {share}{stock}."
    yield (
        f"On your validation recordings: {_number(record.validation_wer, 2)} % word errors, "
        f"stock {_number(record.stock_validation_wer, 2)} %."
    )
    if record.general_wer is not None:
        yield (
            f"On other people's: {_number(record.general_wer, 2)} % word errors, "
            f"stock {_number(record.stock_general_wer, 2)} %."
        )
    if record.short_window:
        yield "It understands speech without the silence behind it, which the device will make use of."


def _left_out(rows: Sequence[dict[str, str]], file: Path) -> Iterator[str]:
    if rows:
        some = "; ".join(f"{row['id']}: {row['reason']}" for row in rows[:3])
        yield f"Not learned from: {len(rows)} recordings ({some}{'; ...' if rows[3:] else ''}), see {file}."


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
