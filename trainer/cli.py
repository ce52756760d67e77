"""The command `saykey-trainer`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from device.errors import SaykeyError

if TYPE_CHECKING:
    from trainer.evaluate import Score

app = typer.Typer(
    help="Measure how well Saykey understands you.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run one command; exit with 0 done, 1 an error that was explained, 2 a wrong call."""
    try:
        app()
    except SaykeyError as error:
        print(f"saykey-trainer: {error}", file=sys.stderr)  # noqa: T201  # as it is, without markup
        sys.exit(1)


@app.callback()
def _commands() -> None:
    """Keep the command's name even while there is only one."""


@app.command()
def evaluate(
    data: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Recordings, with manifest.jsonl or an audiofolder's metadata."),
    ],
    only: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="Only this set; may be repeated.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings that override those in /etc.")
    ] = None,
    as_lines: Annotated[bool, typer.Option("--json", help="Print one JSON object a set.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Print the error rates of the device's own path on your recordings, by set."""
    from device.settings_files import load
    from trainer.dataset import load_manifest
    from trainer.errors import DataError
    from trainer.evaluate import evaluate, recogniser, score

    settings = load(config).settings
    utterances = [each for each in load_manifest(data) if not only or each.set in only]
    if not utterances:
        raise DataError(f"{data} has no recording in the set {' or '.join(only or [])}: look at its list")
    recognise = recogniser(settings)
    shown = track(utterances, "Recognising", console=Console(stderr=True), transient=True)
    scores = score(evaluate(shown, recognise))
    if as_lines:
        for one in scores:
            typer.echo(json.dumps(asdict(one), ensure_ascii=False))
    else:
        Console().print(table(scores))


def table(scores: list[Score]) -> Table:
    """Give the scores as a table; "invented" are characters recognised in silent recordings."""
    made = Table("set", box=None, pad_edge=False)
    for heading in ("utterances", "WER %", "95 %", "CER %", "silent", "invented"):
        made.add_column(heading, justify="right", no_wrap=True)
    for one in scores:
        made.add_row(
            one.set,
            str(one.utterances),
            _rate(one.wer),
            "" if one.wer_low is None else f"{_rate(one.wer_low)} to {_rate(one.wer_high)}",
            _rate(one.cer),
            str(one.silent),
            str(one.invented),
        )
    return made


def _rate(per_cent: float | None) -> str:
    return "" if per_cent is None else f"{per_cent:.2f}"


if __name__ == "__main__":
    main()
