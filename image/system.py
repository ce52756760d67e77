"""The root file system that all boards have: Debian's part, and Saykey over it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from image import wheels
from image.contents import sha256_of
from image.debian import change
from image.layer import PROGRAM, Layer, new_layer
from image.recipe import EPOCH_S, HERE, MODEL, PROJECT, digest_of, digest_of_tree, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from image.debian import Base
    from image.wheels import Wheel

LIBRARY = "opt/saykey/lib"
"""Where Saykey and its packages are. A file on Debian's path names it, so that every Python finds them."""

INITRD = "boot/initrd.img"
"""The initial RAM file system of all boards, without modules: each board's come behind it."""

_COMMAND = b"""\
#!/usr/bin/python3 -sP
import sys

from device.cli import main

sys.exit(main())
"""

_UNITS = "usr/lib/systemd/system"

_PLACES = {
    "sysusers.d": "usr/lib/sysusers.d",
    "tmpfiles.d": "usr/lib/tmpfiles.d",
    "udev": "usr/lib/udev/rules.d",
    "arm": _UNITS,
    "since254": _UNITS,
    "bluetooth/bluetooth.service.d": f"{_UNITS}/bluetooth.service.d",
}
"""Folders of systemd/, and where they go."""

_LOCKS = ("device", "options")
"""Of Python's packages."""

_LIBRARIES = ("left_out.txt", "libraries.sh", "wheels.py", "layer.py")
"""What Python's packages come from besides their locks. Files here, as the next ones."""

_SOURCES = ("rootfs", "finish.sh", "system.py", "layer.py")
"""What the rest comes from besides the next ones."""

_OF_PROJECT = ("device", "docs", "systemd", "locks/model.txt", "LICENSE")
"""Files and folders of the project that are in every image."""


@dataclass(frozen=True, slots=True)
class System:
    """What all boards have.

    Attributes:
        root: The root file system, an archive.
        wheels: What was taken from Python's packages.
    """

    root: Path
    wheels: tuple[Wheel, ...]


def make(base: Base, cache: Path) -> System:
    """Put Saykey over Debian's part, unless that was done before from the same.

    Args:
        base: Debian's part.
        cache: The folder for what later builds use again.

    Raises:
        BuildError: It cannot be made.
    """
    packages = [each for lock in _LOCKS for each in _fetched(lock, cache)]
    models = _fetched("model", cache)
    libraries = _with_libraries(base, packages, cache)
    sources = [*(HERE / name for name in _SOURCES), *(PROJECT / name for name in _OF_PROJECT)]
    root = cache / f"system-{digest_of([libraries.name, digest_of_tree(*sources)])}.tar"
    if not root.exists():
        with _making(root) as work:
            with new_layer(work / "layer.tar", EPOCH_S) as layer:
                add_saykey(layer)
            beside = work / "beside"
            _unpack(models, beside)
            shutil.copy(HERE / "finish.sh", beside)
            change(libraries, work, f"finish.sh {MODEL} {base.kernel}")
    return System(root, tuple(wheels.described(each, sha256_of(each)) for each in (*packages, *models)))


def add_saykey(layer: Layer) -> None:
    """Add all that is neither Debian's nor a package of Python.

    Args:
        layer: What it is added to.
    """
    layer.tree(HERE / "rootfs")
    for folder in ("data", "boot/firmware", "var/lib/saykey", "opt/saykey/models"):
        layer.folder(folder)
    for file in sorted((PROJECT / "device").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            layer.copy(file, f"{LIBRARY}/{file.relative_to(PROJECT)}")
    layer.file("usr/bin/saykey", _COMMAND, PROGRAM)
    layer.file("usr/lib/python3/dist-packages/saykey.pth", f"/{LIBRARY}\n".encode())
    for file in sorted((PROJECT / "docs").glob("*.md")):
        layer.copy(file, f"opt/saykey/docs/{file.name}")
    layer.copy(PROJECT / "LICENSE", "opt/saykey/LICENSE")
    _add_units(layer)


def _with_libraries(base: Base, packages: Sequence[Path], cache: Path) -> Path:
    """Put Python's packages over Debian's part, and compile all that is Python: that is most of the work."""
    sources = [*(HERE / name for name in _LIBRARIES), *(PROJECT / "locks" / f"{lock}.txt" for lock in _LOCKS)]
    root = cache / f"libraries-{digest_of([sha256_of(base.root), digest_of_tree(*sources)])}.tar"
    if not root.exists():
        with _making(root) as work:
            with new_layer(work / "layer.tar", EPOCH_S) as layer:
                for path, content in wheels.unpack(packages):
                    layer.file(f"{LIBRARY}/{path}", content)
            (work / "beside").mkdir()
            shutil.copy(HERE / "libraries.sh", work / "beside")
            change(base.root, work, "libraries.sh")
    return root


@contextmanager
def _making(root: Path) -> Iterator[Path]:
    """Give a folder in which `root.tar` is made, and then take it in the place of those of its kind."""
    with TemporaryDirectory(prefix="building.", dir=root.parent) as name:
        work = root.parent / name
        yield work
        for older in root.parent.glob(f"{root.name.partition('-')[0]}-*.tar"):
            older.unlink()
        (work / "root.tar").rename(root)


def _add_units(layer: Layer) -> None:
    units = PROJECT / "systemd"
    for file in sorted(units.glob("*.service")):
        layer.copy(file, f"{_UNITS}/{file.name}")
    for folder, place in _PLACES.items():
        layer.tree(units / folder, place)
    layer.copy(units / "bluetooth/main.conf", "etc/bluetooth/main.conf")


def _fetched(lock: str, cache: Path) -> list[Path]:
    file, left_out = PROJECT / "locks" / f"{lock}.txt", listed(HERE / "left_out.txt")
    return wheels.fetch(file, left_out, cache / f"wheels-{digest_of([file.read_bytes(), *left_out])}")


def _unpack(packages: Sequence[Path], folder: Path) -> None:
    for path, content in wheels.unpack(packages):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
