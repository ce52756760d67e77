from __future__ import annotations

import argparse
import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from device.commands import demo
from device.demo import SENTENCE
from device.errors import ModelError
from device.keyboard.record import Record
from device.models.store import resolve
from device.ports import State
from device.settings import Settings
from device.simulation.stage import Scene
from device.speech.transcript import Transcript
from device.utterance import Utterance
from tests import tiny_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def no_config() -> argparse.Namespace:
    return argparse.Namespace(config=None)


@pytest.mark.model
def test_the_recording_arrives_at_the_virtual_host(no_config, capsys):
    try:
        resolve(Settings().recognition)
    except ModelError as error:
        pytest.skip(str(error))

    assert demo.run(no_config) == 0

    out = capsys.readouterr().out
    stages = [out.index(f" s  {state}") for state in ("listening", "typing")]
    assert stages == sorted(stages)
    typed = re.search(r"typing +(.*)", out)[1]
    received = re.search(r"The host received: (.*)", out)[1]
    assert typed == received
    assert demo._words(received) == demo._words(SENTENCE)
    assert re.search(r"characters +\d+ typed, 0 substituted, 0 refused", out)
    assert max(map(len, out.splitlines())) <= 80


def test_nothing_heard_is_said_and_fails(tmp_path: Path, monkeypatch, capsys):
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(8000), 16_000)
    monkeypatch.setattr(demo, "RECORDING", silence)
    folder = tiny_model.write(tmp_path / "whisper")
    config = tmp_path / "trial.toml"
    config.write_text(f'[recognition]\nmodel = "{folder}"\n')

    assert demo.run(argparse.Namespace(config=config)) == 1

    out = capsys.readouterr().out
    assert "nothing heard" in out
    assert "The host received nothing." in out
    assert "saykey doctor" in out


def test_without_a_model_it_says_what_to_do_and_nothing_else(tmp_path: Path, capsys):
    config = tmp_path / "trial.toml"
    config.write_text(f'[recognition]\nstore = "{tmp_path}"\n')
    with pytest.raises(ModelError, match="saykey model fetch"):
        demo.run(argparse.Namespace(config=config))
    assert capsys.readouterr().out == ""


def test_stages_begin_lines_and_rest_is_none():
    screen = io.StringIO()
    stages = demo.Stages(screen)
    for state in (State.IDLE, State.LISTENING, State.TYPING):
        stages.show(state)
    screen.write("Hello.")
    stages.show(State.ERROR, "2 characters cannot be typed")
    stages.show(State.IDLE)

    empty, *lines = screen.getvalue().split("\n")
    assert empty == ""
    assert [re.sub(r"^ +[\d.]+ s  ", "", line) for line in lines] == [
        "listening    the button is held while he speaks, in real time",
        "typing       Hello.",
        "error        2 characters cannot be typed",
    ]


def test_the_table_has_what_is_known():
    times_ms = {"release_to_text": 512.4, "release_to_first_key": 530.0, "release_to_last_key": 1200.0}
    record = Record(asked=10, typed=8, substituted=1, refused=1, times_ms=times_ms)
    transcript = Transcript((), 3.1, {"encode": 400.0, "decode": 80.0})
    scene = Scene(Utterance(1, 0.0, transcript, text="text", record=record), "text", 20)
    assert demo.table(scene, 3.1) == [
        "recording           3100 ms",
        "after the release of the button",
        "  text recognised    512 ms   encode 400 ms, decode 80 ms",
        "  first key          530 ms",
        "  last key          1200 ms   20 reports, 6 ms apart so that you can watch",
        "characters             8 typed, 1 substituted, 1 refused",
    ]


def test_the_table_leaves_out_what_did_not_happen():
    scene = Scene(Utterance(1, 0.0), "", 0)
    assert len(demo.table(scene, 3.1)) == 3


@pytest.mark.parametrize(
    ("received", "said"),
    [
        (SENTENCE, "to the letter"),
        ("and you always want to see it in the superlative degree", "These are the words that were read"),
        ("And you always want to see it in the super relative degree.", "That is not what was read"),
        ("", "received nothing"),
    ],
)
def test_the_verdict_is_honest(received: str, said: str):
    lines = demo.verdict(received)
    assert said in "\n".join(lines)
    if received:
        assert f"The host received: {received}" in lines
