from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from device.errors import ModelError, SaykeyError
from device.models.manifest import read_manifest
from tests import tiny_model
from tests.trainer.personalize.made import sentence, speech, write_folder
from trainer.commands.personalize import STOPPED, personalize
from trainer.dataset import load_manifest
from trainer.errors import DataError, MissingError, RecipeError
from trainer.evaluation.results import load
from trainer.personalize import prepare, steps
from trainer.reporting.verdict import Verdict
from trainer.training import finetune

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

app = typer.Typer()
app.command()(personalize)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that writes at random."""
    return tiny_model.write(tmp_path_factory.mktemp("base") / "whisper")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"set": "me", "text": sentence(index), "split": "test" if index > 8 else "train", "number": index}
        for index in range(11)
    ]
    rows += [
        {
            "set": "you",
            "text": sentence(index),
            "split": "test" if index > 102 else "train",
            "number": index - 89,
        }
        for index in range(100, 105)
    ]
    rows += [{"set": "fan", "text": "", "number": 16}]
    return write_folder(tmp_path / "speech", rows, speech)


def run(folder: Path, *arguments: str | Path) -> Result:
    words = [str(each) for each in (folder, "--out", folder.parent / "work", *arguments)]
    return CliRunner().invoke(app, words, env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})


def test_the_plan_is_shown_and_nothing_is_done(folder, base):
    done = run(folder, "--set", "me", "--base", base, "--plan")
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.stdout.splitlines()]
    names = ["stock", "data", "general", "finetune", "export", "conversions", "evaluate", "report"]
    assert [line[0] for line in lines if line][1:9] == names
    assert any(line[:3] == ["all", "of", "it"] for line in lines)
    assert "Mind: 8 recordings of 32 s together to learn from will hardly help" in done.stdout
    assert not (folder.parent / "work").exists()


@pytest.fixture
def _hears_what_the_list_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a model that writes at random, by which all texts were wrong."""

    def recogniser(_model: Path):
        return lambda file: next(
            each.text for each in load_manifest(file.parent.parent) if each.path.samefile(file)
        )

    monkeypatch.setattr(prepare, "_recogniser", recogniser)


@pytest.mark.usefixtures("_hears_what_the_list_says")
def test_from_a_folder_to_a_verdict_though_it_is_interrupted(folder, base, monkeypatch):
    work = folder.parent / "work"
    changes = ("epochs=1", "blends=[1.0]", "timestamps_share=0")  # it has no tokens for times
    tuned = [word for change in changes for word in ("--tune", change)]
    options = ("--set", "me", "--base", base, *tuned, "--name", "anna", "--yes")
    with monkeypatch.context() as patch:

        def interrupted(*_arguments, **_options):
            raise KeyboardInterrupt

        patch.setattr(finetune, "finetune", interrupted)
        stopped = run(folder, *options)
    assert stopped.exit_code == STOPPED
    assert "The same command goes on where this one was" in stopped.stderr
    assert set(steps.read(work)) == {"stock", "data", "general"}

    done = run(folder, *options)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "1 of 8: Convert the stock model: done before" in done.stdout
    verdict = json.loads((work / "verdict.json").read_text())
    assert verdict["sentences"][-1] in done.stdout
    assert verdict["flash"] is False
    assert f"saykey-trainer report {work}" in done.stdout
    assert "saykey-trainer flash" not in done.stdout
    assert "<html" in (work / "report.html").read_text()
    training = read_manifest(work / "export" / "anna").training
    assert training is not None
    assert "stock me" in training.metrics
    found = load(work)
    assert [model.name for model in found.models] == ["stock", "tuned", "tuned float16", "tuned int8_float32"]
    assert {result.role for result in found.results} == {"personal", "general", "silence"}
    assert {result.reference for result in found.results} == {*map(sentence, (9, 10, 103, 104)), ""}

    again = run(folder, *options)
    assert again.exit_code == 0
    assert again.stdout.count("done before") == 8
    assert verdict["sentences"][-1] in again.stdout

    planned = run(folder, *options, "--plan")
    assert planned.exit_code == 0
    assert "All of it is done.\n" in planned.stdout
    assert verdict["sentences"][-1] in planned.stdout
    assert str(work / "report.html") in planned.stdout
    assert "done before" not in planned.stdout

    better = Verdict(better=True, flash=True, sentences=("Flash it.",))
    monkeypatch.setattr("trainer.reporting.verdict.verdict", lambda _found: better)
    told = run(folder, *options).stdout.replace("\n", "")
    assert f"saykey-trainer flash {work / 'export' / 'anna'}" in told


def test_what_is_wrong_is_said_before_anything_is_done(folder, base, tmp_path, monkeypatch):
    (tmp_path / "words.txt").write_text("\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain.toml").write_text("epochs = 1\n")
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    for arguments, error, message in (
        ((), DataError, r"several sets: say with --set which is yours; there are me \(11\), you \(5\)"),
        (("--set", "fan"), DataError, "no recordings with text in a set fan"),
        (("--set", "you"), DataError, "has 3 recordings to learn from: 5 are the least"),
        (("--set", "me", "--words", tmp_path / "words.txt"), DataError, "has no words"),
        (("--set", "me", "--general", tmp_path / "none"), DataError, "none is no folder"),
        (("--set", "me", "--noise", tmp_path / "empty"), DataError, "has no sound files"),
        (("--set", "me", "--base", tmp_path / "empty"), ModelError, "no model"),
        (("--set", "me", "--recipe", "none"), RecipeError, "no recipe 'none'"),
        (("--set", "me", "--noise", folder, "--recipe", tmp_path / "plain.toml"), RecipeError, "would take"),
        (("--set", "me", "--tune", "precision=float16"), RecipeError, "needs an NVIDIA GPU"),
        (("--set", "me", "--recipe", "qlora"), MissingError, "pip install bitsandbytes"),
        (("--set", "me", "--tune", "epoch=3"), RecipeError, "did you mean epochs"),
        (("--set", "me", "--name", "a/b"), ModelError, "cannot be the name of a model"),
        (("--set", "me", "--out", tmp_path / "full"), DataError, "holds something else"),
    ):
        done = run(folder, "--base", base, "--yes", *arguments)
        assert isinstance(done.exception, SaykeyError), (arguments, done.output)
        with pytest.raises(error, match=message):
            raise done.exception
        assert done.stdout == ""
    assert not (tmp_path / "work").exists()


def test_the_command_is_there_at_once():
    heavy = {"ctranslate2", "jiwer", "numpy", "soundfile", "torch", "transformers"}
    script = f"import sys, trainer.commands.personalize; print(*({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
