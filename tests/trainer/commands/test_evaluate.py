from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from device.demo import RECORDING, SENTENCE
from device.errors import SaykeyError
from device.models.store import resolve
from trainer.commands.evaluate import evaluate
from trainer.evaluation.results import Evaluation, load

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One recording to test with, one to train with, one without speech."""
    soundfile.write(tmp_path / "nothing.wav", np.zeros(16_000), 16_000)
    rows = [
        {"id": "1", "audio": str(RECORDING), "text": SENTENCE, "set": "mine", "split": "test"},
        {"id": "2", "audio": "nothing.wav", "text": "", "set": "silence"},
        {"id": "3", "audio": str(RECORDING), "text": SENTENCE, "set": "mine", "split": "train"},
    ]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "tiny.toml").write_text('[recognition]\nmodel = "tiny.en"\n')
    return tmp_path


def run(folder: Path, *arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(evaluate)
    words = [str(each) for each in (folder, "--config", folder / "tiny.toml", *arguments)]
    return CliRunner().invoke(app, words, env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})


@pytest.mark.usefixtures("real_settings")
def test_tables_are_printed_and_the_bar_goes_elsewhere(folder):
    done = run(folder, "--no-tiers")
    assert done.exit_code == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert next(line for line in lines if line[:1] == ["mine"])[:3] == ["mine", "stock", "1"]
    assert next(line for line in lines if line[:1] == ["silence"]) == ["silence", "stock", "1", "0"]
    assert "Recognising" in done.stderr
    assert "Recognising" not in done.stdout


def test_a_tuned_model_is_set_beside_stock_and_all_of_it_kept(folder, real_settings):
    stock = resolve(real_settings.recognition)
    (folder / "words.txt").write_text(f"{SENTENCE.split()[0]}\n")
    soundfile.write(folder / "fan.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    options = ("--model", stock, "--also", "tiny.en", "--words", folder / "words.txt", "--noise", folder)
    done = run(folder, *options, "--out", folder / "new" / "work", "--json")
    assert done.exit_code == 0, done.stderr
    found = msgspec.json.decode(done.stdout, type=Evaluation)
    assert found == load(folder / "new" / "work")
    assert [model.name for model in found.models] == ["stock", "tuned", "tuned int8"]
    assert {result.id for result in found.results} == {"1", "2"}
    assert {score.tier for score in found.scores} == {"clean", "20", "10", "5"}
    assert {comparison.p for comparison in found.comparisons} == {1}
    assert [word.of for word in found.words] == [1, 1, 1]


@pytest.mark.usefixtures("real_settings")
def test_names_that_are_no_unicode_are_spelled_out(folder, monkeypatch):
    given = []
    monkeypatch.setattr(
        "trainer.evaluation.evaluate.evaluate", lambda _, heard, *__, **___: given.extend(heard)
    )
    rows = [{"id": "gr\udcfcn", "audio": str(RECORDING), "text": SENTENCE, "set": "\udcfc"}]
    (folder / "manifest.jsonl").write_text(json.dumps(rows[0]))
    run(folder)
    assert [(each.id, each.set) for each in given] == [(r"gr\udcfcn", r"\udcfc")]


def test_a_set_a_split_and_a_baseline_can_be_named(folder):
    done = run(folder, "--set", "mine", "--split", "all", "--no-tiers", "--against", "tiny.en", "--json")
    found = msgspec.json.decode(done.stdout, type=Evaluation)
    assert [result.id for result in found.results] == ["1", "3"]
    assert [model.name for model in found.models] == ["tiny.en"]


def test_the_baseline_may_be_called_tuned(folder, real_settings):
    old = folder / "v1" / "tuned"
    shutil.copytree(resolve(real_settings.recognition), old)
    done = run(folder, "--no-tiers", "--against", old, "--model", "tiny.en", "--json")
    found = msgspec.json.decode(done.stdout, type=Evaluation)
    assert [model.name for model in found.models] == [str(old), "tuned"]
    assert len(found.comparisons) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "song"), "there is no set 'song'; there are mine"),
        (("--personal", "me"), "there is no set 'me'; there are mine"),
        (("--split", "validation"), "no recording for --split validation"),
        (("--noise", "empty"), "empty has no sound files: name a folder with noise"),
        (("--out", "manifest.jsonl"), "manifest.jsonl cannot be written"),
        (("--words", "none.txt"), "none.txt cannot be read"),
        (("--model", "./gone"), "gone is not there"),
        (("--config", "missing.toml"), "missing.toml cannot be read"),
    ],
)
def test_what_is_wrong_is_explained_before_anything_is_measured(
    folder, real_settings, monkeypatch, arguments, message
):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    done = run(folder, *arguments)
    assert isinstance(done.exception, SaykeyError)
    assert done.stdout == ""
    with pytest.raises(SaykeyError, match=message):
        raise done.exception


def test_the_command_is_there_at_once():
    heavy = {"ctranslate2", "jiwer", "numpy", "torch", "transformers"}
    script = f"import sys, trainer.commands.evaluate; print(*({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
