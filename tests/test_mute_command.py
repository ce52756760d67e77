"""`saykey mute` and `saykey status`, with a daemon that answers."""

from __future__ import annotations

import asyncio
import json

import pytest

from device.cli import main
from device.control import serving
from device.control_requests import Mute, ask
from device.errors import HostError
from device.pairing import BondedHost
from tests.control import FakeBonds, FakeHosts


class FakeDaemon:
    """A daemon of which nothing but the mute is asked."""

    is_drive = is_hands_free = False

    def __init__(self):
        self.is_muted = False
        self.asked = []

    def languages(self):
        return None

    async def mute(self, *, on):
        await asyncio.sleep(0)
        self.asked.append(on)
        self.is_muted = on


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))


@pytest.fixture
def daemon():
    return FakeDaemon()


async def called(*words, daemon, hosts=None, bonds=None):
    async with serving(hosts or FakeHosts(bonds), bonds, daemon=daemon):
        return await asyncio.to_thread(main, list(words))


async def test_it_answers_when_the_microphone_is_closed(daemon, capsys):
    assert await called("mute", "on", daemon=daemon) == 0
    assert capsys.readouterr().out == "The microphone is closed.\n"
    assert await called("mute", "off", daemon=daemon) == 0
    assert capsys.readouterr().out == "The microphone is not muted.\n"
    assert daemon.asked == [True, False]


async def test_a_daemon_that_cannot_be_muted_says_so():
    async with serving(FakeHosts(None)):
        with pytest.raises(HostError, match="cannot be muted"):
            await asyncio.to_thread(ask, Mute(on=True))


def test_without_a_daemon_nothing_is_muted(capsys):
    assert main(["mute", "on"]) == 1
    assert "Saykey does not run" in capsys.readouterr().err


async def test_the_status_says_who_receives_the_text_and_whether_it_hears(daemon, capsys):
    bonds = FakeBonds(BondedHost("Laptop", "5C:F3:70:00:00:01", is_connected=True))
    assert await called("status", daemon=daemon, bonds=bonds) == 0
    assert capsys.readouterr().out.splitlines() == [
        "What you say is typed into usb.",
        "Others: Laptop.",
        "The microphone is not muted.",
        "Bluetooth is on; computers see Saykey.",
    ]
    daemon.is_muted = True
    assert await called("status", daemon=daemon) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["The microphone is muted.", "Bluetooth is off."]


async def test_the_status_says_what_is_wrong_with_bluetooth(daemon, capsys):
    bonds = FakeBonds()
    bonds.problem = "it is blocked; run: rfkill unblock bluetooth"
    await called("status", daemon=daemon, bonds=bonds)
    assert "Bluetooth: it is blocked; run: rfkill unblock bluetooth" in capsys.readouterr().out


async def test_the_status_of_a_drive(daemon, capsys):
    daemon.is_drive = True
    await called("status", daemon=daemon)
    assert capsys.readouterr().out.startswith("Saykey is a drive now, and hears and types nothing.\n")


async def test_the_status_as_json(daemon, capsys):
    daemon.is_muted = True
    await called("status", "--json", daemon=daemon)
    assert json.loads(capsys.readouterr().out) == {
        "name": "usb", "hosts": ["usb"], "bluetooth": None, "drive": False, "muted": True,
        "hands_free": False,
        "language": None,
    }  # fmt: skip
