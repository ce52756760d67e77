"""`saykey-trainer augment`: listen to what training makes of recordings."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer


def augment(  # noqa: PLR0913, PLR0917  # one argument an option
    data: Annotated[Path, typer.Argument(metavar="FOLDER", help="Recordings with their list.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="New folder for the examples and their page.")],
    count: Annotated[int, typer.Option(metavar="N", min=1, help="So many examples.")] = 10,
    noise: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Your own recordings of noise.")
    ] = None,
    rooms: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Impulse responses of rooms.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed gives other examples.")] = 1,
) -> None:
    """Write examples of what training does to recordings: noise, rooms, speed, pitch, gain, microphones.

    Training does this by itself, another way in every epoch, and leaves a part of the recordings as they are;
    here none is. Open index.html in the new folder to listen.

    Examples:
      saykey-trainer augment recordings --out examples
      saykey-trainer augment recordings --out examples --noise my-noises --count 30
    """
    from trainer.augmentation.augmenter import Augmenter
    from trainer.augmentation.examples import write_examples
    from trainer.augmentation.library import sound_files
    from trainer.augmentation.settings import AugmentSettings
    from trainer.dataset import load_manifest
    from trainer.errors import DataError

    if out.resolve().is_relative_to(data.resolve()):
        raise DataError(f"{out} lies among the recordings, and would count as some; give another folder")
    utterances = load_manifest(data)
    augmenter = Augmenter(
        AugmentSettings(clean_share=0),
        sound_files(noise) if noise else [],
        sound_files(rooms) if rooms else [],
        seed,
    )
    for line in write_examples(utterances, augmenter, out, count=count, seed=seed):
        typer.echo(line)
    typer.echo(f"Listen to them in {out / 'index.html'}.")
