"""`saykey-trainer report`: one page that shows what training did."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

REPORT = "report.html"
"""The page's name where none is given."""


def report(
    work: Annotated[
        Path, typer.Argument(metavar="WORK", help="The folder that personalize or evaluate made.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"The page; WORK/{REPORT} if not given.")
    ] = None,
) -> None:
    """Write one HTML page about a tuned model, to be opened in a browser without a network.

    It shows whether the model is better and for whom, how it was trained, what it hears wrong, with the
    sound, and what changed against stock. It holds recordings of your voice: mind whom you give it to.

    Examples:
      saykey-trainer report work
      saykey-trainer report work --out ~/saykey-report.html
    """
    from trainer.errors import DataError
    from trainer.progress import shown
    from trainer.reporting.page import report as write

    target = out or work / REPORT
    if target.is_dir():
        raise DataError(f"{target} is a folder: name a file, such as {target / REPORT}.")
    try:
        with shown() as progress:
            write(work, target, progress)
    except OSError as error:
        raise DataError(f"{target} cannot be written ({error.strerror}): choose another place.") from error
    typer.echo(target)
