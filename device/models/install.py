"""Taking a model in from its bundle: verified, tried, and only then in use. What fails changes nothing."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from device.errors import BundleError, ModelError, SettingsError
from device.models.bundle import open_bundle
from device.models.check import check
from device.models.files import is_full, sha256_of
from device.models.manifest import INDEX, read_manifest
from device.models.self_test import self_test
from device.settings_files import of_model

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from device.models.bundle import Bundle, Index
    from device.models.convert import Progress
    from device.models.self_test import Heard, Test
    from device.models.signature import PublicKey
    from device.models.store import Store

_SPARE = 4 << 20
"""Bytes for the index, the folders, and what the file system itself needs."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that was taken in.

    Attributes:
        name: Its name in the store.
        bundle: The bundle's id.
        size: Bytes that its files take.
        before: The model that was in use before; the same one where the bundle was in use already.
        heard: What it made of its self-test.
        seconds: How long the self-test took, in seconds.
        real_time_factor: How long it took to recognise a second of it.
    """

    name: str
    bundle: str
    size: int
    before: str | None
    heard: str
    seconds: float
    real_time_factor: float


def install(  # noqa: PLR0913  what, where to, whose, and how it is told, tried and made room for
    store: Store,
    stream: BinaryIO,
    key: PublicKey,
    progress: Progress,
    test: Test = self_test,
    *,
    keep: Container[str] = (),
) -> Installed:
    """Take in the model of a bundle, and make it the one in use; the one that is, is kept as the one before.

    What was flashed earlier than that is removed first. A bundle that is in the store is not written again,
    but verified, tried and switched to.

    Args:
        store: Where it goes.
        stream: The bundle; it need not seek, and is read up to its end only where all is well.
        key: Whose bundles are taken.
        progress: Told what is being done.
        test: Tries the model.
        keep: Models that are not removed, as the settings name them.

    Raises:
        BundleError: The bundle cannot be read, is not the owner's, or is damaged.
        ModelError: The model cannot be run or does not understand its self-test, the disk has no room, or
            the store cannot be changed.
    """
    with store.changing() as incoming:
        bundle = open_bundle(cast("BinaryIO", _Source(stream)), key)
        name = slot_name(bundle)
        before = store.current()
        if _is_whole(store, name, bundle.id, progress):
            heard = _tried(store.folder(name), bundle.index, progress, test)
        else:
            for old in store.flashed():
                if old not in (before, store.previous()) and old not in keep:
                    store.drop(old, incoming)
            new = incoming / "new"
            new.mkdir()
            _unpack(bundle, new, store, progress)
            with _named(new, bundle.index.name):
                _check(new, bundle.index, progress)
                heard = _tried(new, bundle.index, progress, test)
            store.put(new, name)
        progress("switching", 0)
        store.switch_to(name)
        progress("switching", 1)
    return Installed(name, bundle.id, bundle.size, before, heard.text, heard.seconds, heard.real_time_factor)


def slot_name(bundle: Bundle) -> str:
    """Give the name in the store of the model of a bundle: two bundles never have the same."""
    return f"{bundle.index.name}-{bundle.id[:8]}"


class _Source:
    """A stream whose errors are not mistaken for those of the disk that is written to."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise BundleError(
                f"The bundle cannot be read ({error.strerror or error}): copy it again."
            ) from error


def _is_whole(store: Store, name: str, bundle: str, progress: Progress) -> bool:
    """Say whether a bundle is in the store already; what is damaged is taken in again, in its place."""
    if name not in store.flashed():
        return False
    progress("verifying", 0)
    try:
        store.verify(name)
    except ModelError:
        return False
    progress("verifying", 1)
    return sha256_of(store.folder(name) / INDEX) == bundle


def _unpack(bundle: Bundle, new: Path, store: Store, progress: Progress) -> None:
    if shutil.disk_usage(new).free < bundle.size + _SPARE:
        raise _no_room(bundle, store)
    try:
        bundle.unpack(new, progress)
    except OSError as error:
        if is_full(error):
            raise _no_room(bundle, store) from error
        raise


def _no_room(bundle: Bundle, store: Store) -> ModelError:
    free = shutil.disk_usage(store.root).free
    others = [name for name in store.names() if name != store.current()]
    hint = f"saykey model remove {others[0]}" if others else "recognition.store can name another place"
    return ModelError(
        f"'{bundle.index.name}' needs {((bundle.size + _SPARE) >> 20) + 1} MB, but the disk of {store.root} "
        f"has {free >> 20} MB free: remove something from it ({hint})."
    )


@contextmanager
def _named(new: Path, name: str) -> Iterator[None]:
    """Have errors name the model and not the folder in which it is for as long as it is tried."""
    try:
        yield
    except (ModelError, SettingsError) as error:
        said = str(error).replace(f"{new}/", "").replace(str(new), f"'{name}'")
        kind = BundleError if isinstance(error, BundleError | SettingsError) else ModelError
        raise kind(said) from error


def _check(new: Path, index: Index, progress: Progress) -> None:
    """Look whether the model is whole, and its manifest and settings fit."""
    progress("checking", 0)
    check(new)
    for name, file in read_manifest(new).files.items():
        if index.parts.get(name) != file:
            raise BundleError(
                f"The model's manifest says something else of {name} than the bundle: pack it again."
            )
    of_model(new)
    progress("checking", 1)


def _tried(folder: Path, index: Index, progress: Progress, test: Test) -> Heard:
    progress("self-test", 0)
    heard = test(folder, index.self_test)
    progress("self-test", 1)
    return heard
