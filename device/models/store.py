"""The store: a folder of models, one folder each, and links to the one in use and the one before it.

What is half done has a name that begins with a dot, and is swept away by the next change or start.
Every change ends in one rename, so that at any moment each model is either whole or not there.
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
from device.kept_host import service_folder
from device.models.check import check
from device.models.files import opened_folder, other_owner, swap, sync, unreadable
from device.models.manifest import damaged_files, damaged_parts, is_flashed, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.settings import RecognitionSettings

CURRENT, PREVIOUS = "current", "previous"
"""The links to the model in use, and to the one that was in use before it."""

INCOMING = ".incoming"
"""What is half done: a model that is being taken in."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def default_root() -> Path:
    """Give the place of the store: the service's state folder, or else the user's folder for data."""
    if folder := service_folder("XDG_DATA_HOME"):
        return folder / "models"
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

    def previous(self) -> str | None:
        """Give the name of the model that was in use before, if it is there and another than now."""
        try:
            name = str((self.root / PREVIOUS).readlink())
        except OSError:
            return None
        return name if name != self.current() and _ok(name) and self.has(name) else None

    def flashed(self) -> list[str]:
        """Give the names of the models that came in a bundle, sorted."""
        return [name for name in self.names() if is_flashed(self.root / name)]

    def folder(self, name: str) -> Path:
        """Give the folder in which a model of this name is or would be.

        Raises:
            ModelError: No model can have this name.
        """
        if not _ok(name):
            raise ModelError(
                f"'{name}' cannot be the name of a model: "
                "use up to 64 letters, digits, dots, dashes and underscores, "
                f"but not '{CURRENT}' or '{PREVIOUS}'."
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
        manifest = read_manifest(folder)
        if is_flashed(folder):
            wrong, mend = damaged_parts(folder), "flash it again"
        else:
            wrong = damaged_files(folder, manifest)
            mend = f"fetch it again with saykey model fetch {name} --force"
        if wrong:
            raise ModelError(f"The model '{name}' in {self.root} is damaged ({', '.join(wrong)}): {mend}.")
        check(folder)

    def use(self, name: str) -> None:
        """Make a model the one in use, if it is whole; `switch_back` undoes it.

        Raises:
            ModelError: It is not there or damaged, or the store cannot be written.
        """
        self.verify(name)
        with self._locked():
            self.switch_to(name)

    def switch_back(self, *, for_good: bool = False) -> str:
        """Exchange the model in use and the one before it, if that is whole; give the name of the latter.

        Args:
            for_good: Do not keep the one that was in use as the one before: it is no good.

        Raises:
            ModelError: There is none before, it is damaged, or the store cannot be written.
        """
        with self._locked():
            name = self.previous()
            if name is None:
                raise ModelError("There is no model to go back to; to choose one, run: saykey model list")
            self.verify(name)
            if for_good:
                self.point_to(name)
                (self.root / PREVIOUS).unlink()
                sync(self.root)
            else:
                self.switch_to(name)
        return name

    def remove(self, name: str) -> None:
        """Remove a model that is not in use, also from a full disk.

        Raises:
            ModelError: It is in use or not there, or the store cannot be written.
        """
        with self._locked():
            if name == self.current():
                raise ModelError(f"'{name}' is in use: use another one first, then remove it.")
            self._take_away(name, self.root / INCOMING)

    @contextmanager
    def changing(self) -> Iterator[Path]:
        """Keep others from changing the store meanwhile; give an empty folder in it for what is half done.

        `put`, `drop`, `point_to` and `switch_to` are for within; what they raise becomes a `ModelError`.

        Raises:
            ModelError: Another program is changing it, or it cannot be written, or is another user's.
        """
        with self._locked():
            incoming = self.root / INCOMING
            incoming.mkdir()
            yield incoming

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Do as `changing`, for what takes no room: a folder would take some, which a full disk has not.

        Raises:
            ModelError: As there.
        """
        # Root could write to it, but its owner could neither replace nor remove that afterwards.
        if owner := other_owner(self.root):
            raise ModelError(
                f"The model store {self.root} belongs to the user {owner}: "
                f"run it as that user, with sudo -u {owner} saykey and the same words."
            )
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # The kernel lets go of the lock however this program ends.
            with opened_folder(self.root) as folder:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                try:
                    self._sweep()
                    yield
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
        """Give a finished folder its name, in one step; what had the name before is then in `incoming`."""
        sync(incoming)
        target = self.folder(name)
        if target.is_dir():
            swap(incoming, target)
        else:
            incoming.rename(target)
        sync(self.root)

    def drop(self, name: str, incoming: Path) -> None:
        """Take a model that is there away in one step, and then its files."""
        self._take_away(name, incoming / name)

    def point_to(self, name: str, link: str = CURRENT) -> None:
        """Point a link to a model, in one step."""
        new = self.root / f".{link}"
        new.symlink_to(name)
        new.replace(self.root / link)
        sync(self.root)

    def switch_to(self, name: str) -> None:
        """Make a model the one in use, and the one that is in use the one before: at most two steps."""
        current = self.current()
        if name == current:
            return
        if name == self.previous() and current is not None:
            swap(self.root / CURRENT, self.root / PREVIOUS)
            sync(self.root)
            return
        if current in self.names():
            self.point_to(current, PREVIOUS)
        self.point_to(name)

    def _take_away(self, name: str, to: Path) -> None:
        self.installed(name).rename(to)
        sync(self.root)
        shutil.rmtree(to)

    def _sweep(self) -> None:
        for link in (CURRENT, PREVIOUS):
            (self.root / f".{link}").unlink(missing_ok=True)
        shutil.rmtree(self.root / INCOMING, ignore_errors=True)


def _ok(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name not in (CURRENT, PREVIOUS)


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
