"""`saykey-trainer evaluate`: how well models understand your recordings."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.settings import Settings
    from trainer.dataset import Utterance
    from trainer.evaluation.results import Evaluation

_ANY = "all"
"""The split that stands for every one."""


def evaluate(  # noqa: PLR0913, PLR0917  # one argument an option
    data: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Recordings with their text in a list.")
    ],
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The tuned model: its folder, or a name in the store.")
    ] = None,
    against: Annotated[
        str, typer.Option(metavar="MODEL", help="What it is compared with; stock is the settings' model.")
    ] = "stock",
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="The tuned model in another conversion; may be repeated."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME", help="Only this set; may be repeated.")
    ] = None,
    personal: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The set that you speak, if there are others: noise counts there."),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="train, validation, test (with what belongs to no split), or all of them."
        ),
    ] = "test",
    words: Annotated[Path | None, typer.Option(metavar="FILE", help="Words to count, one a line.")] = None,
    noise: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Noise for the noise tiers; pink noise without.")
    ] = None,
    tiers: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--tiers/--no-tiers", help="Recognise under noise too, at 20, 10 and 5 dB SNR.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep all of it there, for the report.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings that override those in /etc.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Measure how well a model understands recordings, as the device would type them.

    Prints word and character error rates by set with their 95 % intervals, and what is typed where nobody
    speaks. With --model it sets that model beside stock: by how much it is better or worse, and how probable
    so large a difference is by chance (p). Data with splits counts with its test recordings only. A
    model of float16 is computed in float32, so that --also shows what int8 costs.

    Examples:
      saykey-trainer evaluate recordings
      saykey-trainer evaluate recordings general --personal me --model tuned/int8 --words words.txt
      saykey-trainer evaluate recordings --model tuned/int8 --also tuned/float16 --out work
      saykey-trainer evaluate recordings --json | jq '.scores[] | [.model, .set, .tier, .wer]'
    """
    from device.settings_files import load
    from trainer.evaluation.evaluate import evaluate as measure
    from trainer.evaluation.results import save
    from trainer.evaluation.trials import TIERS_DB
    from trainer.progress import shown
    from trainer.words import load_words

    settings = load(config).settings
    utterances = _recordings(data, only or [], personal, split)
    models = _named(settings, against, model, also or [])
    noises = _sounds(noise) if noise else ()
    listed = load_words(words) if words else ()
    if out:  # at once: to have measured in vain takes long
        with _writing(out):
            out.mkdir(parents=True, exist_ok=True)
    with shown() as report:
        found = measure(
            models,
            utterances,
            settings,
            personal=personal,
            noise=noises,
            tiers_db=TIERS_DB if tiers else (),
            words=listed,
            report=report,
        )
    if out:
        with _writing(out):
            save(found, out)
    _print(found, as_json=as_json)


def _print(found: Evaluation, *, as_json: bool) -> None:
    """Print what was found, for people or for programs."""
    import msgspec
    from rich.console import Console

    from trainer.evaluation.tables import tables

    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    console = Console()
    for table in tables(found):
        console.print(table)


def _recordings(
    data: Sequence[Path], sets: Sequence[str], personal: str | None, split: str
) -> list[Utterance]:
    """Give the recordings of folders that are asked for.

    Raises:
        DataError: A folder has no list, there is no set of a name, or no recording is left.
    """
    from trainer.dataset import load_manifest

    all_of_them = [_named_in_unicode(each) for folder in data for each in load_manifest(folder)]
    _check_sets(all_of_them, [*sets, *((personal,) if personal is not None else ())])
    return _chosen(all_of_them, sets, split)


def _named(
    settings: Settings, against: str, tuned: str | None, also: Sequence[str]
) -> list[tuple[str, Path]]:
    """Give the models with the names that they have in tables: "stock", "tuned", "tuned float16"."""
    from trainer.evaluation.evaluate import STOCK, model_folder, quantization_of

    first = model_folder(against, settings)
    own = str(first) if first.name.startswith("tuned") else first.name  # that name is the other's
    models = {STOCK if against == STOCK else own: first}
    if tuned is not None:
        models["tuned"] = model_folder(tuned, settings)
    for each in also:
        folder = model_folder(each, settings)
        name = f"tuned {quantization_of(folder)}"
        models[f"{name} {folder}" if name in models else name] = folder
    return list(models.items())


def _named_in_unicode(utterance: Utterance) -> Utterance:
    """Give a recording by names that a file of results can hold, whatever its own file is called."""
    from dataclasses import replace

    from trainer.data.findings import legible

    name, own_set, speaker = map(legible, (utterance.id, utterance.set, utterance.speaker))
    return replace(utterance, id=name, set=own_set, speaker=speaker)


def _check_sets(utterances: Sequence[Utterance], named: Sequence[str]) -> None:
    """Make sure that the sets that options name are there.

    Raises:
        DataError: One is not.
    """
    from trainer.errors import DataError

    there = sorted({each.set for each in utterances})
    if missing := next((name for name in named if name not in there), None):
        raise DataError(f"there is no set '{missing}'; there are {', '.join(there)}")


def _chosen(utterances: Sequence[Utterance], sets: Sequence[str], split: str) -> list[Utterance]:
    """Give the recordings of these sets, or of all, and of a split.

    Raises:
        DataError: There are none.
    """
    from trainer.errors import DataError

    splits = {"test": {"test", ""}, _ANY: {each.split for each in utterances}}.get(split, {split})
    found = [each for each in utterances if each.split in splits and (not sets or each.set in sets)]
    if not found:
        there = sorted({f"{each.set} ({each.split})" if each.split else each.set for each in utterances})
        of = f" in the set {' or '.join(sets)}" if sets else ""
        raise DataError(f"there is no recording{of} for --split {split}; there are {', '.join(there)}")
    return found


def _sounds(folder: Path) -> list[Path]:
    """Give the sound files in a folder.

    Raises:
        DataError: There are none.
    """
    from trainer.data.formats import SOUNDS
    from trainer.errors import DataError

    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS)
    if not files:
        raise DataError(f"{folder} has no sound files: name a folder with noise as {', '.join(SOUNDS)}")
    return files


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Explain what keeps a folder from being written.

    Raises:
        DataError: It cannot be.
    """
    from trainer.errors import DataError

    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written ({error}): name another folder, or make room there"
        ) from error
