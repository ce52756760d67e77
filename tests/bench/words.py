"""New words learned from machines alone: are they right when others say them, and is all else as good?

    python -m tests.bench.words --general FOLDER [--set NAME]... [--base tiny.en] [--out WORK]
                                [--per-word 40] [--tune KEY=VALUE]...

Piper and espeak-ng say words.txt in sentences of trainer/sentences.py, and the recipe "words" learns from
that and from the general speech in FOLDER. Nobody's own speech takes part. Measured is what other voices say:
those of Flite, which is another program with other ideas of how English is read, and two of espeak-ng that
were held out; they say words-said.txt, which has nothing of those sentences. Beside it stand FOLDER's
recordings for testing. What is done is kept in WORK: another call, with another recipe, takes it from there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from device.settings import Settings
from tests.bench import words_tables
from tests.bench.shown import Shown
from trainer.conversion.base import find, sum_of
from trainer.conversion.export import export
from trainer.dataset import load_manifest
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.rates import normalised
from trainer.evaluation.results import EVALUATION, load, save
from trainer.evaluation.words import occurrences
from trainer.personalize.prepare import prepare_general, texts_of
from trainer.personalize.source import general_source
from trainer.personalize.steps import Step, run
from trainer.synthesis.folder import synthesize
from trainer.synthesis.voices import available, chosen
from trainer.training.finetune import Data, finetune
from trainer.training.recipe import load_recipe
from trainer.words import load_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trainer.dataset import Utterance
    from trainer.personalize.source import Source
    from trainer.progress import Report
    from trainer.synthesis.voices import Voice
    from trainer.training.recipe import Recipe
    from trainer.words import Word

WORDS, SAID = (Path(__file__).with_name(name) for name in ("words.txt", "words-said.txt"))

LEAST_SAID = 8
"""So many of the sentences every word has at least."""

HELD_OUT = ("espeak-ng:en-gb-x-rp+f3", "espeak-ng:en-us+m7")
"""They are understood: not every voice of espeak-ng is, even in words that everyone knows."""

OTHERS = "flite"
"""The test set that counts, of a program that training does not hear."""

TESTED = {OTHERS: ("flite",), "espeak held out": HELD_OUT}
"""The test sets, with their voices: half of a set's voices say each sentence."""

SEED = 1


class Job(NamedTuple):
    """What is to be done."""

    words: Sequence[Word]
    said: Sequence[str]
    general: Source
    base: Path
    recipe: Recipe
    per_word: int
    work: Path


