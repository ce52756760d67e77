"""What personalizing gives by cross-validation: every recording is understood by a model that never heard it.

    python -m tests.bench.folds --data FOLDER --set NAME [--folds 4] [--only 1,2] [--amounts 40,80,160,all]
                                [--blends 0.3,0.5,0.7,1.0] [--tune KEY=VALUE]... [--recipe personal]
                                [--base tiny.en] [--no-others] [--svg FILE] [--out WORK]

All of the owner's recordings are dealt into folds. For each fold a model learns from the others, or from the
first AMOUNT of them, a tenth of which decides what is kept of the training; then each mixture of its weights
with stock's hears the fold, and what was wrong is added up over the folds. Other people's speech is heard by
the first fold's models alone. What is done is kept in WORK, of every recipe for itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from device.settings import Settings
from tests.bench import folds_tables
from tests.bench.dealing import dealt, lesson, unlearned, write_lesson
from tests.bench.mixtures import hear
from tests.bench.shown import Shown
from trainer.conversion.base import find, sum_of
from trainer.conversion.export import export
from trainer.dataset import load_manifest
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.results import load, save
from trainer.files import replacing_folder
from trainer.personalize.prepare import prepare_general, prepare_own
from trainer.personalize.source import own_source
from trainer.personalize.steps import Step, run
from trainer.training.blend import middle
from trainer.training.finetune import Data, finetune
from trainer.training.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trainer.dataset import Utterance
    from trainer.evaluation.results import Result
    from trainer.personalize.source import Source
    from trainer.progress import Report
    from trainer.training.recipe import Recipe

SEED = 1

STOCK = "stock"


class Job(NamedTuple):
    """What is to be done.

    Attributes:
        own: The owner's recordings.
        general: Other people's, as far as there are any.
        base: The folder of the model that training starts from.
        recipe: How it is trained.
        label: Tells the recipe from others, as the name of a folder.
        blends: Shares of the trained weights that are measured.
        folds: So many.
        only: Numbers of those that are trained.
        amounts: Of recordings to learn from, `None` for all.
        others: Others' speech is measured too.
        work: The folder that keeps it.
        svg: What the curve is drawn into.
    """

    own: Source
    general: Source | None
    base: Path
    recipe: Recipe
    label: str
    blends: Sequence[float]
    folds: int
    only: Sequence[int]
    amounts: Sequence[int | None]
    others: bool
    work: Path
    svg: Path | None


def main() -> int:
    """Print the table."""
    job = _job()
    job.work.mkdir(parents=True, exist_ok=True)
    run(_steps(job), job.work, Shown())
    stock = load(job.work / "heard").results
    rows = [row for amount in job.amounts for row in _rows(job, amount, stock)]
    folds_tables.show(rows)
    if job.svg:
        from tests.bench.folds_curve import draw

        draw(job.svg, rows)
    return 0


def _rows(job: Job, amount: int | None, stock: Sequence[Result]) -> list[folds_tables.Row]:
    found = [load(_folder(job, amount, fold) / "heard").results for fold in job.only]
    folder = _folder(job, amount, 1) / "others"
    others = load(folder).results if folder.exists() else ()
    return folds_tables.rows(str(amount or "all"), stock, found, others)


def _job() -> Job:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--set", help="the owner's set; the others are general speech")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--only", default="", help="train these folds alone, as in 1,2")
    parser.add_argument("--amounts", default="all", help="recordings to learn from, as in 40,80,all")
    parser.add_argument("--blends", default="0.3,0.5,0.7,1.0", help="shares of the trained weights")
    parser.add_argument("--recipe", default="personal", help="name or file")
    parser.add_argument("--tune", action="append", default=[], help="a key of the recipe with its value")
    parser.add_argument("--base", default="tiny.en", help="folder or name of the model")
    parser.add_argument("--out", type=Path, default=Path("build/folds"), help="folder that keeps it all")
    parser.add_argument("--no-others", action="store_true", help="measure the owner's speech alone")
    parser.add_argument("--svg", type=Path, help="draw what the amounts give into this file")
    arguments = parser.parse_args()

    own, general = own_source(arguments.data, arguments.set)
    every = range(1, arguments.folds + 1)
    return Job(
        own=own,
        general=general,
        base=find(arguments.base),
        recipe=load_recipe(arguments.recipe, arguments.tune),
        label=_label(arguments.recipe, arguments.tune),
        blends=[float(each) for each in arguments.blends.split(",")],
        folds=arguments.folds,
        only=[int(each) for each in arguments.only.split(",") if each] or list(every),
        amounts=[None if each == "all" else int(each) for each in arguments.amounts.split(",")],
        others=general is not None and not arguments.no_others,
        work=arguments.out,
        svg=arguments.svg,
    )


def _label(recipe: str, tuned: Sequence[str]) -> str:
    """Give the name of a folder for what a recipe gives."""
    kept = "".join(each if each.isalnum() or each in "=.-" else "_" for each in " ".join([recipe, *tuned]))
    return kept.replace("_", " ").strip().replace(" ", "_")


def _folder(job: Job, amount: int | None, fold: int) -> Path:
    return job.work / job.label / f"{amount or 'all'}-{fold}"


def _steps(job: Job) -> list[Step]:
    """Give what is done; a step that was done with the same inputs is not done again."""
    sets = {"sha256": job.own.sha256, "set": job.own.sets, "seed": SEED}
    others = {"sha256": job.general.sha256, "sets": job.general.sets} if job.general else {}
    steps = [
        _step(job, "stock", lambda _: _export(job), {"base": sum_of(job.base)}),
        _step(job, "own", lambda report: _prepare_own(job, report), sets, ("stock",)),
    ]
    prepared: tuple[str, ...] = ("own",)
    if job.general:
        steps.append(_step(job, "general", lambda report: _prepare_general(job, report), others, prepared))
        prepared = ("own", "general")
    steps.append(_step(job, "heard", lambda report: _hear_stock(job, report), {}, ("stock", *prepared)))
    for amount in job.amounts:
        for fold in job.only:
            steps += _fold_steps(job, amount, fold, prepared)
    return steps


def _fold_steps(job: Job, amount: int | None, fold: int, prepared: tuple[str, ...]) -> list[Step]:
    folder = _folder(job, amount, fold)
    name = folder.relative_to(job.work).as_posix()
    dealing = {"folds": job.folds, "fold": fold, "amount": amount, "seed": SEED}
    trained = {"base": sum_of(job.base), "recipe": msgspec.to_builtins(_one_blend(job.recipe))}
    blends = {"blends": [float(each) for each in job.blends]}
    steps = [
        _step(job, f"{name}/data", lambda _: _deal(job, amount, fold), dealing, prepared),
        _step(job, f"{name}/model", lambda report: _train(job, folder, report), trained, (f"{name}/data",)),
        _step(
            job, f"{name}/heard", lambda report: _hear_fold(job, folder, report), blends, (f"{name}/model",)
        ),
    ]
    if fold == 1 and job.others:
        steps.append(
            _step(
                job,
                f"{name}/others",
                lambda report: _hear_others(job, folder, report),
                blends,
                (f"{name}/model",),
            )
        )
    return steps


def _step(
    job: Job,
    name: str,
    do: Callable[[Report], None],
    inputs: Mapping[str, Any],
    needs: tuple[str, ...] = (),
) -> Step:
    return Step(name=name, what=name, run=do, results=(job.work / name,), inputs=inputs, needs=needs)


def _export(job: Job) -> None:
    export(job.base, job.work / "stock", name="stock")


def _prepare_own(job: Job, report: Report) -> None:
    prepare_own(job.own, job.work / "stock", job.work / "own", SEED, report)


def _prepare_general(job: Job, report: Report) -> None:
    assert job.general is not None
    prepare_general([job.general], job.work / "own", job.work / "general", SEED, report)


def _spoken(job: Job) -> list[Utterance]:
    return [each for each in load_manifest(job.work / "own") if each.text]


def _strangers(job: Job) -> list[Utterance]:
    return unlearned(job.work / "general", job.work / "own") if job.general else []


def _hear_stock(job: Job, report: Report) -> None:
    models, tested = [(STOCK, job.work / "stock")], [*_spoken(job), *_strangers(job)]
    with replacing_folder(job.work / "heard") as folder:
        personal = job.own.sets[0]
        save(evaluate(models, tested, Settings(), personal=personal, tiers_db=(), report=report), folder)


def _deal(job: Job, amount: int | None, fold: int) -> None:
    folds = dealt(_spoken(job), job.folds, SEED)
    write_lesson(lesson(folds, fold - 1, amount, SEED), _folder(job, amount, fold) / "data")


def _train(job: Job, folder: Path, report: Report) -> None:
    general = (job.work / "general",) if job.general else ()
    finetune(str(job.base), Data((folder / "data",), general), _one_blend(job.recipe), folder, report=report)


def _one_blend(recipe: Recipe) -> Recipe:
    """Give the recipe with that mixture alone by which its epochs are judged."""
    return replace(recipe, blends=(middle(recipe),))


def _hear_fold(job: Job, folder: Path, report: Report) -> None:
    tested = [each for each in load_manifest(folder / "data") if each.split == "test"]
    hear(job.base, folder / "model", job.blends, tested, job.own.sets[0], folder / "heard", report)


def _hear_others(job: Job, folder: Path, report: Report) -> None:
    tested = _strangers(job)
    hear(job.base, folder / "model", job.blends, tested, job.own.sets[0], folder / "others", report)


if __name__ == "__main__":
    sys.exit(main())
