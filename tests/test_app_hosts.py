"""The hosts as the daemon puts them together: what is missing of Bluetooth leaves the rest at work."""

from __future__ import annotations

import asyncio
import io
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from device import app, hosts
from device.app import bluetooth_of, board, check_start, targets_of
from device.control_requests import List, ask
from device.errors import ControlError, KeyboardError
from device.hardware import usb_keyboard
from device.keyboard.host import host_of
from device.keyboard.reports import ALL_UP
from device.running import _hosts_told
from device.settings import BluetoothSettings, KeyboardSettings, Settings
from device.simulation.scripted_button import ScriptedButton
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard

if TYPE_CHECKING:
    from pathlib import Path

    from device.events import Event

SETTINGS = Settings(bluetooth=BluetoothSettings(enabled=True))


class FakeMonitor:
    secure_connections = None
    is_open = False

    def start(self, _loop):
        self.is_open = True

    def close(self):
        self.is_open = False


@pytest.fixture(autouse=True)
def _no_bus(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))


def targets_in(folder: Path, monitor=None):
    paired, radio = bluetooth_of(SETTINGS, monitor)
    cable = VirtualKeyboard(VirtualHost.described_by(KeyboardSettings()))
    return targets_of(SETTINGS, cable, paired, radio, folder=folder), radio


async def test_without_a_bus_the_cable_is_typed_into_and_the_reason_is_told(tmp_path):
    targets, radio = targets_in(tmp_path)
    events: list[Event] = []
    async with _hosts_told(targets, radio, events.append):
        assert targets.host() == host_of(KeyboardSettings(), controls="\b")
        await targets.send(ALL_UP)
        async with asyncio.timeout(20):
            while "not ready" in radio.problem:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.01)
        assert "D-Bus" in radio.problem or "python3-gi" in radio.problem
        assert (await asyncio.to_thread(ask, List()))["hosts"][0]["name"] == "usb"
    targets.close()


async def test_without_a_place_for_the_control_socket_it_runs_all_the_same(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "no" / "such" / "folder"))
    targets, radio = targets_in(tmp_path)
    for told in (radio, None):
        async with _hosts_told(targets, told, lambda _: None):
            await targets.wait_until_ready()
            await targets.send(ALL_UP)
    targets.close()
    assert "cannot reach this Saykey" in caplog.text


async def test_two_do_not_run_at_once(tmp_path):
    targets, radio = targets_in(tmp_path)
    async with _hosts_told(targets, None, lambda _: None):
        with pytest.raises(ControlError, match="runs already"):
            async with _hosts_told(targets, radio, lambda _: None):
                pytest.fail("there are two")
    targets.close()


async def test_arrivals_are_watched_while_it_runs(tmp_path):
    monitor = FakeMonitor()
    targets, radio = targets_in(tmp_path, monitor)
    async with _hosts_told(targets, radio, lambda _: None):
        assert monitor.is_open
    assert not monitor.is_open
    targets.close()


async def test_a_controller_that_comes_after_the_daemon_began_is_used(tmp_path, monkeypatch):
    def find():
        if not there:
            raise KeyboardError("There is no USB device controller.")

    there: list[str] = []
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(usb_keyboard, "find", find)
    monkeypatch.setattr(hosts, "_LOOK_FOR_USB_EVERY_S", 0)
    monkeypatch.setattr(app, "_microphone", lambda *_: nullcontext())
    monkeypatch.setattr(app, "assemble", lambda _, **parts: parts)  # without a model
    parts, _ = app.board_parts(SETTINGS, ScriptedButton(), SilentIndicator())
    targets = parts["hosts"]
    assert targets.names() == []
    there.append("fe980000.usb")
    assert (targets.names(), targets.name) == (["usb"], "usb")
    targets.close()


def test_the_board_takes_no_settings_with_which_it_would_not_start():
    assert board(io.StringIO()).check_start is check_start
