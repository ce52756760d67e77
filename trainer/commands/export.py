"""`saykey-trainer export`: the trained model in the formats that run it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated, Literal

import typer


def export(  # noqa: PLR0913, PLR0917  # one argument an option
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run of finetune, or a folder with float weights.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the export goes.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model's name on the device; without, FOLDER's.")
    ] = None,
    quantization: Annotated[
        Literal["int8", "int8_float32", "float16"],
        typer.Option(
            help="int8 is what the device runs; int8_float32 rounds only what is computed as int8; float16 "
            "is for further training."
        ),
    ] = "int8",
    words: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your words, one a line, to be noted in the manifest.")
    ] = None,
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="The text that dictations best continue.")] = "",
    licence: Annotated[
        str, typer.Option(metavar="NAME", help="Of the weights; without, mit for OpenAI's, else other.")
    ] = "",
    ggml: Annotated[
        Literal["f16", "q8_0"] | None, typer.Option(help="Write a GGML file too, for whisper.cpp.")
    ] = None,
    onnx: Annotated[bool, typer.Option("--onnx", help="Write ONNX files too.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Write a trained model as a folder that the device takes in.

    The folder holds the weights, the tokenizer, a manifest (saykey.json: base, recordings, recipe, what was
    measured, conversion) and a model card. It is there whole or not at all.

    Examples:
      saykey-trainer export run --out anna
      saykey-trainer export run --out anna --quantization int8_float32 --words words.txt
      saykey-trainer export run --out anna --ggml q8_0 --onnx
    """
    import shlex

    from trainer.model_name import check_name

    out = out.expanduser().resolve()
    name = name or out.name
    check_name(name)  # before what takes long to import

    from trainer.conversion.export import add_evaluation
    from trainer.conversion.export import export as write
    from trainer.conversion.trained import read_evaluation, read_record
    from trainer.progress import shown
    from trainer.words import load_words

    model = run / "model" if (run / "model").is_dir() else run

    def add_what_was_measured(folder: Path) -> None:
        if read_record(model) and (evaluation := read_evaluation(model)):
            add_evaluation(folder, evaluation)

    vocabulary = [word.text for word in load_words(words)] if words else []
    with shown() as report:
        write(
            model,
            out,
            name=name,
            quantization=quantization,
            ggml=ggml,
            onnx=onnx,
            vocabulary=vocabulary,
            prompt=prompt,
            licence=licence,
            finish=add_what_was_measured,
            report=report,
        )
    for file in sorted(file for file in out.rglob("*") if file.is_file()):
        typer.echo(f"{_size(file):>10}  {file.relative_to(out)}")
    if quantization != "float16":
        typer.echo(f"Onto the device: saykey-trainer flash {shlex.quote(str(out))}")


def _size(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
