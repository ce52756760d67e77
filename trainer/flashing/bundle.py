"""From an export to a bundle: one signed file that a device can take in without believing anybody else."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import soundfile
import tomli_w

from device import __version__
from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ, seconds
from device.demo import RECORDING, SENTENCE
from device.errors import ModelError, SettingsError
from device.models.archive import BLOCK
from device.models.bundle import (
    FORMAT,
    SELF_TEST,
    SIGNATURE,
    SUFFIX,
    Index,
    SelfTest,
    parse_index,
    trusted_comment,
)
from device.models.check import check
from device.models.files import FileSum, is_full, sha256_of
from device.models.manifest import INDEX, MANIFEST, SILENCE, Manifest, damaged_files, read_manifest
from device.models.model_settings import FILE as SETTINGS
from device.models.self_test import hear, words_apart
from device.settings_files import of_model
from trainer.conversion.card import CARD
from trainer.files import replacing
from trainer.recording.long import read_text

if TYPE_CHECKING:
    from minisign import SecretKey

    from trainer.progress import Report

Hear = Callable[[Path, str], tuple[str, float]]
"""Has the model in a folder recognise a recording beside it; see `device.models.self_test.hear`."""

_LONGEST_S = 30
"""Of a self-test: the device recognises it before each installation."""

_PACKED_MAY_MISS = 1 / 3
"""Of the words of the self-test: a model that misses more was damaged, or trained for something else."""

_DEVICE_MAY_MISS = 1 / 5
"""Of the words that the packed model heard: processors round otherwise."""


def pack(  # noqa: PLR0913  # one argument an option of the command
    export: Path,
    target: Path,
    secret: SecretKey,
    *,
    settings: Path | None = None,
    self_test: Path | None = None,
    report: Report,
    hear: Hear = hear,
) -> Path:
    """Write an export as a bundle, whole or not at all; a bundle that is there is replaced.

    Args:
        export: A folder that `saykey-trainer export` wrote.
        target: The file to write, `NAME.saykey`.
        secret: The owner's key, unlocked.
        settings: Settings that the model brings, a TOML file; without, the prompt that its manifest names.
        self_test: A recording of a sentence that stands in a text file beside it; without, the one that
            Saykey ships with, in English.
        report: Told how far it is.
        hear: Has the model recognise it.

    Raises:
        ModelError: The export is damaged, of a kind that is not packed, or does not understand the
            self-test; or the bundle cannot be written.
        SettingsError: The settings are not allowed, or not to a model.
        DataError: The text of the self-test cannot be read.
        SoundError: The recording cannot be read.
    """
    if target.suffix != SUFFIX:
        raise ModelError(f"{target} is no name of a bundle: end it with {SUFFIX}.")
    if target.is_dir():
        raise ModelError(f"{target} is a folder: give another name, or move it away.")
    if not target.parent.is_dir():
        raise ModelError(f"There is no folder {target.parent} for {target.name}: make it first.")
    report("checking", 0)
    manifest = _checked(export)
    sentence = SENTENCE if self_test is None else read_text(_beside(self_test))
    report("checking", 1)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as staged:
            stage = Path(staged)
            names = _copy(export, manifest, stage)
            names += _write_settings(settings, manifest, stage)
            names.append(_write_sound(self_test or RECORDING, stage))
            heard = _heard(stage, sentence, hear, report)
            index = _index(manifest.name, stage, names, heard)
            _write(target, stage, index, secret, report)
    except OSError as error:
        raise _unwritable(target, error) from error
    return target


def _checked(export: Path) -> Manifest:
    """Give the manifest of an export that is of a kind that devices run."""
    check(export)
    manifest = read_manifest(export)
    if manifest.quantization not in {"int8", "int8_float32"}:
        raise ModelError(
            f"{export} is of {manifest.quantization}, which is too slow on a device: "
            "export it again with --quantization int8."
        )
    return manifest


def _copy(export: Path, manifest: Manifest, stage: Path) -> list[str]:
    """Copy the model's files, the weights first, so that nothing changes between their sums and their end."""
    names = [file.name for file in check(export).files] + [MANIFEST]
    names += [name for name in (SILENCE, CARD) if (export / name).is_file()]
    for name in names:
        shutil.copyfile(export / name, stage / name)
    wrong = damaged_files(stage, manifest)
    if read_manifest(stage) != manifest:  # what is signed is what was looked at
        wrong.append(MANIFEST)
    if wrong:
        raise ModelError(f"The export {export} is damaged ({', '.join(wrong)}): export it again.")
    return names


