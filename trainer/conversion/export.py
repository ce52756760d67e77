"""From a trained model to the folder that a device takes in, in one step that is done or not."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from msgspec.structs import replace

from device import __version__
from device.errors import ModelError
from device.models.check import MODEL, check
from device.models.files import FileSum, is_full, sha256_of
from device.models.manifest import MANIFEST, SILENCE, Manifest, Training, read_manifest
from trainer.conversion import ggml as whisper_cpp
from trainer.conversion import onnx as open_format
from trainer.conversion.base import load_transformers
from trainer.conversion.card import CARD, card, shown
from trainer.conversion.device_model import hear_silence, make_int8, write_floats
from trainer.conversion.trained import Record, evaluated_rates, rates, read_record
from trainer.files import replacing_folder, write_text
from trainer.model_name import check_name
from trainer.progress import Report, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trainer.evaluation.results import Evaluation

Quantization = Literal["int8", "int8_float32", "float16"]
"""Of the matrices, and after "_" of all else where that is not float16."""

COMPUTE_TYPE = "int8"
"""How the device computes with each of them (`device.speech.window`); on a CPU, CTranslate2 computes with
float32 whatever is not multiplied as int8, so that "int8" and "int8_float32" are one there."""

WHISPERS = "mit"
"""The licence of the weights that OpenAI trained (openai/whisper, README.md)."""

_WHISPERS = frozenset(
    (
        *("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en"),
        *("large", "large-v1", "large-v2", "large-v3", "large-v3-turbo"),
    )
)

ONNX = "onnx"
"""Its folder in the export."""


def export(  # noqa: PLR0913  # one argument an option of the command
    model: Path,
    target: Path,
    *,
    name: str,
    quantization: Quantization = "int8",
    ggml: whisper_cpp.Kind | None = None,
    onnx: bool = False,
    vocabulary: Sequence[str] = (),
    prompt: str = "",
    licence: str = "",
    finish: Callable[[Path], object] = lambda _folder: None,
    report: Report = silent,
) -> Path:
    """Write a model as a folder that `saykey model fetch --from` takes, whole or not at all.

    Args:
        model: A model of transformers with its `training.json`, or any that training can start from.
        target: The folder to write; an export that is there is replaced.
        name: Its name in the store.
        quantization: Type of its weights. "int8" is the device's own, made from float16; "int8_float32" is
            made from the weights as they were trained, and rounds nothing but the matrices.
        ggml: Write a file for whisper.cpp too, with weights of this type.
        onnx: Write ONNX files too.
        vocabulary: The owner's words that it was trained for.
        prompt: The text that it is best told to continue.
        licence: Of the weights, as the hub abbreviates it; empty for the base's, where that is known.
        finish: Called with the folder before it gets its name, to add to it; what it raises stops the export.
        report: Told how far it is.

    Raises:
        ModelError: The model is damaged or cannot be run, the name or the target cannot be used, or the
            export cannot be written.
        DataError: What its training wrote beside it is damaged, or another program exports to the target.
        MissingError: A package for ONNX is missing.
    """
    check_name(name)
    target = _free(target)
    record = read_record(model)
    training = record and _training(record, quantization, vocabulary, prompt, licence)
    manifest = _manifest(name, quantization, record, training or None)
    if onnx:
        open_format.check_installed()
    report("loading", 0)
    loaded = load_transformers(model)
    report("loading", 1)
    try:
        with replacing_folder(target) as new:
            manifest = _write_weights(loaded, model, new, manifest, ggml, report)
            if onnx:
                _write_onnx(loaded, model, new / ONNX, report)
            states = hear_silence(new)
            if not manifest.short_window:
                with (new / SILENCE).open("wb") as file:
                    np.save(file, states)
            _describe(new, replace(manifest, files=_sums(new)))
            finish(new)
    except OSError as error:
        raise _unwritable(target, error) from error
    return target


def add_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Write what an evaluation found of an export, by its weights, into its manifest and its card.

    Raises:
        ModelError: The folder is no export of a trained model.
        OSError: It cannot be written.
    """
    manifest = read_manifest(folder)
    if manifest.training is None:
        raise ModelError(f"{folder} was not trained here: there is nothing to add to.")
    found = evaluated_rates(evaluation, manifest.files[MODEL].sha256)
    training = replace(manifest.training, metrics=manifest.training.metrics | found)
    _describe(folder, replace(manifest, training=training))


