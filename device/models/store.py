"""The store: a folder of models, one folder each, and the link `current` to the one in use.

What is half done is in `.incoming` or `.current`, and is swept away by the next change. Every change ends in
one rename, so that at any moment each model is either whole or not there.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import ModelError
from device.models.check import check
from device.models.files import opened_folder, swap, sync, unreadable
from device.models.manifest import damaged_files, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.settings import RecognitionSettings

CURRENT = "current"
"""The link to the model in use."""

_INCOMING, _NEXT = ".incoming", ".current"
"""What is half done: a model that is being taken in, and the link before it has its name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def default_root() -> Path:
    """Give the place of the store: systemd's state folder, or else the user's folder for data."""
    if state := os.environ.get("STATE_DIRECTORY"):
        return Path(state.partition(":")[0]) / "models"
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "saykey" / "models"


def store_of(settings: RecognitionSettings) -> Store:
    """Give the store that the settings name.

    Raises:
        ModelError: What they name can be no folder.
    """
    return Store(_path(settings.store) if settings.store else default_root())


def resolve(settings: RecognitionSettings) -> Path:
    """Give the folder of the model that the settings name.

    Raises:
        ModelError: It is not there.
    """
    store, model = store_of(settings), settings.model
    if "/" in model:
        return _path(model)
    if model:
        return store.installed(model)
    if current := store.current():
        return store.installed(current)
    if names := store.names():
        raise ModelError(f"No speech model is in use; run: saykey model use {names[0]}")
    raise ModelError("No speech model is installed; run: saykey model fetch tiny.en")


class Store:
    """The models of one device.

    Attributes:
        root: Its folder. It is made when the first model is taken in.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Give the names of the models in it, sorted."""
        try:
            entries = list(self.root.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unreadable(self.root, error) from error
        return sorted(entry.name for entry in entries if _ok(entry.name) and _is_folder(entry))

    def current(self) -> str | None:
        """Give the name of the model in use, or None. It may be gone."""
        try:
            return str((self.root / CURRENT).readlink())
        except OSError:
            return None

    def folder(self, name: str) -> Path:
        """Give the folder in which a model of this name is or would be.

        Raises:
            ModelError: No model can have this name.
        """
        if not _ok(name):
            raise ModelError(
                f"'{name}' cannot be the name of a model: "
                f"use up to 64 letters, digits, dots, dashes and underscores, but not '{CURRENT}'."
            )
        return self.root / name

    def has(self, name: str) -> bool:
        """Say whether a model of this name is there.

        Raises:
            ModelError: No model can have this name, or the store cannot be read.
        """
        return _is_folder(self.folder(name))

    def installed(self, name: str) -> Path:
        """Give the folder of a model that is there.

        Raises:
            ModelError: It is not there.
        """
        if not self.has(name):
            others = ", ".join(self.names()) or "none"
            raise ModelError(
                f"There is no speech model '{name}' in {self.root} (installed: {others}); "
                f"run: saykey model fetch {name}"
            )
        return self.folder(name)

    def verify(self, name: str) -> None:
        """Hold every file of a model to its manifest, and look whether they fit together.

        Raises:
            ModelError: The model is not there, or a file of it is damaged.
        """
        folder = self.installed(name)
        if wrong := damaged_files(folder, read_manifest(folder)):
            raise ModelError(
                f"The model '{name}' in {self.root} is damaged ({', '.join(wrong)}): "
                f"fetch it again with saykey model fetch {name} --force."
            )
        check(folder)

    def use(self, name: str) -> None:
        """Make a model the one in use, if it is whole.

        Raises:
            ModelError: It is not there or damaged, or the store cannot be written.
        """
        self.verify(name)
        with self.changing():
            self.point_to(name)

    @contextmanager
    def changing(self) -> Iterator[Path]:
        """Keep others from changing the store meanwhile; give an empty folder in it for what is half done.

        Raises:
            ModelError: Another program is changing it, or it cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # The kernel lets go of the lock however this program ends.
            with opened_folder(self.root) as folder:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                try:
                    yield self._swept()
                finally:
                    self._sweep()
        except BlockingIOError as error:
            raise ModelError(
                f"Another saykey command is changing {self.root}: wait for it to end."
            ) from error
        except OSError as error:
            raise ModelError(
                f"The model store {self.root} cannot be changed ({error}): "
                "check its permissions and the disk, or set recognition.store to another place."
            ) from error

    def put(self, incoming: Path, name: str) -> None:
        """Give a finished folder its name, in one step; what had the name before is then in `incoming`.

        Raises:
            OSError: The file system refuses.
        """
        sync(incoming)
        target = self.folder(name)
        if target.is_dir():
            swap(incoming, target)
        else:
            incoming.rename(target)
        sync(self.root)

    def point_to(self, name: str) -> None:
        """Point `current` to a model, in one step.

        Raises:
            OSError: The file system refuses.
        """
        link = self.root / _NEXT
        link.symlink_to(name)
        link.replace(self.root / CURRENT)
        sync(self.root)

    def _swept(self) -> Path:
        self._sweep()
        incoming = self.root / _INCOMING
        incoming.mkdir()
        return incoming

    def _sweep(self) -> None:
        (self.root / _NEXT).unlink(missing_ok=True)
        shutil.rmtree(self.root / _INCOMING, ignore_errors=True)


def _ok(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name != CURRENT


def _path(text: str) -> Path:
    if "\0" in text:
        raise ModelError(f"{text!r} cannot be a path: correct recognition.model or recognition.store.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ModelError(
            f"{text}: nobody knows where this home folder is; write the path from / on."
        ) from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir() and not path.is_symlink()
    except OSError as error:
        raise unreadable(path, error) from error
