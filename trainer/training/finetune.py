"""From a stock model, recordings and a recipe to a better model, in a folder that holds all of it."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from device import __version__
from device.app import load_detector
from device.models.check import TOKENIZER
from device.settings import Settings
from device.speech.tokens import Tokens
from trainer.augmentation.augmenter import Augmenter
from trainer.claim import LOCK, claimed
from trainer.conversion.base import find, load_transformers, save_transformers, sum_of
from trainer.conversion.trained import RECORD, Record, read_record
from trainer.errors import DataError
from trainer.files import replacing_folder, write_text
from trainer.progress import Report, silent
from trainer.training import checkpoint, soup
from trainer.training.adapters import check, own_state, prepare
from trainer.training.batches import Batches, Speech
from trainer.training.blend import best_blend
from trainer.training.choice import pooled, standard_error
from trainer.training.examples import gather
from trainer.training.features import Features
from trainer.training.learner import Learner
from trainer.training.logs import LOG, members
from trainer.training.loop import BEST, CHECKPOINT, Lesson, Training
from trainer.training.lot import Data, Lot
from trainer.training.precision import Mixed, precision, processor, use_all_cores
from trainer.training.recipe import as_toml
from trainer.training.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.dataset import Utterance
    from trainer.training.adapters import State
    from trainer.training.blend import Blend
    from trainer.training.checkpoint import Epoch
    from trainer.training.choice import Rates
    from trainer.training.examples import Source
    from trainer.training.recipe import Recipe

__all__ = ["LEFT_OUT", "Data", "finetune", "is_finished"]

_LIBRARIES = ("torch", "transformers", "peft", "ctranslate2", "numpy")

ENGLISH_ONLY = 51_864
"""Tokens of Whisper's English-only models at most; all others have more (CTranslate2, whisper.cc)."""

LEFT_OUT = "left_out.jsonl"
"""In the folder of a run: recordings that cannot be learned from, by `id`, each with its `reason`."""

RETOLD = "retold.json"
"""There too, while training lasts: what stock hears in other people's recordings."""

SHORT_TOLERANCE = 0.3
"""Points of word error rate, and a standard error more, for which the silence behind the speech is given up:
it costs the device time."""


def finetune(base: str, data: Data, recipe: Recipe, run: Path, *, report: Report = silent) -> Path:
    """Train; give the folder of the model.

    What a kill interrupted goes on where it was. What is finished is not trained again; with another recipe,
    other recordings or another base in the same folder, training starts afresh, and its model takes the place
    of the one there in the end.

    Args:
        base: A folder with a model of CTranslate2 (float16) or transformers, or a name such as "tiny.en".
        data: What is learned from and measured on.
        recipe: How.
        run: The folder for checkpoints, the log and the model.
        report: Told how far it is.

    Raises:
        DataError: There is nothing to learn from, nothing to measure on, the folder holds something else, or
            another program trains there.
        RecipeError: The recipe does not fit the model or this machine.
        MissingError: This machine lacks what the recipe needs.
        ModelError: There is no such base.
        OSError: The folder cannot be written.
    """
    lot, source = Lot(data), find(base)
    record = Record(
        base=base,
        base_sha256=sum_of(source),
        data_sha256=lot.fingerprint,
        recipe=msgspec.json.decode(msgspec.json.encode(recipe)),  # as it is read back
        versions={"saykey": __version__} | {name: version(name) for name in _LIBRARIES},
    )
    _check_place(run)
    with claimed(run):
        if is_finished(run, record):
            report("Already trained", 1.0)
            _end_other(run, record, recipe)
        else:
            check(recipe)
            _begin(run, record, recipe, report)
            _train(lot, source, record, recipe, run, report)
        for folder in (run, *members(run)):
            for name in (CHECKPOINT, BEST, RETOLD):  # and not the log
                (folder / name).unlink(missing_ok=True)
    return run / "model"


def is_finished(run: Path, record: Record) -> bool:
    """Say whether the model of a run is what this record begins: the same base, recordings and recipe."""
    try:
        found = read_record(run / "model")
    except DataError:
        return False
    return found is not None and _inputs(found) == _inputs(record)


def _check_place(run: Path) -> None:
    """Make sure that nobody's files are replaced: a run has names that others' folders may have, too.

    Raises:
        DataError: The folder has something in it, and is no run.
    """
    if run.is_dir() and any((run / name).exists() for name in (LOCK, LOG)):
        return
    if run.exists() and not (run.is_dir() and all(path.name.startswith(".") for path in run.iterdir())):
        raise DataError(f"{run} holds something else: name a new folder with --out")


def _end_other(run: Path, record: Record, recipe: Recipe) -> None:
    """Take away what tells of a later training that was broken off: it is not that of the model there."""
    if (run / CHECKPOINT).exists() and not checkpoint.load(run / CHECKPOINT, _key(record)):
        _forget(run)
    file, text = run / "recipe.toml", as_toml(recipe)
    if not file.is_file() or file.read_bytes() != text.encode():
        write_text(file, text)


def _forget(run: Path) -> None:
    """Take away all of a training but its model."""
    for name in (CHECKPOINT, BEST, LOG, LEFT_OUT, RETOLD):
        (run / name).unlink(missing_ok=True)
    for folder in members(run):
        shutil.rmtree(folder)


