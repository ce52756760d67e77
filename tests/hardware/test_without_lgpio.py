"""A Raspberry Pi with Debian 13, which has no lgpio: gpiod does it all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from gpiozero import Device

from device.errors import PinError
from device.settings import GpioSettings
from device.wired import button_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "sys/firmware/devicetree/base/compatible"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"raspberrypi,4-model-b\0brcm,bcm2711\0")
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setitem(sys.modules, "lgpio", None)
    return tmp_path


def test_the_kernel_is_asked_for_the_chip_without_gpiozero(root: Path):
    with pytest.raises(PinError, match="GPIO17 is not on this board"):
        button_of(GpioSettings(button="GPIO17"), root)().is_held()
