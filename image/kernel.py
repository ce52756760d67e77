"""The kernel: which of its modules a board gets, and its part of the initial RAM file system."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from image.errors import BuildError
from image.programs import run

if TYPE_CHECKING:
    from collections.abc import Iterable

_INDEX = ("modules.order", "modules.builtin", "modules.builtin.modinfo")
"""What depmod goes by besides the modules themselves."""

EARLY = ("ext4", "overlay")
"""The modules that mount the root file system, whatever the card is behind."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Debian's package of the kernel, unpacked.

    Attributes:
        folder: Where.
        version: As in the names of its files.
    """

    folder: Path
    version: str

    @property
    def image(self) -> Path:
        """What is started."""
        return self.folder / f"boot/vmlinuz-{self.version}"

    @property
    def modules(self) -> Path:
        """The folder of its modules."""
        return self.folder / "usr/lib/modules" / self.version

    def device_tree(self, name: str) -> Path:
        """Give a device tree's file, by its name below the maker's folder.

        Raises:
            BuildError: There is none.
        """
        file = self.folder / f"usr/lib/linux-image-{self.version}" / name
        if not file.is_file():
            raise BuildError(f"Debian's kernel {self.version} has no device tree {name}.")
        return file


def unpack(package: Path, version: str, folder: Path) -> Kernel:
    """Unpack the kernel's package.

    Args:
        package: Its file.
        version: The kernel's.
        folder: Where it goes.
    """
    run("dpkg-deb", "--extract", package, folder)
    kernel = Kernel(folder, version)
    _index(folder, version)
    return kernel


def with_modules(kernel: Kernel, names: Iterable[str], folder: Path) -> None:
    """Copy modules to another root file system, with what they need, and index them there.

    Args:
        kernel: The kernel.
        names: The modules, as modprobe takes them. What is built into the kernel is there already.
        folder: The root file system.

    Raises:
        BuildError: There is no module of a name.
    """
    target = folder / "usr/lib/modules" / kernel.version
    target.mkdir(parents=True)
    for name in (*_INDEX, *closure(kernel.modules, names)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(kernel.modules / name, target / name)
    _index(folder, kernel.version)


def closure(modules: Path, names: Iterable[str]) -> list[str]:
    """Give the files of modules and of all that they need, sorted, as paths in their folder.

    Args:
        modules: The folder of a kernel's modules, indexed by depmod.
        names: The modules.

    Raises:
        BuildError: There is no module of a name.
    """
    needs = _needs(modules)
    files = {_plain(path): path for path in needs}
    built_in = {_plain(line) for line in _lines(modules / "modules.builtin")}
    wished = _wished(modules)
    chosen: set[str] = set()
    left = [_plain(name) for name in names]
    if unknown := sorted(name for name in left if name not in files and name not in built_in):
        raise BuildError(f"Debian's kernel has no module {', '.join(unknown)}.")
    while left:
        name = left.pop()
        if name in files and files[name] not in chosen:
            chosen.add(files[name])
            left += [_plain(path) for path in needs[files[name]]]
            left += wished.get(name, [])
    return sorted(chosen)


def initial_part(kernel: Kernel, names: Iterable[str], folder: Path, epoch_s: int) -> Path:
    """Make a board's part of the initial RAM file system: an archive (cpio) of modules.

    Args:
        kernel: The kernel.
        names: The modules.
        folder: Where to work.
        epoch_s: The time that everything in it has.
    """
    root = folder / "initial"
    with_modules(kernel, names, root)
    paths = sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_symlink())
    run("touch", "--no-dereference", f"--date=@{epoch_s}", *paths, cwd=root)
    file = folder / "initial.cpio"
    words = ["--quiet", "--create", "--format=newc", "--reproducible", "--owner=+0:+0", f"--file={file}"]
    run("cpio", *words, cwd=root, given="\n".join(paths) + "\n")
    return file


def joined(first: bytes, second: bytes) -> bytes:
    """Put one archive of an initial RAM file system behind another.

    What is not compressed begins at a multiple of 4 bytes, with zeros before it
    (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
    """
    return first + bytes(-len(first) % 4) + second


def _index(folder: Path, version: str) -> None:
    """Have depmod write what modprobe goes by. It looks in /lib, which is Debian's /usr/lib."""
    link = folder / "lib"
    if not link.exists():
        link.symlink_to("usr/lib")
    run("depmod", "--basedir", folder, version)


def _needs(modules: Path) -> dict[str, list[str]]:
    """Read which files each module's file needs (modules.dep(5))."""
    pairs = (line.split(":", 1) for line in _lines(modules / "modules.dep"))
    return {path: needed.split() for path, needed in pairs}


def _wished(modules: Path) -> dict[str, list[str]]:
    """Read which modules each wishes to be loaded with it, where they are there (modprobe.d(5), softdep)."""
    wished: dict[str, list[str]] = {}
    aliases = _aliases(modules)
    for line in _lines(modules / "modules.softdep"):
        if found := re.match(r"softdep (\S+) (.*)", line):
            words = [_plain(word) for word in found[2].split() if word not in {"pre:", "post:"}]
            named = chain.from_iterable(aliases.get(word, [word]) for word in words)
            wished.setdefault(_plain(found[1]), []).extend(named)
    return wished


def _aliases(modules: Path) -> dict[str, list[str]]:
    """Read which modules go by another name, as those that compute crc32c do."""
    aliases: dict[str, list[str]] = {}
    for line in _lines(modules / "modules.alias"):
        if found := re.fullmatch(r"alias (\S+) (\S+)", line):
            aliases.setdefault(_plain(found[1]), []).append(_plain(found[2]))
    return aliases


def _plain(name: str) -> str:
    """Give a module's name, of its file or in another spelling: modprobe takes dashes and underscores."""
    return Path(name).name.partition(".ko")[0].replace("-", "_")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
