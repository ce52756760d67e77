from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from device.errors import ModelError
from device.models.manifest import read_manifest
from tests import tiny_model
from tests.trainer.conversion.conftest import RECORD
from tests.trainer.reporting.made import evaluation
from trainer.commands.export import export
from trainer.errors import DataError
from trainer.evaluation.results import EVALUATION, save

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer()
app.command()(export)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("run") / "model").parent


def test_it_lists_what_it_wrote_and_says_what_to_do_next(run, tmp_path):
    out = tmp_path / "anna"
    result = CliRunner().invoke(app, [str(run), "--out", str(out), "--ggml", "f16"])
    assert result.exit_code == 0, result.output
    for name in ("model.bin", "saykey.json", "ggml-anna.bin"):
        assert name in result.stdout
    assert result.stdout.splitlines()[-1].endswith(f"saykey-trainer flash {out}")
    assert read_manifest(out).name == "anna"


def test_words_are_kept(run, tmp_path):
    (tmp_path / "words.txt").write_text("Kubernetes\n")
    command = [str(run), "--out", str(tmp_path / "out"), "--name", "mine", "--words", str(tmp_path / "none")]
    result = CliRunner().invoke(app, command)
    assert "none cannot be read" in str(result.exception)
    command[-1] = str(tmp_path / "words.txt")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert read_manifest(tmp_path / "out").name == "mine"


def test_what_was_measured_of_others_is_nothing_to_a_model_without_a_training(run, tmp_path):
    base = tmp_path / "work" / "base"
    shutil.copytree(run / "model", base)
    save(evaluation(), tmp_path / "work")
    result = CliRunner().invoke(app, [str(base), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert read_manifest(tmp_path / "out").training is None


def test_what_was_measured_of_the_model_is_in_it_from_the_first(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "model" / "training.json").write_text(json.dumps(RECORD | {"base_sha256": ""}))
    (tmp_path / "run" / EVALUATION).write_text("{")
    result = CliRunner().invoke(app, [str(tmp_path / "run"), "--out", str(tmp_path / "anna")])
    assert isinstance(result.exception, DataError)
    assert EVALUATION in str(result.exception)
    assert not (tmp_path / "anna").exists()


@pytest.mark.parametrize(
    ("option", "folder"), [(["--name", "a" * 56], "out"), (["--name", "my model"], "out"), ([], "b" * 56)]
)
def test_a_name_that_no_bundle_can_have_is_refused_before_anything_is_read(tmp_path, option, folder):
    result = CliRunner().invoke(app, [str(tmp_path / "none"), "--out", str(tmp_path / folder), *option])
    assert isinstance(result.exception, ModelError)
    assert "cannot be the name of a model" in str(result.exception)


def test_what_is_no_run_is_an_error_that_is_explained(tmp_path):
    result = CliRunner().invoke(app, [str(tmp_path), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, ModelError)
