"""`saykey-trainer personalize`: from a folder of recordings to a better model and a verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from trainer.personalize.chain import Job
    from trainer.personalize.steps import Step

STOPPED = 130
"""The exit status of a program that SIGINT ended, as shells have it: 128 + 2."""


def personalize(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Your recordings with their text.")],
    own_set: Annotated[
        str | None,
        typer.Option("--set", metavar="NAME", help="Which set is yours, if FOLDER has others too."),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own words, one a line; voices speak sentences with them."),
    ] = None,
    general: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Other people's recordings with their text; may be repeated."),
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Recordings of the noise where you dictate.")
    ] = None,
    base: Annotated[str, typer.Option(metavar="MODEL", help="What to start from.")] = "tiny.en",
    recipe: Annotated[
        str, typer.Option(metavar="RECIPE", help="How to train: a name or a file.")
    ] = "personal",
    tune: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Change a key of the recipe; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="WORK", help="Folder for all of it; without, FOLDER.personal here.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model's name on the device; without, your set's.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, and stop.")] = False,  # noqa: FBT002  # a flag
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it begins.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Make the model understand you better: examine, train, compare with stock, and say whether it helped.

    Recordings that your list says are for testing are never trained on. Those of other people keep the model
    from forgetting them, and those without speech show whether noise makes it type. Stop it whenever you
    like: the same command goes on where it was, and what is done is not done again.

    Examples:
      saykey-trainer personalize recordings --plan
      saykey-trainer personalize recordings --words words.txt
      saykey-trainer personalize speech --set anna --noise my-noises --tune epochs=8 --yes
    """
    from rich.console import Console

    from trainer.errors import DataError
    from trainer.personalize.place import claimed

    work = (out or Path.cwd() / f"{folder.resolve().name}.personal").expanduser().resolve()
    console = Console(soft_wrap=True)
    try:
        job = _job(folder, own_set, general or [], noise, words, base, recipe, tune or [], work, name)
        chain, to_do = _planned(job, console)
        if plan:
            if not to_do:
                console.print("All of it is done.")
                _tell(job, console)
            return
        if to_do and not yes and sys.stdin.isatty():
            typer.confirm("Begin?", default=True, abort=True)
        with claimed(work):
            _done(job, chain, to_do, console)
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where this one was.", err=True)
        raise typer.Exit(STOPPED) from None
    except OSError as error:
        raise DataError(
            f"{error.filename or work} cannot be read or written ({error.strerror or error}): look at its "
            "disk and permissions; the same command then goes on"
        ) from error


def _job(  # noqa: PLR0913, PLR0917  # the command's
    folder: Path,
    own_set: str | None,
    general: Sequence[Path],
    noise: Path | None,
    words: Path | None,
    base: str,
    recipe: str,
    tune: Sequence[str],
    work: Path,
    name: str | None,
) -> Job:
    """Read all that is asked for, so that what is wrong with it is said at once.

    Raises:
        SaykeyError: Something is wrong with it.
    """
    from trainer.augmentation.library import asked_for
    from trainer.conversion.base import find, sum_of
    from trainer.model_name import check_name, name_of
    from trainer.personalize.chain import Job
    from trainer.personalize.place import check
    from trainer.personalize.source import check_enough, expected, general_source, own_source
    from trainer.synthesis.voices import chosen
    from trainer.training.recipe import load_recipe
    from trainer.words import load_words

    check(work)
    loaded = load_recipe(recipe, tune)
    own, others = own_source(folder, own_set)
    check_enough(expected(own.spoken)["train"].recordings, str(folder), folder)
    name = name or name_of(own.sets[0])
    check_name(name)
    return Job(
        own=own,
        general=(*((others,) if others else ()), *map(general_source, general)),
        noise_folder=noise,
        noise=asked_for(noise, loaded.augment, "noise_share"),
        words=tuple(load_words(words)) if words else (),
        voices=tuple(chosen([])) if words else (),
        base=base,
        base_sha256=sum_of(find(base)),
        recipe=loaded,
        work=work,
        name=name,
    )


def _planned(job: Job, console: Console) -> tuple[list[Step], list[Step]]:
    """Show the plan; give all steps, and those that are to be done."""
    from trainer.conversion.base import find
    from trainer.personalize.chain import steps
    from trainer.personalize.screen import plan_table
    from trainer.personalize.source import expected, too_little
    from trainer.personalize.steps import to_do

    names = {step.name for step in to_do(steps(job), job.work)}
    speed = None
    if names:
        typer.echo("Measuring how fast this computer is ...", err=True)
        from trainer.personalize.speed import calibrate

        speed = calibrate(find(job.base), job.recipe)
    chain = steps(job, speed)
    still = [step for step in chain if step.name in names]
    if still:
        console.print(plan_table(chain, still))
    if little := too_little(*expected(job.own.spoken)["train"]):
        console.print(
            f"Mind: {little}: saykey-trainer record {job.own.folder}", markup=False, highlight=False
        )
    return chain, still


def _done(job: Job, chain: Sequence[Step], to_do: Sequence[Step], console: Console) -> None:
    """Do the steps; say how long it took, what came of it, and what comes next."""
    from trainer.personalize.screen import Screen, times_table
    from trainer.personalize.steps import read, run

    run(chain, job.work, Screen(console, chain, to_do))
    console.print()
    console.print(times_table(chain, read(job.work)))
    _tell(job, console)


def _tell(job: Job, console: Console) -> None:
    """Say what came of it, where it is, and what comes next."""
    import shlex

    from trainer.evaluation.results import load
    from trainer.personalize.chain import REPORT
    from trainer.reporting.verdict import verdict

    console.print()
    found = verdict(load(job.work))
    for sentence in found.sentences:
        console.print(sentence, markup=False, highlight=False)
    work, exported = (shlex.quote(str(path)) for path in (job.work, job.exported))
    lines = [f"Look at it:       {job.work / REPORT}", f"Write it anew:    saykey-trainer report {work}"]
    if found.flash:
        lines += [f"Onto the device:  saykey-trainer flash {exported}"]
    console.print("", *lines, sep="\n", markup=False, highlight=False)
