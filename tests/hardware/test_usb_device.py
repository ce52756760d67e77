"""The device file and the controller's state, as files of the operating system."""

from __future__ import annotations

import asyncio
import os
import tty
from contextlib import closing
from pathlib import Path

import pytest

from device.errors import KeyboardError
from device.hardware.hid_device import HidDevice
from device.hardware.udc import CONFIGURED, SUSPENDED, UdcState
from device.keyboard.reports import ALL_UP, CAPS_LOCK_LED, Keystroke, report


class Line:
    """A terminal line in place of the device file: it can be full, and its other end can go."""

    def __init__(self) -> None:
        self.host, end = os.openpty()
        tty.setraw(end)
        self.path = Path(os.ttyname(end))
        self._end = end

    def fill(self, device: HidDevice) -> None:
        while device.write(ALL_UP):
            pass

    def drain(self) -> None:
        os.set_blocking(self.host, False)
        try:
            while os.read(self.host, 4096):
                pass
        except BlockingIOError:
            pass

    def hang_up(self) -> None:
        for descriptor in {self.host, self._end} - {-1}:
            os.close(descriptor)
        self.host = self._end = -1


@pytest.fixture
def line():
    made = Line()
    yield made
    made.hang_up()


def test_reports_go_to_the_host_and_lights_come_back(line: Line):
    pressed = report(Keystroke(0x04, 0x02))
    with closing(HidDevice(line.path)) as device:
        assert device.read_leds() is None
        assert device.write(pressed)
        assert os.read(line.host, 64) == pressed
        os.write(line.host, bytes((CAPS_LOCK_LED,)))
        assert device.read_leds() == CAPS_LOCK_LED
        assert device.read_leds() is None


async def test_a_full_line_takes_nothing_until_the_host_fetches(line: Line):
    with closing(HidDevice(line.path)) as device:
        assert device.is_idle()
        line.fill(device)
        waiting = asyncio.create_task(device.wait_until_idle(60))
        await asyncio.sleep(0)
        line.drain()
        await waiting
        assert device.is_idle()
        assert device.write(ALL_UP)


async def test_waiting_ends_after_its_time(line: Line):
    with closing(HidDevice(line.path)) as device:
        line.fill(device)
        await device.wait_until_idle(0.001)


async def test_waiting_can_be_cancelled(line: Line):
    with closing(HidDevice(line.path)) as device:
        line.fill(device)
        waiting = asyncio.create_task(device.wait_until_idle(60))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


def test_a_dead_line_is_an_error_to_write_and_no_light(line: Line):
    with closing(HidDevice(line.path)) as device:
        line.hang_up()
        assert device.read_leds() is None
        with pytest.raises(OSError, match="Input/output error"):
            device.write(ALL_UP)


def test_the_state_is_read_anew_each_time(tmp_path: Path):
    folder = tmp_path / "sys/class/udc/one"
    folder.mkdir(parents=True)
    (folder / "state").write_text("not attached\n")
    with UdcState("one", tmp_path) as state:
        assert state.look() == ("not attached", False)
        (folder / "state").write_text("configured\n")
        assert state.look() == (CONFIGURED, False)


def test_a_host_that_sleeps_may_be_told_in_a_file_of_its_own(tmp_path: Path):
    folder = tmp_path / "sys/class/udc/one"
    (folder / "device/gadget.0").mkdir(parents=True)
    (folder / "state").write_text("configured\n")
    (folder / "device/gadget.0/suspended").write_text("0\n")
    with UdcState("one", tmp_path) as state:
        assert state.look()[0] == CONFIGURED
        (folder / "device/gadget.0/suspended").write_text("1\n")
        assert state.look()[0] == SUSPENDED


def test_a_controller_that_is_not_there_is_explained(tmp_path: Path):
    with pytest.raises(KeyboardError, match="no USB device controller"):
        UdcState("one", tmp_path)
