"""The model that training starts from: of CTranslate2, of transformers, or from the hub."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.errors import ModelError
from device.models.catalogue import in_package, model_in
from device.models.check import CONFIG, MODEL, TOKENIZER
from device.models.files import sha256_of
from trainer.conversion.weights import read_state
from trainer.conversion.whisper import config_of, generation_config_of, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

SAFETENSORS = "model.safetensors"
"""The weights of a model of transformers."""

_TOKENIZER_FILES = (
    TOKENIZER, "tokenizer_config.json", "vocab.json", "merges.txt", "normalizer.json", "added_tokens.json",
    "special_tokens_map.json",
)  # fmt: skip

_DOWNLOADED = [SAFETENSORS, MODEL, "*.json", "vocabulary.*", "merges.txt"]


def find(name: str) -> Path:
    """Give the folder of a model; what is no folder and in no installed package is downloaded.

    Args:
        name: A folder with a model of CTranslate2 or transformers, a name that the device knows, as in
            "tiny.en", or one of the hub, as in "openai/whisper-tiny.en".

    Raises:
        ModelError: There is no such model, or it cannot be downloaded.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder if (folder / SAFETENSORS).is_file() else model_in(folder)
    if source := in_package(name):
        return source.folder
    return _download(name if "/" in name else f"openai/whisper-{name}")


def load_transformers(folder: Path) -> Any:
    """Load a model as transformers' `WhisperForConditionalGeneration`, of float32 and on the CPU.

    Args:
        folder: A model of CTranslate2, of float16 or float32, or of transformers.

    Raises:
        ModelError: It is no Whisper model, is damaged, or is one of int8.
    """
    if (folder / MODEL).is_file():
        return _from_ctranslate2(folder)
    return _from_transformers(folder)


def save_transformers(model: Any, source: Path, target: Path) -> None:
    """Write a model into a folder as transformers does, with all that it takes to load and to export it.

    Args:
        model: A `WhisperForConditionalGeneration`.
        source: The folder that it was loaded from, whose tokenizer it keeps.
        target: Where it goes; the folder is there.

    Raises:
        ModelError: The source has no tokenizer.
        OSError: It cannot be written.
    """
    from safetensors import SafetensorError

    try:
        with _without_bars():
            model.save_pretrained(target)
    except SafetensorError as error:  # its own name for a full disk
        raise OSError(f"{target} cannot be written ({error})") from error
    save_settings(model, source, target)


def save_settings(model: Any, source: Path, target: Path) -> None:
    """Write what transformers keeps of a model beside its weights, with the tokenizer of its source.

    Raises:
        ModelError: The source has no tokenizer.
        OSError: It cannot be written.
    """
    from transformers import WhisperFeatureExtractor

    model.config.save_pretrained(target)
    model.generation_config.save_pretrained(target)
    WhisperFeatureExtractor(feature_size=model.config.num_mel_bins).save_pretrained(target)
    copy_tokenizer(source, target)


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy the files of a tokenizer.

    Raises:
        ModelError: There are none.
        OSError: They cannot be written.
    """
    if not (source / TOKENIZER).is_file():
        raise ModelError(f"{source} lacks {TOKENIZER}: download the model again.")
    for name in _TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def sum_of(folder: Path) -> str:
    """Give the sha256 of a model's weights, of CTranslate2 or of transformers, in hexadecimal.

    Raises:
        ModelError: There are none, in one file.
        OSError: They cannot be read.
    """
    for name in (MODEL, SAFETENSORS):
        if (folder / name).is_file():
            return sha256_of(folder / name)
    raise _no_model(folder)


def _from_ctranslate2(folder: Path) -> Any:
    import torch
    from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

    state = {name: torch.from_numpy(values).float() for name, values in read_state(folder).items()}
    config = WhisperConfig(**config_of(folder))
    with torch.device("meta"):  # no weights are drawn that would be thrown away
        model = WhisperForConditionalGeneration(config)
    model.load_state_dict(state, assign=True)
    model.tie_weights()
    model.generation_config = GenerationConfig(**generation_config_of(folder))
    return model.eval()


def _from_transformers(folder: Path) -> Any:
    import torch
    from transformers import WhisperForConditionalGeneration

    if not (folder / SAFETENSORS).is_file():
        raise _no_model(folder)
    if (kind := read_json(folder / CONFIG).get("model_type")) != "whisper":
        raise ModelError(f"{folder} is a model of another kind ({kind}): name one of Whisper.")
    try:
        with _without_bars():
            model, found = WhisperForConditionalGeneration.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
    except Exception as error:  # damage surfaces as whatever safetensors and torch stumbled over
        raise _damaged(folder, str(error).partition("\n")[0]) from error
    if missing := found["missing_keys"]:  # transformers would draw them at random
        raise _damaged(folder, f"{min(missing)} is missing")
    return model.eval()


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_DOWNLOADED))
    except Exception as error:
        # The hub's client passes on errors of several other libraries, without a common root.
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"The model '{name}' is no folder, and cannot be downloaded ({reason}): correct the name, "
            "connect this computer to the Internet, or copy the model here and name its folder "
            "(make trainer installs tiny.en)."
        ) from error


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from drawing bars of its own between ours."""
    from transformers.utils import logging

    shows = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shows:
            logging.enable_progress_bar()


def _no_model(folder: Path) -> ModelError:
    return ModelError(
        f"{folder} holds no model to start from: name a folder with a {MODEL} of CTranslate2 (float16), "
        f"or a {SAFETENSORS} of transformers."
    )


def _damaged(folder: Path, how: str) -> ModelError:
    return ModelError(f"{folder} is damaged ({how}): copy or download the model again.")
