"""A board's card: its part of the root file system, its boot partition, and the disk."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image import boot, boot_loader, contents, filesystems, kernel
from image.bom import STATUS, Bill, Part, installed, unpacked
from image.contents import Entry, sha256_of
from image.disk import FAT32_LBA, LINUX, Partition, assemble
from image.filesystems import Name
from image.layer import new_layer
from image.programs import run
from image.progress import step
from image.recipe import (
    BOOT_MIB,
    DATA_MIB,
    EPOCH_S,
    HERE,
    LABELS,
    MODEL,
    PROJECT,
    UNPACKED,
    digest_of,
    digest_of_tree,
    listed,
)
from image.settings import first_settings
from image.system import INITRD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from image.boards import Board
    from image.debian import Base
    from image.kernel import Kernel
    from image.system import System

FIRST_SETTINGS = "usr/lib/saykey/saykey.toml"
"""The settings that a new device has: those of its board."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is written on a card.

    Attributes:
        disk: All of it.
        bill: What it is made of.
        entries: What is in it.
    """

    disk: Path
    bill: Bill
    entries: list[Entry]


def make_card(board: Board, base: Base, system: System, cache: Path, work: Path) -> Card:
    """Make a board's card.

    Args:
        board: The board.
        base: Debian's part.
        system: What all boards have.
        cache: The folder for what later builds use again.
        work: A folder to work in.

    Raises:
        BuildError: It cannot be made.
    """
    with step("the kernel, and the board's files"):
        linux = kernel.unpack(_kernel_package(base), base.kernel, work / "kernel")
        firmware = _firmware(board, base, work)
        layer = _layer(board, linux, firmware, work)
        folder = work / "boot"
        boot.fill(board, linux, _initrd(board, linux, system, work), firmware, folder)
    blobs = _boot_loader(board, cache)
    digest = digest_of([sha256_of(system.root), sha256_of(layer), digest_of_tree(folder)])
    with step("the partitions"):
        disk = make_disk(folder, [system.root, layer], blobs, digest, work)
    entries = contents.of_folder(folder, "/boot/firmware") + contents.of_layers([system.root, layer])
    return Card(disk, _bill(board, base, system, firmware, blobs), entries)


def make_disk(folder: Path, layers: list[Path], blobs: Mapping[int, Path], digest: str, work: Path) -> Path:
    """Make a disk of three partitions.

    Args:
        folder: What is on the first.
        layers: Archives of which the second is made.
        blobs: What lies before the first, by its offset in bytes.
        digest: Of all that goes into it: what the partitions are known by is made of that.
        work: A folder to work in.

    Raises:
        BuildError: Something does not fit.
    """
    files = {part: work / f"{part}.part" for part in LABELS}
    names = {part: Name.of(label, digest) for part, label in LABELS.items()}
    filesystems.fat32(files["boot"], folder, names["boot"], BOOT_MIB)
    left_out = [f"./{path}*" for path in contents.NOT_ON_DISK]
    filesystems.ext4_of(files["root"], layers, left_out, names["root"], work)
    filesystems.ext4(files["data"], names["data"], DATA_MIB)
    kinds = {"boot": FAT32_LBA, "root": LINUX, "data": LINUX}
    disk = work / "disk.img"
    assemble(disk, int(digest[:8], 16), [Partition(kinds[part], files[part]) for part in LABELS], blobs)
    return disk


def _kernel_package(base: Base) -> Path:
    return base.package(f"linux-image-{base.kernel}")


def _firmware(board: Board, base: Base, work: Path) -> Path:
    """Unpack what the board's own processors and radio run."""
    folder = work / "firmware"
    folder.mkdir()
    if board.boot_files or board.firmware:
        for name in UNPACKED:
            run("dpkg-deb", "--extract", base.package(name), folder)
    return folder


def _layer(board: Board, linux: Kernel, firmware: Path, work: Path) -> Path:
    """Make the board's part of the root file system."""
    modules = work / "modules"
    kernel.with_modules(linux, _modules(board), modules)
    file = work / "board.tar"
    with new_layer(file, EPOCH_S) as layer:
        layer.tree(modules / "usr", "usr")
        for name in board.firmware:
            layer.copy(firmware / "usr/lib/firmware" / name, f"usr/lib/firmware/{name}")
        for root in (linux.folder, firmware):
            for text in sorted(root.glob("usr/share/doc/*/copyright")):
                layer.copy(text, str(text.relative_to(root)))
        layer.file(FIRST_SETTINGS, first_settings(board).encode())
    return file


def _modules(board: Board) -> list[str]:
    return [*listed(HERE / "modules.txt"), *board.modules, *board.early_modules]


def _initrd(board: Board, linux: Kernel, system: System, work: Path) -> bytes:
    """Put the modules that the card needs behind what all boards have."""
    with tarfile.open(system.root) as archive:
        member = archive.extractfile(f"./{INITRD}")
        common = member.read() if member else b""
    part = kernel.initial_part(linux, [*kernel.EARLY, *board.early_modules], work, EPOCH_S)
    return kernel.joined(common, part.read_bytes())


def _boot_loader(board: Board, cache: Path) -> dict[int, Path]:
    if board.boot_loader is None:
        return {}
    with step("the boot loader"):
        blob = boot_loader.build(board.boot_loader, cache / "boot-loaders")
    return {board.boot_loader.offset: blob}


def _bill(board: Board, base: Base, system: System, firmware: Path, blobs: dict[int, Path]) -> Bill:
    copyrights = contents.texts(system.root, r"usr/share/doc/([^/]+)/copyright")
    status = contents.texts(system.root, f"({STATUS})")[STATUS]
    taken = [_kernel_package(base)]
    if board.boot_files or board.firmware:
        taken += [base.package(name) for name in UNPACKED]
    built = [
        Part(each.name, each.version, each.licence)
        for blob in blobs.values()
        for each in boot_loader.sources(blob)
    ]
    closed = board.boot_loader.closed if board.boot_loader else None
    return Bill(
        board.title,
        _version(),
        base.kernel,
        installed(status, copyrights),
        [_unpacked(package, firmware) for package in taken],
        list(system.wheels),
        MODEL,
        built,
        [Part(closed.name, closed.version, closed.licence, closed.sha256)] if closed else [],
    )


def _unpacked(package: Path, firmware: Path) -> Part:
    name = package.name.partition("_")[0]
    roots = (firmware, firmware.with_name("kernel"))
    texts = [file for root in roots if (file := root / f"usr/share/doc/{name}/copyright").is_file()]
    text = texts[0].read_text(encoding="utf-8", errors="replace") if texts else ""
    return unpacked(package, text, sha256_of(package))


def _version() -> str:
    """Give Saykey's version without importing it, which needs its libraries."""
    text = (PROJECT / "device/__init__.py").read_text(encoding="utf-8")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("__version__"))
