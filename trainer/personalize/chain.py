"""The steps of personalize: from recordings to a verdict, each in a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from device import __version__
from trainer.data.findings import legible
from trainer.dataset import load_manifest
from trainer.evaluation.results import EVALUATION, load, save
from trainer.files import replacing_folder, write_text
from trainer.personalize.estimate import Work, estimates
from trainer.personalize.prepare import prepare_general, prepare_own, texts_of
from trainer.personalize.source import Amount, expected, files_sha256, total
from trainer.personalize.steps import Step
from trainer.personalize.words import LEARNED, MEASURED, speak
from trainer.reporting.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.conversion.export import Quantization
    from trainer.dataset import Utterance
    from trainer.personalize.source import Source
    from trainer.personalize.speed import Speed
    from trainer.progress import Report
    from trainer.synthesis.voices import Voice
    from trainer.training.recipe import Recipe
    from trainer.words import Word

REPORT, VERDICT = "report.html", "verdict.json"
"""The page, and what it comes to: better, flash, sentences."""

CONVERSIONS: tuple[Quantization, ...] = ("float16", "int8_float32")
"""What is measured beside the int8 that the device runs."""

_RECORDINGS = ("data", "general", "words")


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done.

    Attributes:
        own: The owner's recordings.
        general: Other people's, and their folders.
        noise_folder: Where the owner's noise is; `None` for none.
        noise: Its sound files.
        words: The owner's words.
        voices: Who speaks them.
        base: The model to start from, as it was named.
        base_sha256: Of its weights.
        recipe: How it is trained.
        work: The folder for all of it.
        name: The name of the model.
    """

    own: Source
    general: tuple[Source, ...]
    noise_folder: Path | None
    noise: tuple[Path, ...]
    words: tuple[Word, ...]
    voices: tuple[Voice, ...]
    base: str
    base_sha256: str
    recipe: Recipe
    work: Path
    name: str

    @property
    def personal(self) -> str:
        """The owner's set, as prepared folders call it."""
        return legible(self.own.sets[0])

    @property
    def exported(self) -> Path:
        """The folder that the device takes in."""
        return self.work / "export" / self.name

    @property
    def noise_halves(self) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """The noise to train with, and other noise to measure with, as far as there is more than one file."""
        return self.noise[::2], self.noise[1::2]


def amounts(job: Job) -> Work:
    """Give about how much there is to do."""
    spoken = [each for source in job.general for each in source.spoken]
    silent = [each for source in (job.own, *job.general) for each in source.silent]
    general = expected(spoken) if spoken else dict.fromkeys(("train", "validation", "test"), Amount())
    return Work(expected(job.own.spoken), general, total(silent), len(job.words))


def steps(job: Job, speed: Speed | None = None) -> list[Step]:
    """Give the steps.

    Args:
        job: What is to be done.
        speed: How fast this computer is; nothing is estimated without.
    """
    return _Chain(job, estimates(amounts(job), job.recipe, speed) if speed else {}).steps()


