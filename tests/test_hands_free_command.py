"""`saykey hands-free`, and what `saykey status` says of it, with a daemon that answers."""

from __future__ import annotations

import asyncio
import json

import pytest

from device.cli import main
from device.control import serving
from device.errors import ControlError
from tests.control import FakeHosts


class FakeDaemon:
    """A daemon of which nothing but hands-free is asked.

    Attributes:
        reason: Why it cannot be opened; empty when it can.
    """

    is_drive = is_muted = False

    def __init__(self):
        self.is_hands_free = False
        self.reason = ""

    def languages(self):
        return None

    def hands_free(self, *, on):
        if on and self.reason:
            raise ControlError(self.reason)
        self.is_hands_free = on


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))


@pytest.fixture
def daemon():
    return FakeDaemon()


async def called(*words, daemon):
    async with serving(FakeHosts(None), daemon=daemon):
        return await asyncio.to_thread(main, list(words))


async def test_it_is_opened_and_closed(daemon, capsys):
    assert await called("hands-free", "on", daemon=daemon) == 0
    assert daemon.is_hands_free
    assert capsys.readouterr().out == "The microphone is open: speak.\n"
    assert await called("hands-free", "off", daemon=daemon) == 0
    assert not daemon.is_hands_free
    assert capsys.readouterr().out == "Dictations begin by a press of the button.\n"


async def test_why_it_cannot_be_opened_is_said(daemon, capsys):
    daemon.reason = "the microphone is muted"
    assert await called("hands-free", "on", daemon=daemon) == 1
    assert "the microphone is muted" in capsys.readouterr().err


async def test_a_saykey_that_cannot_do_it_says_so(capsys):
    assert await called("hands-free", "on", daemon=None) == 1
    assert "only while its button is pressed" in capsys.readouterr().err


async def test_the_status_says_that_the_microphone_is_open(daemon, capsys):
    daemon.is_hands_free = True
    await called("status", daemon=daemon)
    assert "The microphone is open: dictations begin by themselves." in capsys.readouterr().out
    await called("status", "--json", daemon=daemon)
    assert json.loads(capsys.readouterr().out)["hands_free"] is True