def _begin(run: Path, record: Record, recipe: Recipe, report: Report) -> None:
    """Make room for a training, or leave what it goes on from."""
    found = checkpoint.load(run / CHECKPOINT, _key(record))
    if found:
        report(f"Going on in epoch {found[0].epoch}", 1.0)
    elif any((run / name).exists() for name in ("model", CHECKPOINT)):
        report("Starting afresh: another recipe, base or data", 1.0)
    if not found:
        _forget(run)
    write_text(run / "recipe.toml", as_toml(recipe))


def _train(  # noqa: PLR0913, PLR0917  # what training is made of
    lot: Lot, source: Path, record: Record, recipe: Recipe, run: Path, report: Report
) -> None:
    use_all_cores()
    model = load_transformers(source)
    stock = own_state(model)
    shell = copy.deepcopy(model)
    validation = Validation(shell, source, Settings(), lot, run / "validated")
    lot.learned += _retold(lot, stock, validation, run / RETOLD, report)
    of_recipe = _lessons(lot, model, source, run, report)

    def begin(member: Recipe, folder: Path, key: str, before: Epoch | None) -> Training:
        learner = _learner(load_transformers(source), stock, member)
        return Training(learner, stock, Lesson(of_recipe(member), validation, member), folder, key, before)

    trained = soup.train(begin, recipe, run, _key(record), report)
    blend = best_blend(stock, trained, validation, recipe, report)
    is_short, rates = _window(blend, validation, recipe)
    first = trained.log[0]
    record = replace(
        record,
        interpolation=blend.share,
        validation_wer=rates.wer,
        stock_validation_wer=first.validation_wer,
        general_wer=rates.general_wer,
        stock_general_wer=first.general_wer,
        short_window=is_short,
        seconds=trained.seconds,
        utterances=len(trained.learned),
    )
    with replacing_folder(run / "model") as folder:
        shell = load_transformers(source)
        shell.load_state_dict(blend.state)
        save_transformers(shell, source, folder)
        (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2))


def _retold(
    lot: Lot, stock: State, validation: Validation, file: Path, report: Report
) -> list[tuple[Utterance, Source]]:
    """Give other people's recordings with what stock hears in them; a file keeps it for when it goes on."""
    try:
        texts = msgspec.json.decode(file.read_bytes(), type=list[str])
    except (FileNotFoundError, msgspec.DecodeError):
        texts = validation.retold(stock, lot.general, report)
        write_text(file, json.dumps(texts, ensure_ascii=False))
    return [
        (dataclasses.replace(each, text=text), "general")
        for each, text in zip(lot.general, texts, strict=True)
    ]


def _learner(model: Any, stock: State, recipe: Recipe) -> Learner:
    """Put the model, and where it is needed a copy of stock, on the processor that trains."""
    device = processor()
    mixed = Mixed(precision(recipe, device), device)
    teacher = copy.deepcopy(model).to(device).eval() if recipe.distillation else None
    prepare(model, recipe)
    return Learner(model.to(device), stock, teacher, recipe, mixed)


def _lessons(lot: Lot, model: Any, source: Path, run: Path, report: Report) -> Callable[[Recipe], Batches]:
    """Read what is learned from; give what makes batches of it as a recipe wants them."""
    settings = Settings()
    tokens = Tokens(source / TOKENIZER)
    examples = gather(lot.learned, tokens, load_detector(), settings.speech, report)
    left_out = [(each.id, "its text is held out, to judge or to test by") for each in lot.leaks]
    left_out += examples.left_out
    if left_out:
        rows = [{"id": name, "reason": reason} for name, reason in left_out]
        write_text(run / LEFT_OUT, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    kept = Features(examples, model.config.num_mel_bins, run, report)
    is_multilingual = model.config.vocab_size > ENGLISH_ONLY
    language = settings.recognition.language if is_multilingual else None

    def batches(recipe: Recipe) -> Batches:
        augment = Augmenter(recipe.augment, lot.noise, lot.rooms, recipe.seed) if recipe.augment else None
        return Batches(Speech(examples, kept, augment), tokens, language, recipe)

    return batches


def _window(blend: Blend, validation: Validation, recipe: Recipe) -> tuple[bool, Rates]:
    """Say whether the model decodes from the speech alone as well as with silence behind it.

    Returns:
        Whether it does, and how good it is the way that the device will decode.
    """
    if recipe.memory not in {"short", "mixed"} or not blend.share:
        return False, blend.rates
    other = validation.measure(blend.state, short=recipe.memory == "mixed")
    short, spliced = (blend.rates, other) if recipe.memory == "short" else (other, blend.rates)
    together, words = pooled(spliced)
    allowed = SHORT_TOLERANCE + standard_error(together, words)
    is_short = pooled(short)[0] <= together + allowed
    return is_short, short if is_short else spliced


def _inputs(record: Record) -> tuple[Any, ...]:
    return record.base_sha256, record.data_sha256, record.recipe


def _key(record: Record) -> str:
    """Give what tells one training from another: what it starts from, what it learns, how, and with what."""
    return hashlib.sha256(msgspec.json.encode((*_inputs(record), record.versions))).hexdigest()
