"""The kernel's GPIO chips: which there are, who uses a line, and claiming one. Through gpiod (libgpiod 2)."""

from __future__ import annotations

import errno
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from device.errors import PinError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpiod import EdgeEvent, LineSettings
    from gpiod.line import Value

    from device.hardware.pins import Pin

CONSUMER = "saykey"
"""What the kernel is told, and tells others, who uses a line."""

_EVENTS_KEPT = 64
"""A bouncing contact moves a few dozen times at most; the kernel forgets the oldest beyond that."""


class Request(Protocol):
    """Lines that are ours: what is used of `gpiod.LineRequest`."""

    @property
    def fd(self) -> int:
        """Give the descriptor that is readable when a line has moved."""

    def get_value(self, line: int) -> Value:
        """Give whether a line is active."""

    def set_value(self, line: int, value: Value) -> None:
        """Make a line active or not."""

    def read_edge_events(self) -> Sequence[EdgeEvent]:
        """Give how lines have moved."""

    def release(self) -> None:
        """Give the lines back."""


class Chips(Protocol):
    """The chips of this machine. All of these raise `OSError` as the kernel says."""

    def paths(self) -> list[str]:
        """Give the device file of each chip, such as "/dev/gpiochip0"."""

    def label(self, path: str) -> str:
        """Give what a chip's driver calls it, such as "pinctrl-bcm2711"."""

    def user(self, path: str, line: int) -> str:
        """Give who uses a line now; empty when nobody does."""

    def request(self, path: str, line: int, settings: LineSettings) -> Request:
        """Claim a line."""


class KernelChips:
    """The chips that the kernel has."""

    def __init__(self, dev: Path = Path("/dev")) -> None:
        self._dev = dev

    def paths(self) -> list[str]:
        """Give the device file of each chip."""
        return [str(path) for path in sorted(self._dev.glob("gpiochip*"))]

    def label(self, path: str) -> str:
        """Give what a chip's driver calls it."""
        import gpiod

        with gpiod.Chip(path) as chip:
            return chip.get_info().label

    def user(self, path: str, line: int) -> str:
        """Give who uses a line now."""
        import gpiod

        with gpiod.Chip(path) as chip:
            _within(chip.get_info().num_lines, line)
            info = chip.get_line_info(line)
            return (info.consumer or "the kernel") if info.used else ""

    def request(self, path: str, line: int, settings: LineSettings) -> Request:
        """Claim a line."""
        import gpiod

        with gpiod.Chip(path) as chip:
            _within(chip.get_info().num_lines, line)
            return chip.request_lines({line: settings}, consumer=CONSUMER, event_buffer_size=_EVENTS_KEPT)


def find(pin: Pin, chips: Chips) -> str:
    """Give the device file of a pin's chip.

    Raises:
        PinError: There is none, or we may not look.
    """
    for path in _in_question(pin, chips):
        try:
            if pin.chip == Path(path).name or fnmatchcase(chips.label(path), pin.chip):
                return path
        except OSError as error:
            raise refused(pin, path, error) from error
    raise PinError(
        f"{pin.name} is not on this board, which has no GPIO chip {pin.chip}; "
        "name the pin as the board's maker does, or by chip and line as gpioinfo shows it"
    )


def claim(pin: Pin, settings: LineSettings, chips: Chips) -> Request:
    """Make a pin ours.

    Raises:
        PinError: It is taken, is not there, or is not ours to use.
    """
    path = find(pin, chips)
    try:
        return chips.request(path, pin.line, settings)
    except OSError as error:
        raise refused(pin, path, error) from error


def refused(pin: Pin, path: str, error: OSError) -> PinError:
    """Give in words why a pin cannot be used."""
    if error.errno == errno.EBUSY:
        return PinError(f"{pin.name} is taken by another program or driver; gpioinfo says by which")
    if error.errno in (errno.EACCES, errno.EPERM):
        return PinError(
            f"this user may not use {path}, where {pin.name} is; "
            "run: sudo usermod -aG gpio $USER, and log in again"
        )
    if error.errno == errno.EINVAL:
        return PinError(f"{path} has no line {pin.line}, which {pin.name} would be; choose another pin")
    return PinError(f"{pin.name} cannot be used: {error.strerror}; see {path}")


def _in_question(pin: Pin, chips: Chips) -> Iterator[str]:
    """Give the chips that may be the pin's; by name, no other is opened."""
    for path in chips.paths():
        if not pin.chip.startswith("gpiochip") or pin.chip == Path(path).name:
            yield path


def _within(lines: int, line: int) -> None:
    if line >= lines:  # gpiod raises a ValueError, and looks only after the lock on some versions
        raise OSError(errno.EINVAL, "no such line")
