"""`saykey-trainer pack`: an export as one signed file."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer


def pack(
    export: Annotated[Path, typer.Argument(metavar="EXPORT", help="A folder that export wrote.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The bundle, NAME.saykey.")],
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings that come with the model; without, the prompt that it was exported with.",
        ),
    ] = None,
    self_test: Annotated[
        Path | None,
        typer.Option(
            metavar="SOUND",
            help="A sentence that the device tries the model with, its text in a .txt beside it; without, an "
            "English one.",
        ),
    ] = None,
) -> None:
    """Pack an export into a bundle, signed with your key: what the device takes.

    The model has to understand the self-test here, but for a third of its words; the device tries it again
    before it uses the model. The settings may hold what belongs to a model: the table speech, and of text and
    recognition typography, sentence_case, join, language, initial_prompt, hotwords, beam_size and the
    thresholds. What you set on the device itself comes before them.

    Examples:
      saykey-trainer pack work/export/anna --out anna.saykey
      saykey-trainer pack anna --out anna.saykey --settings anna.toml
      saykey-trainer pack anna --out anna.saykey --self-test satz.wav
    """
    import shlex

    from trainer.flashing.bundle import pack as write
    from trainer.flashing.keys import default_folder, secret_key
    from trainer.flashing.password import password
    from trainer.progress import shown

    secret = secret_key(default_folder(), password)
    out = out.expanduser().absolute()
    with shown() as report:
        write(export.expanduser(), out, secret, settings=settings, self_test=self_test, report=report)
    typer.echo(f"{out.stat().st_size / 1e6:.1f} MB  {out}")
    typer.echo(f"Bring it to the device: saykey-trainer flash {shlex.quote(str(out))}")
