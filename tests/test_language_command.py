from __future__ import annotations

import asyncio
import json

import pytest

from device.cli import main
from device.control import serving
from device.languages import Languages
from device.settings import RecognitionSettings
from tests.control import FakeHosts


class FakeDaemon:
    """A daemon to which somebody speaks."""

    is_drive = is_muted = is_hands_free = False

    def __init__(self, **settings) -> None:
        self._spoken = Languages(RecognitionSettings(**settings))
        self.speak = self._spoken.use

    def heard(self, language: str) -> None:
        self._spoken.heard = language

    def languages(self):
        spoken = self._spoken
        return {"chosen": spoken.chosen, "heard": spoken.heard, "choices": list(spoken.choices)}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))


async def called(*words, daemon):
    async with serving(FakeHosts(None), None, daemon=daemon):
        return await asyncio.to_thread(main, list(words))


async def test_the_language_is_chosen_and_told(capsys):
    daemon = FakeDaemon(languages=["en", "de"])
    assert await called("language", daemon=daemon) == 0
    assert capsys.readouterr().out == "The language is en. Others: de.\n"
    assert await called("language", "de", daemon=daemon) == 0
    assert capsys.readouterr().out == "The language is de. Others: en.\n"


async def test_a_language_that_is_heard_is_told(capsys):
    daemon = FakeDaemon(language="auto", languages=["en", "de"])
    await called("language", daemon=daemon)
    assert capsys.readouterr().out == "The language is heard from what you say. Others: en, de.\n"
    daemon.heard("de")
    await called("status", daemon=daemon)
    told = "The language is heard from what you say; the last one was de. Others: en, de."
    assert told in capsys.readouterr().out.splitlines()


async def test_a_language_that_is_not_in_the_settings_is_refused_by_name(capsys):
    daemon = FakeDaemon(languages=["en", "de"])
    assert await called("language", "fr", daemon=daemon) == 1
    assert "the language 'fr' is none of en, de" in capsys.readouterr().err
    assert daemon.languages()["chosen"] == "en"


async def test_the_language_as_json(capsys):
    daemon = FakeDaemon(language="auto", languages=["de"])
    await called("language", "--json", daemon=daemon)
    told = {"chosen": "auto", "heard": "", "choices": ["auto", "de"]}
    assert json.loads(capsys.readouterr().out) == told
    await called("status", "--json", daemon=daemon)
    assert json.loads(capsys.readouterr().out)["language"] == told


def test_without_a_daemon_nothing_is_chosen(capsys):
    assert main(["language", "de"]) == 1
    assert "Saykey does not run" in capsys.readouterr().err