class _Chain:
    """Makes the steps, with what they do as methods."""

    def __init__(self, job: Job, estimate_s: dict[str, float]) -> None:
        self._job = job
        self._work = job.work
        self._estimate_s = estimate_s
        self._words = [(word.text, word.sounds_like) for word in job.words]
        self._noise = files_sha256(job.noise, job.noise_folder) if job.noise_folder else ""
        self._left_out = {*(() if job.general else ("general",)), *(() if job.words else ("words",))}

    def steps(self) -> list[Step]:
        steps = [*self._of_recordings(), *self._of_model(), *self._of_results()]
        return [step for step in steps if step.name not in self._left_out]

    def _of_recordings(self) -> list[Step]:
        job, seed = self._job, {"seed": self._job.recipe.seed}
        own = seed | {"files": job.own.sha256, "set": job.personal}
        general = seed | {"files": [source.sha256 for source in job.general]}
        spoken = seed | {"words": self._words, "voices": [voice.label for voice in job.voices]}
        return [
            self._step("stock", "Convert the stock model", self._stock, {"base": job.base_sha256}, ()),
            self._step("data", "Examine your recordings", self._data, own, ("stock",)),
            self._step("general", "Examine other people's recordings", self._general, general, ("data",)),
            self._step("words", "Have your words spoken", self._speak, spoken, ("data", "general")),
        ]

    def _of_model(self) -> list[Step]:
        job = self._job
        taught = {"base": job.base_sha256, "recipe": msgspec.to_builtins(job.recipe), "noise": self._noise}
        named = {"name": job.name, "words": self._words}
        export = f"export/{job.name}"
        return [
            self._step("finetune", "Train", self._finetune, taught, _RECORDINGS, "run/model"),
            self._step("export", "Export the model", self._export, named, ("finetune",), export),
            self._step("conversions", "Convert it otherwise", self._conversions, {}, ("finetune",)),
        ]

    def _of_results(self) -> list[Step]:
        measured = {"noise": self._noise, "words": self._words}
        models = ("stock", "export", "conversions")
        shown = ("finetune", "export", "evaluate")
        return [
            self._step(
                "evaluate",
                "Compare with stock",
                self._evaluate,
                measured,
                (*_RECORDINGS, *models),
                EVALUATION,
            ),
            self._step("report", "Write the report", self._report, {}, shown, REPORT, VERDICT),
        ]

    def _step(
        self,
        name: str,
        what: str,
        run: Callable[[Report], None],
        inputs: dict[str, Any],
        needs: tuple[str, ...],
        *results: str,
    ) -> Step:
        return Step(
            name=name,
            what=what,
            run=run,
            results=tuple(self._work / result for result in results or (name,)),
            inputs={**inputs, "version": __version__},
            needs=tuple(each for each in needs if each not in self._left_out),
            estimate_s=self._estimate_s.get(name, 0.0),
        )

    def _stock(self, report: Report) -> None:
        from trainer.conversion.base import find
        from trainer.conversion.export import export

        export(find(self._job.base), self._work / "stock", name="stock", report=report)

    def _data(self, report: Report) -> None:
        seed = self._job.recipe.seed
        prepare_own(self._job.own, self._work / "stock", self._work / "data", seed, report)

    def _general(self, report: Report) -> None:
        seed = self._job.recipe.seed
        prepare_general(self._job.general, self._work / "data", self._work / "general", seed, report)

    def _speak(self, report: Report) -> None:
        job, known = self._job, texts_of(self._recordings())
        speak(job.words, job.voices, known, self._work / "words", job.recipe.seed, report)

    def _finetune(self, report: Report) -> None:
        from trainer.training.finetune import Data, finetune

        spoken = (self._work / "words" / LEARNED,) if self._job.words else ()
        own, *others = self._recordings()
        general = [folder for folder in others if any(each.split != "test" for each in load_manifest(folder))]
        noise, _ = self._job.noise_halves
        data = Data(own=(own, *spoken), general=tuple(general), noise=noise)
        finetune(self._job.base, data, self._job.recipe, self._work / "run", report=report)

    def _export(self, report: Report) -> None:
        from trainer.conversion.export import export

        job, model = self._job, self._work / "run" / "model"
        vocabulary = [word.text for word in job.words]
        export(model, job.exported, name=job.name, vocabulary=vocabulary, report=report)

    def _conversions(self, report: Report) -> None:
        from trainer.conversion.export import export

        model, name = self._work / "run" / "model", self._job.name
        with replacing_folder(self._work / "conversions") as folder:
            for kind in CONVERSIONS:
                export(model, folder / kind, name=name, quantization=kind, report=report)

    def _evaluate(self, report: Report) -> None:
        from trainer.personalize.measure import TUNED, measure

        job = self._job
        models = {"stock": self._work / "stock", TUNED: job.exported}
        models |= {f"{TUNED} {kind}": self._work / "conversions" / kind for kind in CONVERSIONS}
        _, noise = job.noise_halves
        found = measure(
            models, self._tested(), personal=job.personal, noise=noise, words=job.words, report=report
        )
        save(found, self._work)

    def _report(self, report: Report) -> None:
        from trainer.conversion.export import add_evaluation
        from trainer.reporting.page import report as write_page

        found = load(self._work)
        add_evaluation(self._job.exported, found)
        write_page(self._work, self._work / REPORT, report)
        content = msgspec.json.format(msgspec.json.encode(verdict(found)), indent=1)
        write_text(self._work / VERDICT, content.decode() + "\n")

    def _recordings(self) -> list[Path]:
        return [self._work / "data", *([self._work / "general"] if self._job.general else [])]

    def _tested(self) -> list[Utterance]:
        folders = self._recordings()
        measured = self._work / "words" / MEASURED
        if self._job.words and measured.is_dir():
            folders.append(measured)
        return [each for folder in folders for each in load_manifest(folder) if each.split == "test"]
