"""The pins of buttons and LEDs, and the board's own LED: whether each is there, free, and ours to use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from device.boards.board import this_board
from device.doctor.finding import Finding, Verdict, fault, fault_of, ok, warning
from device.errors import PinError
from device.hardware.board_led import find as find_led
from device.hardware.gpio_chips import CONSUMER, KernelChips, find, refused
from device.hardware.pins import parse
from device.settings import BOARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.doctor.machine import Access
    from device.hardware.gpio_chips import Chips
    from device.hardware.pins import Pin
    from device.settings import GpioSettings

_OURS = (CONSUMER, "lg")
"""Who uses a line that Saykey uses: through gpiod it tells its name, through gpiozero's lgpio that one's."""


def pins(
    settings: GpioSettings, chips: Chips | None = None, root: Path = Path("/"), access: Access = os.access
) -> Iterator[Finding]:
    """Look at each pin that is set, without touching what is wired to it, and at the board's own LED."""
    chips = chips or KernelChips()
    named = {key: name for key, name in asdict(settings).items() if key != "active_high" and name}
    wired = {key: parse(name) for key, name in named.items() if name != BOARD}
    if "button" not in wired:
        names = [Path(path).name for path in chips.paths()]
        there = f"GPIO is there ({', '.join(names)})" if names else "no GPIO on this machine"
        yield ok(f"{there}; Space is the button of saykey run")
    for key, pin in wired.items():
        try:
            yield _finding(key, pin, chips)
        except PinError as error:
            found = fault_of(error)
            # Without its other buttons and its LED, it dictates all the same.
            verdict = Verdict.FAULT if key == "button" else Verdict.WARNING
            yield Finding(verdict, f"{key}: {found.found}", found.advice)
        except ImportError:
            yield fault(
                "the Python package gpiod is missing, so no pin can be looked at",
                "install saykey[hardware]",
            )
            return
    if settings.led == BOARD:
        yield from _own_led(root, access)


def _own_led(root: Path, access: Access) -> Iterator[Finding]:
    board = this_board(root)
    folder = find_led(board.own_leds, root) if board else None
    if folder is None:  # at a desk there is none, and none is missed
        return
    if all(access(folder / name, os.W_OK) for name in ("brightness", "trigger")):
        yield ok(f"led: the board's own, {folder.name}")
    else:
        yield warning(
            f"this user may not use the board's own LED, {folder.name}",
            "run Saykey as the service, for which systemd/udev/60-saykey.rules gives the right",
        )


def _finding(key: str, pin: Pin, chips: Chips) -> Finding:
    path = find(pin, chips)
    try:
        user = chips.user(path, pin.line)
    except OSError as error:
        raise refused(pin, path, error) from error
    if user and user not in _OURS:
        raise PinError(
            f"{pin.name} is taken by {user}; choose another pin, or turn off what takes it "
            "(dtparam and dtoverlay in config.txt on a Raspberry Pi)"
        )
    place = f"{key}: {pin.name}, line {pin.line} of {Path(path).name}"
    return ok(f"{place}, used by a Saykey that runs" if user else f"{place}, is free")
