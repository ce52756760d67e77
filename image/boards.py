"""What a board's file says about its image.

The device reads the same files by device/boards/board.py, which says what each key means; here only Python's
own library is needed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from image.errors import BuildError
from image.recipe import PROJECT

FOLDER = PROJECT / "device/boards"


@dataclass(frozen=True, slots=True)
class Closed:
    """A program of which there is no source: whoever builds an image gives its file.

    Attributes:
        name: Its file's, at its maker's.
        source: Where its maker has it.
        sha256: Of the file.
        version: Its maker's.
        licence: As an SPDX expression.
        file: What was given for it, and is it.
    """

    name: str
    source: str
    sha256: str
    version: str
    licence: str
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class BootLoader:
    """What is built from source and written before the first partition.

    Attributes:
        u_boot: U-Boot's configuration.
        platform: Trusted Firmware's name of the chip; empty where it has none.
        file: What the build of U-Boot gives.
        offset: Where it begins, in bytes.
        settings: U-Boot's that count besides those of every board, each a line of its configuration.
        closed: What it needs besides, of which there is no source.
    """

    u_boot: str
    platform: str
    file: str
    offset: int = 0
    settings: tuple[str, ...] = ()
    closed: Closed | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """A board that an image can be built for.

    Attributes:
        name: Its file's, without the ending.
        title: For people.
        console: The serial console, as the kernel takes it.
        device_trees: Files of the kernel's package.
        modules: Of the kernel.
        early_modules: Those of them that the card needs.
        boot_files: Of the package raspi-firmware; none where the board starts otherwise.
        firmware: Files that the kernel loads, of the package bluez-firmware.
        patches: What is set in the device trees: node, property and values.
        pins: Where buttons and coloured LEDs are, as the file proposes: settings and names of pins. A plain
            LED is not among them: the board's own serves.
        boot_loader: None where the board's own ROM reads the first partition.
    """

    name: str
    title: str
    console: str
    device_trees: tuple[str, ...]
    modules: tuple[str, ...]
    early_modules: tuple[str, ...]
    boot_files: tuple[str, ...]
    firmware: tuple[str, ...]
    patches: tuple[tuple[str, str, tuple[str | int, ...]], ...]
    pins: tuple[tuple[str, str], ...]
    boot_loader: BootLoader | None


def names() -> list[str]:
    """List the boards that an image can be built for."""
    return sorted(file.stem for file in FOLDER.glob("*.toml") if "image" in _read(file))


def board_of(name: str) -> Board:
    """Read a board's file.

    Args:
        name: The board's, or a file's: with the ending .toml.

    Raises:
        BuildError: There is no such board, or no image can be built for it.
    """
    file = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not file.is_file():
        near = get_close_matches(name, names(), 1)
        hint = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(names())}."
        raise BuildError(f"There is no board {name!r}: {hint}")
    read = _read(file)
    image = read.get("image")
    if image is None:
        raise BuildError(
            f"There is no image for the {read['name']}: use image/install.sh on its maker's system or "
            "Armbian."
        )
    try:
        return _board(file.stem, read, image)
    except KeyError as error:
        raise BuildError(f"{file} lacks the key {error} in [image].") from error


def _board(name: str, read: dict[str, Any], image: dict[str, Any]) -> Board:
    loader = image.get("boot_loader")
    return Board(
        name,
        read["name"],
        image["console"],
        tuple(image["device_trees"]),
        tuple(image["kernel_modules"]),
        tuple(image["early_modules"]),
        tuple(image["boot_files"]),
        tuple(image["firmware"]),
        tuple(_patches(read["usb"])) if "usb" in read else (),
        tuple((key, pin) for key, pin in read.get("gpio", {}).items() if key != "led"),
        _boot_loader(loader) if loader else None,
    )


def _boot_loader(read: dict[str, Any]) -> BootLoader:
    return BootLoader(
        read["u_boot"],
        read["trusted_firmware"],
        read["file"],
        read["offset_kib"] * 1024,
        tuple(read.get("u_boot_settings", ())),
        Closed(**read["closed"]) if "closed" in read else None,
    )


def _patches(usb: dict[str, Any]) -> list[tuple[str, str, tuple[str | int, ...]]]:
    """Give what is set at the USB controller's node: its role, and the rooms of its memory (dwc2.yaml)."""
    found: list[tuple[str, str, tuple[str | int, ...]]] = []
    if role := usb.get("set_dr_mode"):
        found.append((usb["node"], "dr_mode", (role,)))
    for key in ("g_rx_fifo_size", "g_np_tx_fifo_size", "g_tx_fifo_size"):
        if value := usb.get(key):
            cells = tuple(value) if isinstance(value, list) else (value,)
            found.append((usb["node"], key.replace("_", "-"), cells))
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BuildError(f"{file} cannot be read: {error}.") from error