def _write_settings(given: Path | None, manifest: Manifest, stage: Path) -> list[str]:
    target = stage / SETTINGS
    prompt = manifest.training.prompt if manifest.training else ""
    if given is not None:
        target.write_bytes(_content(given))
    elif prompt:
        target.write_text(tomli_w.dumps({"recognition": {"initial_prompt": prompt}}), encoding="utf-8")
    try:
        of_model(stage)
    except SettingsError as error:
        source = given or f"the prompt in {MANIFEST}"
        raise SettingsError(str(error).replace(str(target), str(source))) from error
    return [SETTINGS] if target.exists() else []


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be read: {error.strerror}; check its name and its permissions"
        ) from error


def _beside(sound: Path) -> Path:
    text = sound.with_suffix(".txt")
    if not text.is_file():
        raise ModelError(f"What is said in {sound} is not known: write it into {text}.")
    return text


def _write_sound(recording: Path, stage: Path) -> str:
    """Write a recording as the device hears it, of one channel."""
    samples = read(recording)
    if seconds(len(samples)) > _LONGEST_S:
        raise ModelError(f"{recording} is longer than {_LONGEST_S} s: a sentence is enough for a self-test.")
    flac = io.BytesIO()
    soundfile.write(flac, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    (stage / SELF_TEST).write_bytes(flac.getvalue())
    return SELF_TEST


def _heard(stage: Path, sentence: str, hear: Hear, report: Report) -> SelfTest:
    report("self-test", 0)
    text, _factor = hear(stage, SELF_TEST)
    report("self-test", 1)
    if words_apart(text, sentence) > _PACKED_MAY_MISS * len(sentence.split()):
        raise ModelError(
            f"This model does not understand the self-test recording: it heard '{text}' instead of "
            f"'{sentence}'. Train it again, or give a recording that suits it with --self-test."
        )
    return SelfTest(SELF_TEST, text, round(_DEVICE_MAY_MISS * len(text.split())))


def _index(name: str, stage: Path, names: list[str], self_test: SelfTest) -> Index:
    return Index(
        format=FORMAT,
        name=name,
        created=_now(),
        created_by=f"saykey-trainer {__version__}",
        parts={each: FileSum(sha256_of(stage / each), (stage / each).stat().st_size) for each in names},
        self_test=self_test,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(target: Path, stage: Path, index: Index, secret: SecretKey, report: Report) -> None:
    content = msgspec.json.format(msgspec.json.encode(index), indent=2) + b"\n"
    parse_index(content)  # what no device would read is not written
    signature = secret.sign(
        content, untrusted_comment="signature of a Saykey bundle", trusted_comment=trusted_comment(index)
    )
    (stage / SIGNATURE).write_bytes(bytes(signature) + b"\n")
    (stage / INDEX).write_bytes(content)
    names = [SIGNATURE, INDEX, *index.parts]
    with replacing(target) as partial, partial.open("wb") as file:
        for done, name in enumerate(names):
            report("packing", done / len(names))
            _add(file, stage / name)
        file.write(bytes(2 * BLOCK))
    report("packing", 1)


def _add(archive: BinaryIO, file: Path) -> None:
    """Add a file; of all that tar can say of it, only the name and the size."""
    header = tarfile.TarInfo(file.name)
    header.size = file.stat().st_size
    archive.write(header.tobuf(tarfile.USTAR_FORMAT))
    with file.open("rb") as content:
        shutil.copyfileobj(content, archive, 1 << 20)
    archive.write(bytes(-header.size % BLOCK))


def _unwritable(target: Path, error: OSError) -> ModelError:
    if is_full(error):
        return ModelError(
            f"The disk has no room for {target} (twice the size of the model): "
            "free some, or put it on another disk with saykey-trainer pack --out."
        )
    return ModelError(
        f"{target} cannot be written ({error.strerror or error}): check its permissions and the disk."
    )
