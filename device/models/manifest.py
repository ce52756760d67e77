"""`saykey.json`: what a model is and where it came from, with the sum of each of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from device.errors import ModelError
from device.models.files import FileSum, new_file, sha256_of, unreadable

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "saykey.json"
"""Its name, beside the files that it describes."""

SILENCE = "silence.npy"
"""What the model makes of silence (`device.speech.window`)."""

INDEX = "bundle.json"
"""The index of a bundle, with the sum of each part. Only a model that was flashed has it."""


class Training(msgspec.Struct, frozen=True):
    """How a model was trained, as the trainer writes it; the device only hands it on.

    Attributes:
        base: The model that it started from, by its name alone where that was a path.
        base_sha256: Sum of that model's weights.
        data_sha256: Fingerprint of the recordings and their text.
        recipe: The settings of the training.
        metrics: Word error rates in per cent by the set that they were measured on, those of stock with
            "stock " before it.
        conversion: The settings of the conversion, by name.
        vocabulary: The owner's words that it was trained for.
        prompt: The text that it is best told to continue: for `recognition.initial_prompt`.
        licence: Of the weights, as an SPDX identifier.
        created_by: The program that wrote it, with its version.
    """

    base: str
    base_sha256: str
    data_sha256: str
    recipe: dict[str, Any]
    metrics: dict[str, float]
    conversion: dict[str, str]
    vocabulary: tuple[str, ...]
    prompt: str
    licence: str
    created_by: str


class _Index(msgspec.Struct, frozen=True):
    parts: dict[str, FileSum]


class Manifest(msgspec.Struct, frozen=True):
    """What a model is. Fields that this version does not know are passed over.

    Attributes:
        name: Its name in the store.
        source: Where it came from, in words.
        source_sha256: Sum of `model.bin` as it came, before it was converted.
        quantization: Type of its matrices, "int8"; "int8_float32" where all that is no matrix is of float32
            rather than float16, and "float16" in an export that no device has taken in.
        ctranslate2: Version of the CTranslate2 that was installed when it was converted.
        files: Its files by name.
        short_window: It was trained to decode from the encoder's states for the speech alone, so that no
            silence needs to be set behind them.
        training: How it was trained; `None` where Saykey did not.
    """

    name: str
    source: str
    source_sha256: str
    quantization: str
    ctranslate2: str
    files: dict[str, FileSum]
    short_window: bool = False
    training: Training | None = None

    @property
    def size(self) -> int:
        """Bytes that its files take."""
        return sum(file.size for file in self.files.values())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a model.

    Raises:
        ModelError: There is none, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder} has no {MANIFEST}: take the model in with saykey model fetch NAME --from {folder}."
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is damaged ({error}): fetch the model again with --force.") from error


def has_short_window(folder: Path) -> bool:
    """Say whether a model was trained for short windows; one without a manifest was not.

    Raises:
        ModelError: Its manifest is damaged.
    """
    return (folder / MANIFEST).exists() and read_manifest(folder).short_window


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a new model.

    Raises:
        OSError: It cannot be written.
    """
    with new_file(folder / MANIFEST) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def is_flashed(folder: Path) -> bool:
    """Say whether a model came in a bundle."""
    return (folder / INDEX).is_file()


def damaged_parts(folder: Path) -> list[str]:
    """Give the files of a flashed model that are not as its bundle had them: all, not only the manifest's.

    Raises:
        ModelError: The index of the bundle cannot be read, or is damaged.
    """
    index = folder / INDEX
    try:
        parts = msgspec.json.decode(index.read_bytes(), type=_Index).parts
    except OSError as error:
        raise unreadable(index, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{index} is damaged ({error}): flash the model again.") from error
    return _damaged(folder, parts)


def damaged_files(folder: Path, manifest: Manifest) -> list[str]:
    """Give the files of a model that are not as the manifest says, each with what is wrong with it."""
    return _damaged(folder, manifest.files)


def _damaged(folder: Path, files: dict[str, FileSum]) -> list[str]:
    found = ((name, _wrong(folder / name, file)) for name, file in files.items())
    return [f"{name} {wrong}" for name, wrong in found if wrong]


def _wrong(path: Path, expected: FileSum) -> str:
    try:
        size = path.stat().st_size
        if size != expected.size:
            return f"has {size} bytes instead of {expected.size}"
        return "" if sha256_of(path) == expected.sha256 else "has changed"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