def main() -> int:
    """Print the tables; exit 1 when a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--general", type=Path, required=True, help="folder of recordings of people")
    parser.add_argument("--set", action="append", default=[], help="only this set of it; may be repeated")
    parser.add_argument("--base", default="tiny.en", help="folder or name of the model")
    parser.add_argument("--out", type=Path, default=Path("build/words"), help="folder that keeps it all")
    parser.add_argument("--per-word", type=int, default=40, help="sentences for each word to learn from")
    parser.add_argument("--tune", action="append", default=[], help="a key of the recipe with its value")
    arguments = parser.parse_args()

    job = Job(
        words=load_words(WORDS),
        said=_said(),
        general=_general(arguments.general, arguments.set),
        base=find(arguments.base),
        recipe=load_recipe("words", arguments.tune),
        per_word=arguments.per_word,
        work=arguments.out,
    )
    job.work.mkdir(parents=True, exist_ok=True)
    run(_steps(job), job.work, Shown())
    found = load(job.work)
    words_tables.show(job.words, found)
    words_tables.show_training(job.work)
    missed = words_tables.missed(job.words, found, OTHERS)
    print("\n".join(f"missed: {each}" for each in missed) or "all limits held")
    return int(bool(missed))


def _said() -> list[str]:
    lines = SAID.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if line and not line.startswith("#")]
    for word in load_words(WORDS):
        if sum(occurrences(word.text, sentence) for sentence in said) < LEAST_SAID:
            sys.exit(f"{SAID} has fewer than {LEAST_SAID} sentences with {word.text}")
    return said


def _general(folder: Path, sets: Sequence[str]) -> Source:
    source = general_source(folder)
    if unknown := set(sets) - {*source.sets, *source.silent_sets}:
        sys.exit(f"{folder} has no set {' or '.join(sorted(unknown))}")
    spoken, silent = (
        tuple(name for name in names if not sets or name in sets)
        for names in (source.sets, source.silent_sets)
    )
    return replace(source, sets=spoken, silent_sets=silent)


def _steps(job: Job) -> list[Step]:
    """Give what is done; a step that was done with the same inputs is not done again."""
    work = job.work
    spoken = {"words": [(word.text, word.sounds_like) for word in job.words], "seed": SEED}
    trained = {"base": sum_of(job.base), "recipe": msgspec.to_builtins(job.recipe)}
    sets = {"sha256": job.general.sha256, "sets": [*job.general.sets, *job.general.silent_sets]}
    speech = spoken | {"per_word": job.per_word, "voices": [voice.label for voice in _voices()]}
    tests = spoken | {"said": job.said, "voices": TESTED}
    return [
        _step(work, "speech", lambda report: _speak(job, report), speech),
        _step(work, "tests", lambda report: _speak_tests(job, report), tests),
        _step(work, "general", lambda report: _prepare(job, report), sets, ("speech",)),
        _step(work, "run", lambda report: _finetune(job, report), trained, ("speech", "general")),
        _step(work, "stock", lambda _: _export(job.base, work / "stock"), {"base": trained["base"]}),
        _step(work, "tuned", lambda _: _export(work / "run/model", work / "tuned"), {}, ("run",)),
        _step(
            work,
            EVALUATION,
            lambda report: _evaluate(job, report),
            {},
            ("speech", "tests", "general", "stock", "tuned"),
        ),
    ]


def _step(
    work: Path,
    name: str,
    do: Callable[[Report], None],
    inputs: Mapping[str, Any],
    needs: tuple[str, ...] = (),
) -> Step:
    result = work / name / "model" if name == "run" else work / name
    return Step(name=name, what=name, run=do, results=(result,), inputs=inputs, needs=needs)


def _voices() -> list[Voice]:
    """Give the voices that training hears."""
    tested = {voice.label for names in TESTED.values() for voice in chosen(list(names))}
    return [voice for voice in available() if voice.label not in tested]


def _speak(job: Job, report: Report) -> None:
    target = _empty(job.work / "speech")
    synthesize(job.words, target, voices=_voices(), per_word=job.per_word, seed=SEED, report=report)


def _speak_tests(job: Job, report: Report) -> None:
    target = _empty(job.work / "tests")
    for name, names in TESTED.items():
        voices = chosen(list(names))
        for number, voice in enumerate(voices):
            said = [
                sentence
                for place, sentence in enumerate(job.said)
                if (place - number) % len(voices) < len(voices) / 2
            ]
            folder = target / name / voice.name
            folder.parent.mkdir(parents=True, exist_ok=True)
            synthesize(
                job.words, folder, voices=[voice], per_word=0, seed=SEED, sentences=said, report=report
            )


def _prepare(job: Job, report: Report) -> None:
    prepare_general([job.general], job.work / "speech", job.work / "general", SEED, report)


def _finetune(job: Job, report: Report) -> None:
    data = Data(own=(job.work / "speech",), general=(job.work / "general",))
    finetune(str(job.base), data, job.recipe, job.work / "run", report=report)


def _export(model: Path, target: Path) -> None:
    export(model, target, name=target.name)


def _evaluate(job: Job, report: Report) -> None:
    tested = [*_tests(job), *(each for each in load_manifest(job.work / "general") if each.split == "test")]
    if known := texts_of([job.work / "speech"]).keys() & {normalised(each.text) for each in tested}:
        sys.exit(f"was learned from, and cannot test: {min(known)}")
    models = [(name, job.work / name) for name in ("stock", "tuned")]
    # No set has that name: none is the owner's.
    found = evaluate(models, tested, Settings(), personal="", tiers_db=(), words=job.words, report=report)
    save(found, job.work)


def _tests(job: Job) -> list[Utterance]:
    return [
        replace(each, id=f"{each.speaker} {each.id}", set=name, split="test")
        for name in TESTED
        for folder in sorted((job.work / "tests" / name).iterdir())
        for each in load_manifest(folder)
    ]


def _empty(folder: Path) -> Path:
    """Take away what was made of other inputs."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
