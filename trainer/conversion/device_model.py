"""A trained model as the folder that the device's engine loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from device.errors import ModelError
from device.models.check import CONFIG, MODEL
from device.models.convert import write_int8
from device.models.weights import read_contents
from device.speech.window import load_model, silence_states
from trainer.conversion.base import copy_tokenizer
from trainer.conversion.weights import write_model
from trainer.conversion.whisper import Specials, ctranslate2_config_of, vocabulary_of
from trainer.progress import Report, silent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.conversion.weights import Float


def write_floats(model: Any, tokenizer: Path, folder: Path, kind: Float = "float16") -> None:
    """Write a model with the weights that it has, in CTranslate2's format.

    The device's engine makes the same of it as of the int8 one, only later: when it loads it.

    Args:
        model: A `WhisperForConditionalGeneration`.
        tokenizer: The folder that its tokenizer is in.
        folder: Where it goes; the folder is there.
        kind: Type of the weights.

    Raises:
        ModelError: It is no whole Whisper model, or the tokenizer is of another.
        OSError: It cannot be written.
    """
    from transformers import WhisperFeatureExtractor

    state = {name: tensor.detach().float().cpu() for name, tensor in model.state_dict().items()}
    write_model(state, model.config.to_dict(), None, folder / MODEL, kind)
    copy_tokenizer(tokenizer, folder)
    vocabulary = vocabulary_of(folder, model.config.vocab_size)
    config = ctranslate2_config_of(model.generation_config.to_dict(), Specials(folder))
    for name, value in (("vocabulary.json", vocabulary), (CONFIG, config)):
        (folder / name).write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    WhisperFeatureExtractor(feature_size=model.config.num_mel_bins).save_pretrained(folder)


def make_int8(folder: Path, report: Report = silent) -> None:
    """Make the weights of a folder int8, bit for bit as the device does.

    Raises:
        ModelError: Its weights cannot be made int8.
        OSError: It cannot be written.
    """
    floats, int8 = folder / MODEL, folder / f".{MODEL}"
    with int8.open("wb") as file:
        write_int8(floats, read_contents(floats), file, report)
    int8.replace(floats)


def hear_silence(folder: Path) -> NDArray[np.float32]:
    """Run a model as the device does, over silence; give what its encoder makes of it.

    Raises:
        ModelError: It cannot be loaded or run, or gives no numbers.
    """
    try:
        states = silence_states(load_model(folder))
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"The model in {folder} cannot be run ({error}): train it again.") from error
    if not np.isfinite(states).all():
        raise ModelError(f"The model in {folder} gives no numbers: train it again at a lower rate.")
    return states
