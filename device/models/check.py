"""Whether a folder holds a Whisper model that this device can run: asked before it is loaded, and quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from device.errors import ModelError
from device.models.files import unreadable
from device.models.weights import Contents, read_contents

if TYPE_CHECKING:
    from pathlib import Path

MODEL, CONFIG, TOKENIZER = "model.bin", "config.json", "tokenizer.json"
"""What every model has."""

_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_FEATURES = "preprocessor_config.json"
_ENGLISH_ONLY = 51_864
"""Tokens of Whisper's English-only models; all others have more."""

_OTHERS = {
    ("*.safetensors", "pytorch_model*.bin"): (
        "a Hugging Face transformers model: convert it with ct2-transformers-converter --model {folder} "
        "--output_dir NEW --quantization float16 --copy_files tokenizer.json preprocessor_config.json"
    ),
    ("ggml*.bin", "*.ggml", "*.gguf"): "a whisper.cpp model: fetch the same model for CTranslate2",
    ("*.onnx", "*.ort"): "an ONNX model: fetch the same model for CTranslate2",
    ("*.pt", "*.pth"): "a PyTorch checkpoint: fetch the same model for CTranslate2",
}
"""What else people call a Whisper model: the files that give it away, what it is and what to do."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that looks whole.

    Attributes:
        folder: Where it is.
        contents: What its weights are.
        files: The files that it is made of, `model.bin` first.
    """

    folder: Path
    contents: Contents
    files: tuple[Path, ...]

    @property
    def weights(self) -> Path:
        """The file of weights."""
        return self.files[0]

    @property
    def n_mels(self) -> int:
        """Mel bands that the encoder takes: 80, or 128 from large-v3 on."""
        return _shape(self.folder, self.contents, "encoder/conv1/weight")[1]

    @property
    def width(self) -> int:
        """Numbers in each of the encoder's states."""
        return _shape(self.folder, self.contents, "decoder/embeddings/weight")[1]

    @property
    def tokens(self) -> int:
        """Tokens that the decoder knows."""
        return _shape(self.folder, self.contents, "decoder/embeddings/weight")[0]

    @property
    def is_multilingual(self) -> bool:
        """Whether it knows other languages than English."""
        return self.tokens > _ENGLISH_ONLY


def check(folder: Path) -> ModelFiles:
    """Look at a model without loading it: its kind, its files, and whether they are cut short.

    Raises:
        ModelError: The folder is missing or holds something else, or a file is missing or damaged.
    """
    try:
        return _check(folder)
    except OSError as error:
        raise unreadable(folder, error) from error


def _check(folder: Path) -> ModelFiles:
    if not folder.is_dir():
        what = (
            "is a file: name the folder that it is in" if folder.exists() else "is not there: check the name"
        )
        raise ModelError(f"The model folder {folder} {what}.")
    if not (folder / MODEL).is_file():
        raise _no_model(folder)
    contents = read_contents(folder / MODEL)
    if contents.kind != "WhisperSpec":
        raise ModelError(f"{folder} is a model of another kind ({contents.kind}): Saykey needs Whisper.")
    for name in (CONFIG, TOKENIZER):
        _read(folder / name, dict[str, msgspec.Raw])
    vocabulary = next((folder / name for name in _VOCABULARIES if (folder / name).is_file()), None)
    if vocabulary is None:
        raise ModelError(f"{folder} lacks {' or '.join(_VOCABULARIES)}: fetch or convert the model again.")
    files = [folder / name for name in (MODEL, CONFIG, TOKENIZER)] + [vocabulary]
    if (folder / _FEATURES).is_file():
        files.append(folder / _FEATURES)
    model = ModelFiles(folder, contents, tuple(files))
    _check_fit(model, vocabulary)
    return model


def _no_model(folder: Path) -> ModelError:
    for patterns, explanation in _OTHERS.items():
        if any(next(folder.glob(pattern), None) for pattern in patterns):
            return ModelError(f"{folder} is {explanation.format(folder=folder)}.")
    return ModelError(f"{folder} holds no speech model: name a folder with a {MODEL} of CTranslate2.")


def _check_fit(model: ModelFiles, file: Path) -> None:
    """Hold the vocabulary to the weights, and ask the weights for what the engine will ask."""
    if model.n_mels not in (80, 128):
        raise ModelError(
            f"{model.weights} takes {model.n_mels} mel bands, as no Whisper does: fetch another model."
        )
    if file.suffix == ".json":
        found = len(_read(file, list[str]))
    else:
        found = _bytes(file).removesuffix(b"\n").count(b"\n") + 1
    if found != model.tokens:
        raise ModelError(
            f"{file} has {found} tokens but the weights have {model.tokens}: "
            "it is damaged or of another model; fetch or convert the model again."
        )


def _shape(folder: Path, contents: Contents, name: str) -> tuple[int, ...]:
    for variable in contents.variables:
        if variable.name == name and len(variable.shape) >= 2:
            return variable.shape
    raise ModelError(f"{folder / MODEL} is damaged ({name} is missing): fetch or convert the model again.")


def _read(file: Path, kind: Any) -> Any:
    try:
        return msgspec.json.decode(_bytes(file), type=kind)
    except msgspec.DecodeError as error:
        raise ModelError(f"{file} is damaged ({error}): fetch or convert the model again.") from error


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(
            f"{file.parent} lacks {file.name}: fetch it again, or convert it with --copy_files {file.name}."
        ) from error
    except OSError as error:
        raise unreadable(file, error) from error
