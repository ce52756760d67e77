from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from device.cli import main
from device.commands import model
from device.errors import ModelError
from device.models import hub
from device.models.store import Store
from tests import tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("command") / "whisper")


class Command:
    """`saykey model` on a store of its own."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "models")
        self.config = root / "saykey.toml"
        self.choose("")

    def choose(self, name: str) -> None:
        """Name a model in the settings."""
        self.config.write_text(f'[recognition]\nstore = "{self.store.root}"\nmodel = "{name}"\n')

    def __call__(self, *words: object) -> int:
        parser = argparse.ArgumentParser()
        model.configure(parser)
        arguments = parser.parse_args([str(word) for word in words])
        arguments.config = self.config
        return model.run(arguments)


@pytest.fixture
def command(tmp_path: Path, monkeypatch) -> Command:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))  # where no daemon runs
    return Command(tmp_path)


def test_a_model_is_fetched_listed_and_used(command: Command, folder: Path, capsys):
    assert command("fetch", "one", "--from", folder) == 0
    first = capsys.readouterr()
    assert "It is the model in use." in first.out
    assert "sha256 as it came is recorded" in first.out
    assert first.err == "", "progress is for terminals"
    assert command("fetch", "another", "--from", folder) == 0
    assert "saykey model use another" in capsys.readouterr().out
    assert command("use", "another") == 0
    assert command("list") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[:5] for line in lines] == [
        ["*", "another", "0", "MB", "int8"],
        ["one", "0", "MB", "int8", "from"],
    ]
    assert command("verify") == 0
    assert capsys.readouterr().out == "another is whole.\none is whole.\n"


def test_an_empty_store_says_what_to_do(command: Command, capsys):
    assert command("list") == 0
    assert "saykey model fetch tiny.en" in capsys.readouterr().out
    with pytest.raises(ModelError, match="No speech model is installed"):
        command("verify")


def test_damage_is_shown_and_fails(command: Command, folder: Path, capsys):
    for name in ("one", "two"):
        command("fetch", name, "--from", folder)
    (command.store.root / "one" / "tokenizer.json").write_text("{")
    capsys.readouterr()
    assert command("verify") == 1
    first, second = capsys.readouterr().out.splitlines()
    assert "tokenizer.json has 1 bytes instead of" in first
    assert "saykey model fetch one --force" in first
    assert second == "two is whole."
    assert command("verify", "two") == 0
    assert command("list") == 0
    assert "tokenizer.json is damaged" in capsys.readouterr().out
    with pytest.raises(ModelError, match="is damaged"):
        command("use", "one")


def test_a_choice_in_the_settings_goes_first(command: Command, folder: Path, capsys):
    for name in ("one", "two"):
        command("fetch", name, "--from", folder)
    command.choose("two")
    capsys.readouterr()
    assert command("use", "one") == 0
    assert "recognition.model in the settings is 'two'" in capsys.readouterr().out
    assert command("list") == 0
    assert "* two" in capsys.readouterr().out


def test_progress_is_shown_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for done in (0, 0.5, 1):
        model.show_progress("converting to int8", done)
    assert (
        capsys.readouterr().err
        == "\rconverting to int8 0% \rconverting to int8 50% \rconverting to int8 100% \n"
    )


def test_a_model_comes_from_the_hub_by_name(command: Command, folder: Path, capsys, monkeypatch):
    monkeypatch.setattr(hub, "download", lambda _name, target: Path(shutil.copytree(folder, target / "it")))
    assert command("fetch", "base.en") == 0
    assert "base.en from hub base.en" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["fetch"], ["use"], ["destroy"]])
def test_what_cannot_be_meant_is_a_usage_error(command: Command, words: list[str], capsys):
    with pytest.raises(SystemExit):
        command(*words)
    assert "usage:" in capsys.readouterr().err


def test_every_verb_takes_the_common_options_on_either_side(command: Command, capsys):
    config = str(command.config)
    for words in (["--config", config, "list"], ["list", "--config", config, "--verbose"]):
        assert main(["model", *words]) == 0
        assert "No speech model is installed" in capsys.readouterr().out
