"""`saykey-trainer synthesize`: sentences with your words, spoken by machines."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer


def synthesize(  # noqa: PLR0913, PLR0917  # one argument an option
    words: Annotated[
        Path | None, typer.Argument(metavar="WORDS", help="Text file with one of your words a line.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="New folder for the recordings and their list.")
    ] = None,
    per_word: Annotated[int, typer.Option(metavar="N", min=1, max=500, help="Sentences for each word.")] = 50,
    sentences: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Speak these lines of text too.")
    ] = None,
    voice: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this voice, program or Piper .onnx; may be repeated."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Another seed gives other sentences and manners.")
    ] = 1,
    list_voices: Annotated[bool, typer.Option("--list-voices", help="Print the voices and stop.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Make recordings of your words without speaking: sentences that carry them, spoken by machines.

    The list of words may say how one sounds, after a tab or "=". The recordings are marked as synthetic. They
    add to your own speech and do not replace it.

    Examples:
      saykey-trainer synthesize words.txt --out synthetic
      saykey-trainer synthesize words.txt --out synthetic --voice piper --per-word 100
      saykey-trainer synthesize --sentences letters.txt --out synthetic
    """
    from trainer.progress import shown
    from trainer.recording.prompts import load_sentences
    from trainer.synthesis.folder import synthesize as write
    from trainer.synthesis.voices import available, chosen
    from trainer.words import load_words

    if list_voices:
        for one in available():
            typer.echo(one.label)
        return
    if out is None or (words is None and sentences is None):
        raise typer.BadParameter("give WORDS or --sentences FILE, and --out FOLDER")
    listed = load_words(words) if words else []
    spoken = load_sentences(sentences) if sentences else []
    voices = chosen(voice or [])
    with shown() as report:
        count = write(
            listed, out, voices=voices, per_word=per_word, seed=seed, sentences=spoken, report=report
        )
    typer.echo(f"{count} recordings by {len(voices)} voices are in {out}.")
