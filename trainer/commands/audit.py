"""`saykey-trainer audit`: what is wrong with recordings, and what of them can be used."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer


def audit(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The recordings with their text.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="PREPARED", help="Write what can be used there, with a page to look at."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Chooses what is for training and what for measuring.")] = 0,
    only: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="Only this set; may be repeated.")
    ] = None,
    speaker_disjoint: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--speaker-disjoint", help="Keep each speaker in one split.")
    ] = False,
    check_text: Annotated[  # noqa: FBT002  # a flag
        bool,
        typer.Option(
            "--check-text/--no-check-text", help="Compare the text with what the stock model hears."
        ),
    ] = True,
    as_json: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--json", help="Print one JSON object.")
    ] = False,
) -> None:
    """Find what is wrong with recordings, and prepare those that can be used.

    FOLDER has a manifest.jsonl, a metadata.csv or .jsonl (file_name, text), a .json array (audio_path,
    text), or sound files each with a .txt of the same name; or folders train, validation and test with any
    of these. Nothing in it is changed. What can be used is written to PREPARED as mono 16 kHz FLAC.

    Examples:
        saykey-trainer audit ~/voice
        saykey-trainer audit ~/voice --out ~/prepared
        saykey-trainer audit ~/voice --no-check-text --json | jq .counts
    """
    import msgspec
    from rich.console import Console

    from trainer.data.audit import AuditOptions, examine
    from trainer.data.prepared import PAGE, check_target, check_usable, write_prepared
    from trainer.data.stock import stock_recogniser
    from trainer.data.tables import tables
    from trainer.progress import shown

    if out is not None:
        check_target(folder, out)  # before anything is heard, which may take long
    options = AuditOptions(seed, tuple(only or ()), speaker_disjoint)
    recognise = stock_recogniser() if check_text else None
    with shown() as report:
        audited = examine(folder, options, recognise=recognise, report=report)
        if out is not None and audited.usable:
            write_prepared(audited, out, report)
    summary = audited.summary()
    if as_json:
        typer.echo(msgspec.json.encode(summary).decode())
    else:
        console = Console()
        for table in tables(summary):
            console.print(table)
        if out is not None and audited.usable:
            console.print(f"Look at {out / PAGE}", markup=False, highlight=False)
    check_usable(audited)
