"""How well models understand, on the same recordings, through the device's own path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from trainer.errors import DataError
from trainer.evaluation.measure import Bench
from trainer.evaluation.noise import Noises
from trainer.evaluation.results import Evaluation, Model
from trainer.evaluation.scores import score
from trainer.evaluation.trials import TIERS_DB, plan
from trainer.evaluation.words import word_scores
from trainer.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from device.settings import Settings
    from trainer.dataset import Utterance
    from trainer.evaluation.results import Result
    from trainer.progress import Report
    from trainer.words import Word

STOCK = "stock"
"""The model that the settings name."""


def model_folder(name: str, settings: Settings) -> Path:
    """Give the folder of a model: `STOCK`, the folder itself, or a name in the device's store.

    Raises:
        ModelError: There is no such model.
    """
    from pathlib import Path

    from device.models.store import resolve

    if name != STOCK:
        here = Path(name).expanduser()
        settings = _with_model(settings, here.absolute().as_posix() if here.is_dir() else name)
    return resolve(settings.recognition)


def evaluate(  # noqa: PLR0913  # what is measured, and how
    models: Sequence[tuple[str, Path]],
    utterances: Iterable[Utterance],
    settings: Settings,
    *,
    personal: str | None = None,
    noise: Sequence[Path] = (),
    tiers_db: Sequence[int] = TIERS_DB,
    words: Sequence[Word] = (),
    report: Report = silent,
) -> Evaluation:
    """Recognise recordings with some models, and compare each with the first.

    Args:
        models: Their names, all different, and folders; stock first.
        utterances: The recordings.
        settings: The device's; what they say of the model does not count.
        personal: The set that the owner speaks; see `trials.plan`.
        noise: Sound files for the noise tiers; pink noise stands in for none.
        tiers_db: Signal-to-noise ratios besides clean.
        words: The owner's words.
        report: Told how far it is.

    Raises:
        SaykeyError: There is nothing to recognise, a model cannot be loaded, or a sound file not be read.
    """
    from device.app import load_detector, load_recogniser

    trials = plan(utterances, personal, tiers_db)
    if not trials:
        raise DataError("there are no recordings to recognise: name a folder that has some")
    recognisers = {
        name: load_recogniser(_with_model(settings, folder.absolute().as_posix()), _compute_type(folder))
        for name, folder in models
    }
    bench = Bench(load_detector(), recognisers, settings, Noises(tuple(noise)))
    results = bench.measure(trials, report)
    scores, comparisons = score(results)
    return Evaluation(
        models=tuple(_model(name, folder, results) for name, folder in models),
        results=tuple(results),
        scores=tuple(scores),
        comparisons=tuple(comparisons),
        words=tuple(word_scores(words, results)),
    )


def quantization_of(folder: Path) -> str:
    """Give what a model's matrices are, as its manifest says, or else its weights.

    Raises:
        ModelError: It is no model, or damaged.
    """
    from device.models.check import check
    from device.models.convert import quantization
    from device.models.manifest import MANIFEST, read_manifest

    if (folder / MANIFEST).exists():
        return read_manifest(folder).quantization
    return quantization(check(folder).contents)


def _compute_type(folder: Path) -> str:
    """Give the type in which a model is computed: the device's, or for one of floats what it stands for."""
    return "float32" if quantization_of(folder) in {"float16", "float32"} else "int8"


def _model(name: str, folder: Path, results: Sequence[Result]) -> Model:
    from device.models.check import check
    from device.models.files import sha256_of
    from device.models.manifest import has_short_window

    own = [result for result in results if result.model == name]
    found = check(folder)
    return Model(
        name=name,
        folder=str(folder),
        quantization=quantization_of(folder),
        size=sum(file.stat().st_size for file in found.files),
        short_window=has_short_window(folder),
        real_time_factor=sum(each.seconds for each in own) / sum(each.duration_s for each in own),
        sha256=sha256_of(found.weights),
    )


def _with_model(settings: Settings, model: str) -> Settings:
    recognition = msgspec.structs.replace(settings.recognition, model=model)
    return msgspec.structs.replace(settings, recognition=recognition)
