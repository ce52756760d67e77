"""How fast this computer is with this model: measured within seconds, before it is asked to work for long."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.sound import seconds
from device.commands.transcribe import transcribe
from device.demo import RECORDING
from device.settings import RecognitionSettings, Settings
from device.speech.features import MAX_FRAMES
from trainer.conversion.base import load_transformers
from trainer.conversion.export import export
from trainer.files import scratch
from trainer.training.adapters import own_state, prepare
from trainer.training.batches import Batch
from trainer.training.learner import Learner
from trainer.training.precision import Mixed, precision, processor, use_all_cores

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.training.recipe import Recipe

_UTTERANCE_S = 4.0
_TOKENS = 20
"""An ordinary sentence, and the tokens of its text."""

_MARGIN_FRAMES = 50
"""Silence behind the speech: half a second."""


class Speed(NamedTuple):
    """What a second of speech costs.

    Attributes:
        train: Seconds for one step of training.
        recognise: Seconds to recognise it with the int8 model.
    """

    train: float
    recognise: float


def calibrate(base: Path, recipe: Recipe) -> Speed:
    """Time one step of training and one recognition.

    Args:
        base: The folder of the model that training starts from.
        recipe: How it is trained.

    Raises:
        ModelError: The base is damaged.
        RecipeError: The recipe does not fit the model or this machine.
        MissingError: This machine lacks what the recipe needs.
    """
    use_all_cores()
    return Speed(_train_s(load_transformers(base), recipe), _recognise_s(base))


def _train_s(model: Any, recipe: Recipe) -> float:
    stock, device = own_state(model), processor()
    teacher = copy.deepcopy(model).to(device).eval() if recipe.distillation else None
    prepare(model, recipe)
    learner = Learner(model.to(device), stock, teacher, recipe, Mixed(precision(recipe, device), device))
    learner.begin_epoch()
    frames = MAX_FRAMES if recipe.memory == "whole" else int(100 * _UTTERANCE_S) + _MARGIN_FRAMES
    tokens = torch.zeros((recipe.batch_size, _TOKENS), dtype=torch.long)
    mel = torch.zeros((recipe.batch_size, model.config.num_mel_bins, frames))
    batch = Batch(mel, tokens, tokens, short=recipe.memory == "short")
    learner.step(batch, 0.0, 0, 0)  # the first also makes room for the gradients
    began = time.perf_counter()
    learner.step(batch, 0.0, 0, 1)
    return (time.perf_counter() - began) / (recipe.batch_size * _UTTERANCE_S)


def _recognise_s(base: Path) -> float:
    with scratch() as folder:
        model = export(base, folder / "model", name="model")
        settings = Settings(recognition=RecognitionSettings(model=model.as_posix()))
        detector, recogniser = load_detector(), load_recogniser(settings)
        began = time.perf_counter()
        transcribe(RECORDING, detector, recogniser, settings)
        return (time.perf_counter() - began) / seconds(len(read(RECORDING)))
