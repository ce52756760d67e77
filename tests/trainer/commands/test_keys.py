from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from device.models.signature import PublicKey
from trainer.cli import app
from trainer.errors import OwnerKeyError
from trainer.flashing import keys

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keys, "_OPSLIMIT", 1 << 15)
    monkeypatch.setattr(keys, "_MEMLIMIT", 1 << 24)
    return tmp_path / "saykey"


def call(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def test_a_pair_without_a_password_is_made_and_shown(home):
    made = call("keys", "new", typed="\n")
    assert made.exit_code == 0, made.output
    assert "Password" not in made.output  # there is no terminal that could ask
    shown = call("keys", "show")
    assert shown.stdout.encode() == (home / "owner.pub").read_bytes()
    assert PublicKey.parse(shown.stdout.encode()).id in made.stderr
    keys.secret_key(home, lambda: "").sign(b"content")


def test_a_password_comes_through_a_pipe(home):
    assert call("keys", "new", typed="horse\n").exit_code == 0
    with pytest.raises(OwnerKeyError, match="another password"):
        keys.secret_key(home, lambda: "house")
    keys.secret_key(home, lambda: "horse")


def test_a_key_that_is_there_stays_before_anything_is_asked(home):
    assert call("keys", "new", typed="\n\n").exit_code == 0
    before = (home / "owner.key").read_bytes()
    again = call("keys", "new")
    assert isinstance(again.exception, OwnerKeyError)
    assert "Password" not in again.output
    assert (home / "owner.key").read_bytes() == before


def test_without_a_password_or_a_terminal_nothing_is_made(home):
    refused = call("keys", "new")
    assert isinstance(refused.exception, OwnerKeyError)
    assert "give it as a line of standard input" in str(refused.exception)
    assert not home.exists()


def test_there_is_nothing_to_show_before():
    assert isinstance(call("keys", "show").exception, OwnerKeyError)


def test_other_verbs_are_a_wrong_call():
    assert call("keys", "lend").exit_code == 2
