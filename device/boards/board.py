"""The files of the boards: what is in them, and which of them is this one's."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from device.boards.header import Header, header_named
from device.errors import SettingsError
from device.settings import GpioSettings  # noqa: TC001  msgspec asks for it when it reads

FOLDER = Path(__file__).parent

Role = Literal["host", "peripheral", "otg"]
"""What the kernel's device tree lets a USB controller be (usb-drd.yaml, `dr_mode`)."""

_Count = Annotated[int, msgspec.Meta(ge=1)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a board's file. Unknown keys are refused."""


class Usb(_Part, frozen=True):
    """How the board is a USB device.

    Attributes:
        socket: Which socket, for people.
        cable: Which cable, for people.
        driver: The kernel's module that drives the controller.
        node: The controller's node in the device tree; empty where Debian's tree has none.
        dr_mode: What that tree lets it be; empty where there is none.
        set_dr_mode: What the card image sets instead; empty where the tree suits.
        g_rx_fifo_size: What it sets besides, where the tree lacks it: the controller's room for what is
            received, in words of 4 bytes (dwc2.yaml).
        g_np_tx_fifo_size: The same for what is sent when asked for.
        g_tx_fifo_size: The same for each endpoint that sends at intervals.
    """

    socket: str
    cable: str
    driver: str
    node: str
    dr_mode: Role | Literal[""]
    set_dr_mode: Role | Literal[""] = ""
    g_rx_fifo_size: int = 0
    g_np_tx_fifo_size: int = 0
    g_tx_fifo_size: tuple[int, ...] = ()


class Audio(_Part, frozen=True):
    """Where a microphone can be connected.

    Attributes:
        usb: The socket for a USB microphone, for people; empty where there is none left.
        i2s: The pins of a microphone hat's sound; none where Debian's kernel cannot use them.
        i2c: The pins by which such a hat, or a display, is controlled.
    """

    usb: str
    i2s: tuple[str, ...]
    i2c: tuple[str, ...]


class Price(_Part, frozen=True):
    """What the board costs, without tax and shipping.

    Attributes:
        of: What is bought: the smallest that serves, for people.
        usd: What it costs, in US dollars.
        basis: How that is known, and of when: "announced October 2021", by its maker, or "estimate, ...".
        besides: What this board needs besides what every one needs, by names of parts/parts.toml.
    """

    of: str
    usd: float
    basis: str
    besides: tuple[str, ...] = ()


class Closed(_Part, frozen=True):
    """A program that a boot loader needs, and of which there is no source.

    Attributes:
        name: Its file's.
        source: Where its maker has it, for people.
        sha256: Of the file.
        version: Its maker's.
        licence: As an SPDX expression.
    """

    name: str
    source: str
    sha256: str
    version: str
    licence: str


class BootLoader(_Part, frozen=True):
    """What is written before the card's first partition, where the board starts from there.

    Attributes:
        u_boot: U-Boot's configuration.
        trusted_firmware: Trusted Firmware's platform.
        file: What the build of U-Boot gives.
        offset_kib: Where on the card that begins.
        u_boot_settings: What counts besides that configuration and what every board has.
        closed: What it needs of which there is no source; none where all of it has one.
    """

    u_boot: str
    trusted_firmware: str
    file: str
    offset_kib: _Count
    u_boot_settings: tuple[str, ...] = ()
    closed: Closed | None = None


class Image(_Part, frozen=True):
    """What the card image needs for this board.

    Attributes:
        console: The serial console, as the kernel takes it: name and baud.
        device_trees: Files below /usr/lib/linux-image-*.
        kernel_modules: Names for modprobe.
        early_modules: Those of them without which the card cannot be read.
        boot_files: Of /usr/lib/raspi-firmware.
        firmware: Files below /usr/lib/firmware.
        boot_loader: None where the board's own ROM reads the first partition.
    """

    console: str
    device_trees: tuple[str, ...]
    kernel_modules: tuple[str, ...]
    early_modules: tuple[str, ...]
    boot_files: tuple[str, ...]
    firmware: tuple[str, ...]
    boot_loader: BootLoader | None = None


class Board(_Part, frozen=True):
    """A board, or several that differ in nothing that matters here.

    Attributes:
        name: For people.
        compatible: What the device tree calls it, its first name, one for each.
        header: The name of its header's file, without the ending.
        cores: How many there are.
        memory_mb: The memory of the smallest that is sold, in MB.
        default_model: The speech model of the card image.
        own_leds: The LEDs on the board itself, as in /sys/class/leds; the first that is there is used.
        bluetooth: Whether it has a radio that Debian's kernel drives.
        gpio: Which pins are proposed for buttons and LEDs.
        usb: How it is a USB device.
        audio: Where a microphone can be connected.
        price: What it costs.
        pull_up: Where the resistor is that holds a button's pin high: in the chip, or soldered to the button.
        image: What the card image needs; none where there is no image.
    """

    name: str
    compatible: tuple[str, ...]
    header: str
    cores: _Count
    memory_mb: _Count
    default_model: str
    own_leds: tuple[str, ...]
    bluetooth: bool
    gpio: GpioSettings
    usb: Usb
    audio: Audio
    price: Price
    pull_up: Literal["internal", "external"] = "internal"
    image: Image | None = None

    @property
    def pins(self) -> Header:
        """Its header."""
        return header_named(self.header)


def boards() -> list[str]:
    """List the boards: the names of their files, without the ending."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


@cache
def board_named(name: str) -> Board:
    """Read a board's file.

    Raises:
        SettingsError: There is none of that name.
    """
    if name not in boards():
        raise SettingsError(f"There is no board {name!r}: it is one of {', '.join(boards())}.")
    return msgspec.toml.decode((FOLDER / f"{name}.toml").read_bytes(), type=Board)


def this_board(root: Path = Path("/")) -> Board | None:
    """Give the board that this program runs on, as its device tree says; none if it is no known one.

    Args:
        root: Where the machine's file system begins.
    """
    try:
        names = (root / "proc/device-tree/compatible").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    every = map(board_named, boards())
    return next((board for board in every if set(board.compatible) & set(names)), None)
