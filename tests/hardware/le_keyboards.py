"""A Bluetooth keyboard at the desk, and patience for what becomes of its reports."""

from __future__ import annotations

import asyncio

import pytest

from device.errors import HostAwayError
from device.hardware.bluetooth_keyboard import BluetoothKeyboard
from device.keyboard.reports import Keystroke, report
from tests.hardware.le_hosts import Air, Computer

A, B = report(Keystroke(0x04)), report(Keystroke(0x05))


async def turns(number: int = 20) -> None:
    """Let whatever can happen, happen."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # what changes does not tell
            await asyncio.sleep(0)


def keyboard_in(air: Air, *, of: Computer | None) -> BluetoothKeyboard:
    made = air.keyboard = BluetoothKeyboard(air, air.monitor)
    made.use(of.address if of else None)
    return made


def begin(air: Air) -> tuple[BluetoothKeyboard, Computer]:
    """Give a keyboard and its host, which takes keys."""
    laptop = Computer(air, "laptop")
    keyboard = keyboard_in(air, of=laptop)
    laptop.come()
    return keyboard, laptop


def without_repeats(reports: list[bytes]) -> list[bytes]:
    return [each for each, before in zip(reports, [None, *reports], strict=False) if each != before]


async def fails(keyboard: BluetoothKeyboard, each: bytes, match: str | None = None) -> None:
    with pytest.raises(HostAwayError, match=match):
        await keyboard.send(each)
