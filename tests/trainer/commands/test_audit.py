from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from device.demo import RECORDING, SENTENCE
from trainer.commands.audit import audit
from trainer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer()
app.command()(audit)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recordings of two sentences, and one that is empty."""
    folder = tmp_path / "voice"
    folder.mkdir()
    sound, rate_hz = soundfile.read(RECORDING)
    soundfile.write(folder / "a.wav", sound, rate_hz)
    soundfile.write(folder / "b.wav", np.concatenate([sound[::-1], sound]), rate_hz)
    (folder / "c.wav").touch()
    for name, text in (
        ("a", SENTENCE),
        ("b", "The cat sat on the mat, as cats do everywhere."),
        ("c", "Nothing."),
    ):
        (folder / f"{name}.txt").write_text(text)
    return folder


def run(*arguments: str | Path):
    return CliRunner(env={"COLUMNS": "140", "NO_COLOR": "1", "TERM": "dumb"}).invoke(
        app, list(map(str, arguments))
    )


def test_what_is_wrong_is_printed_with_what_to_do(folder):
    done = run(folder, "--no-check-text")
    assert done.exit_code == 0
    assert "c.wav" in done.stdout
    assert "copy or record it again" in done.stdout
    assert "2 of 3 recordings can be used" in done.stdout


def test_what_can_be_used_is_written(folder, tmp_path):
    done = run(folder, "--no-check-text", "--out", tmp_path / "prepared", "--seed", "1")
    assert done.exit_code == 0
    assert len((tmp_path / "prepared/manifest.jsonl").read_text().splitlines()) == 2
    assert "audit.html" in done.stdout


def test_what_would_be_replaced_is_named_before_anything_is_heard(folder, monkeypatch):
    monkeypatch.setattr("trainer.data.audit.measure", None)
    done = run(folder, "--no-check-text", "--out", folder)
    assert isinstance(done.exception, DataError)
    assert "holds the recordings themselves" in str(done.exception)


def test_json_for_programs(folder, tmp_path):
    done = run(folder, "--no-check-text", "--json", "--out", tmp_path / "prepared", "--set", "voice")
    summary = json.loads(done.stdout)
    assert summary == json.loads((tmp_path / "prepared/audit.json").read_text())
    assert (summary["recordings"], summary["accepted"], summary["text_checked"]) == (3, 2, False)


def test_when_nothing_can_be_used_the_reasons_are_printed_before_the_error(folder, tmp_path):
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(b"RIFF")
    done = run(folder, "--no-check-text", "--out", tmp_path / "prepared")
    assert done.exit_code == 1
    assert isinstance(done.exception, DataError)
    assert all(name in done.stdout for name in ("a.wav", "b.wav", "c.wav"))
    assert not (tmp_path / "prepared").exists()


@pytest.mark.usefixtures("real_settings")
def test_the_stock_model_finds_the_wrong_text(folder):
    done = run(folder, "--json")
    kinds = {(finding["file"], finding["kind"]) for finding in json.loads(done.stdout)["findings"]}
    assert kinds >= {("b.wav", "mislabelled"), ("c.wav", "damaged")}
    assert not {("a.wav", "mislabelled"), ("a.wav", "no speech")} & kinds