def _free(target: Path) -> Path:
    """Give the whole path of the target, unless what is there is no export.

    Raises:
        ModelError: It is something else.
    """
    target = target.expanduser().resolve()
    is_export = (target / MANIFEST).is_file()
    if target.exists() and not is_export and not (target.is_dir() and not any(target.iterdir())):
        raise ModelError(f"{target} is there and no export of a model: name a new folder with --out.")
    return target


def _training(
    record: Record, quantization: Quantization, vocabulary: Sequence[str], prompt: str, licence: str
) -> Training:
    conversion = {
        "quantization": quantization,
        "compute_type": COMPUTE_TYPE,
        "interpolation": f"{record.interpolation:g}",
    }
    conversion |= {package: version(package) for package in ("ctranslate2", "transformers", "torch")}
    return Training(
        base=shown(record.base),
        base_sha256=record.base_sha256,
        data_sha256=record.data_sha256,
        recipe=record.recipe,
        metrics=rates(record),
        conversion=conversion,
        vocabulary=tuple(vocabulary),
        prompt=prompt,
        licence=licence or licence_of(record.base),
        created_by=f"saykey-trainer {__version__}",
    )


def licence_of(base: str) -> str:
    """Give the licence of the weights that a model was trained from: Whisper's own, or "other".

    Where only a folder is named, nobody can know.
    """
    name = base.removeprefix("openai/whisper-").removeprefix("Systran/faster-whisper-")
    return WHISPERS if name in _WHISPERS else "other"


def _manifest(
    name: str, quantization: Quantization, record: Record | None, training: Training | None
) -> Manifest:
    """Give the manifest as far as it is known before there are files."""
    return Manifest(
        name=name,
        source=f"saykey-trainer, from {shown(record.base)}" if record else "saykey-trainer",
        source_sha256="",
        quantization=quantization,
        ctranslate2=version("ctranslate2"),
        files={},
        short_window=bool(record and record.short_window),
        training=training,
    )


def _write_weights(  # noqa: PLR0913, PLR0917  # one argument a thing that it needs
    loaded: Any, model: Path, new: Path, manifest: Manifest, ggml: whisper_cpp.Kind | None, report: Report
) -> Manifest:
    """Write the weights; give the manifest with the sum of those that were not quantised."""
    report("converting", 0)
    write_floats(loaded, model, new, "float32" if manifest.quantization == "int8_float32" else "float16")
    report("converting", 1)
    manifest = replace(manifest, source_sha256=sha256_of(new / MODEL))
    if ggml:
        report(f"GGML {ggml}", 0)
        kind = "" if ggml == "f16" else f"-{ggml}"
        whisper_cpp.convert(new, new / f"ggml-{manifest.name}{kind}.bin", ggml)
        report(f"GGML {ggml}", 1)
    if manifest.quantization != "float16":
        make_int8(new, report)
    return manifest


def _write_onnx(loaded: Any, model: Path, folder: Path, report: Report) -> None:
    report("ONNX", 0)
    folder.mkdir()
    open_format.convert(loaded, model, folder)
    report("ONNX", 1)


def _sums(folder: Path) -> dict[str, FileSum]:
    """Give the sum of every file that the engine reads."""
    files = [*check(folder).files, *folder.glob(SILENCE)]
    return {file.name: FileSum(sha256_of(file), file.stat().st_size) for file in files}


def _describe(folder: Path, manifest: Manifest) -> None:
    """Write the manifest and, from it, the card."""
    write_text(folder / CARD, card(manifest, multilingual=check(folder).is_multilingual))
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    write_text(folder / MANIFEST, content.decode() + "\n")


def _unwritable(target: Path, error: OSError) -> ModelError:
    if is_full(error):
        return ModelError(
            f"The disk has no room for {target}: free some, or name a folder on another with --out."
        )
    return ModelError(f"{target} cannot be written ({error}): check its permissions and the disk.")
