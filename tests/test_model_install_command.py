"""`saykey model install`, `rollback` and `remove`, and what `list` shows of them."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from device.commands import model
from device.control_requests import Reload
from device.errors import BundleError, ControlError, ModelError
from device.models.fetch import fetch
from device.models.install import install
from device.models.self_test import hear
from device.models.store import Store
from device.models.trust import Trust
from tests import tiny_model
from tests.bundles import public
from tests.models.flashing import packed, parts_of, passes, silent
from tests.saykey import saykey

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1.saykey and 2.saykey."""
    folder = tmp_path_factory.mktemp("bundles")
    store = Store(folder / "store")
    fetch(store, "anna", tiny_model.write(folder / "whisper"), silent)
    parts = parts_of(store.folder("anna"))
    (store.folder("anna") / "selftest.flac").write_bytes(parts["selftest.flac"])
    heard, _ = hear(store.folder("anna"), "selftest.flac")
    for number in (1, 2):
        (folder / f"{number}.saykey").write_bytes(packed(parts, number, heard))
    return folder


class Command:
    """`saykey model` on a store of its own, beside a daemon that may run."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "models")
        self.config = root / "saykey.toml"
        self.runs = False
        self.asked: list[object] = []
        self.choose("")

    def choose(self, name: str) -> None:
        """Name a model in the settings."""
        self.config.write_text(f'[recognition]\nstore = "{self.store.root}"\nmodel = "{name}"\n')

    def ask(self, request: object) -> dict[str, object]:
        if not self.runs:
            raise ControlError("Saykey does not run.")
        self.asked.append(request)
        return {}

    def __call__(self, *words: object) -> int:
        parser = argparse.ArgumentParser()
        model.configure(parser)
        arguments = parser.parse_args([str(word) for word in words])
        arguments.config = self.config
        return model.run(arguments)


@pytest.fixture
def command(tmp_path: Path, monkeypatch) -> Command:
    """A device that trusts its owner, and has a model of stock."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    made = Command(tmp_path)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(model, "ask", made.ask)
    monkeypatch.setattr(model, "install", partial(install, test=passes))
    Trust().trust(public())
    fetch(made.store, "stock", tiny_model.write(tmp_path / "whisper"), silent)
    return made


@contextmanager
def standard_input(content: bytes, monkeypatch):
    with io.TextIOWrapper(io.BytesIO(content)) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield


def marks(lines: str) -> list[tuple[str, str]]:
    """What `list` shows of each model: the mark and the notes."""
    return [(line[0], line.rpartition(" (")[2].removesuffix(")")) for line in lines.splitlines()]


def test_a_bundle_is_installed_listed_and_gone_back_from(command: Command, bundles: Path, capsys):
    assert command("install", bundles / "1.saykey") == 0
    told = capsys.readouterr()
    (name,) = command.store.flashed()
    assert f"{name} is in use from the next start of saykey on." in told.out
    assert "it understood its self-test" in told.out
    assert "To go back to stock, run: saykey model rollback" in told.out
    assert told.err == "", "progress is for terminals"
    assert command("list") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"* {name} ")
    assert first.endswith(" (flashed)")
    assert second.startswith("  stock ")
    assert second.endswith(" (previous)")
    assert command("rollback") == 0
    assert "stock is in use from the next start of saykey on." in capsys.readouterr().out
    command("list")
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(" (previous, flashed)")
    assert second.startswith("* stock ")


def test_a_bundle_may_come_by_standard_input(command: Command, bundles: Path, monkeypatch, capsys):
    with standard_input((bundles / "1.saykey").read_bytes(), monkeypatch):
        assert command("install", "-") == 0
    assert command.store.current() == command.store.flashed()[0]
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ModelError, match="Standard input is closed"):
        command("install", "-")


def test_what_is_in_use_already_is_no_error(command: Command, bundles: Path, capsys):
    command("install", bundles / "1.saykey")
    capsys.readouterr()
    assert command("install", bundles / "1.saykey") == 0
    assert "It was in use already." in capsys.readouterr().out
    assert command.store.previous() == "stock"


def test_a_running_daemon_goes_on_with_it(command: Command, bundles: Path, capsys):
    command.runs = True
    command("install", bundles / "1.saykey")
    assert "is in use from now on." in capsys.readouterr().out
    command("rollback")
    assert "stock is in use from now on." in capsys.readouterr().out
    assert command.asked == [Reload(), Reload()]


def test_a_choice_in_the_settings_goes_first(command: Command, bundles: Path, capsys):
    command.runs = True
    command.choose("stock")
    command("install", bundles / "1.saykey")
    assert "But recognition.model in the settings is 'stock'" in capsys.readouterr().out
    assert command.asked == []


def test_without_a_trusted_key_nothing_is_installed(command: Command, bundles: Path):
    Trust().forget()
    with pytest.raises(ModelError, match=r"trusts no key yet: .* saykey key trust KEY"):
        command("install", bundles / "1.saykey")


def test_a_file_that_cannot_be_read_is_named(command: Command, bundles: Path):
    with pytest.raises(ModelError, match=r"gone\.saykey cannot be read \(No such file"):
        command("install", bundles / "gone.saykey")
    with pytest.raises(BundleError, match="is no bundle"):
        command("install", command.store.root / "stock" / "model.bin")


def test_a_model_is_removed(command: Command, bundles: Path, capsys):
    command("install", bundles / "1.saykey")
    assert command("remove", "stock") == 0
    assert "stock is removed." in capsys.readouterr().out
    with pytest.raises(ModelError, match="no model to go back to"):
        command("rollback")
    with pytest.raises(ModelError, match="in use"):
        command("remove", command.store.current())


def test_the_model_that_the_settings_name_is_not_removed(command: Command, bundles: Path):
    command("install", bundles / "1.saykey")
    command.choose("stock")
    with pytest.raises(ModelError, match=r"'stock' is in use: take recognition\.model out"):
        command("remove", "stock")
    assert command.store.has("stock")


def test_models_that_the_settings_name_stay_when_others_are_installed(command: Command, bundles: Path):
    command("install", bundles / "1.saykey")
    first = command.store.current()
    command.store.use("stock")
    command.store.point_to("stock", "previous")
    with command.config.open("a") as settings:
        settings.write(f'models = ["stock", "{first}"]\n')
    command("install", bundles / "2.saykey")
    assert first in command.store.flashed()


@pytest.mark.parametrize("verb", [["use", "stock"], ["install", "1.saykey"], ["rollback"]])
def test_a_model_that_does_not_know_the_language_is_told(
    command: Command, bundles: Path, verb: list[str], capsys
):
    if verb == ["rollback"]:
        command("install", bundles / "1.saykey")
    with command.config.open("a") as settings:
        settings.write('language = "de"\n')
    capsys.readouterr()
    assert command(*(bundles / word if "." in word else word for word in verb)) == 0
    assert "But it cannot be used with the settings as they are: The model " in capsys.readouterr().out


@pytest.mark.parametrize("words", [["install"], ["remove"], ["install", "a", "b"]])
def test_what_cannot_be_meant_is_a_usage_error(command: Command, words: list[str], capsys):
    with pytest.raises(SystemExit):
        command(*words)
    assert "usage:" in capsys.readouterr().err


def test_the_real_command_takes_a_pipe(command: Command, bundles: Path, tmp_path: Path):
    """With nothing in the place of anything: the model is tried as well."""
    with (bundles / "2.saykey").open("rb") as stream:
        done = saykey("model", "install", "-", "--config", command.config, stdin=stream)
    assert (done.returncode, done.stderr) == (0, "")
    assert command.store.current() == command.store.flashed()[0]
