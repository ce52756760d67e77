from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING

import pytest

from device.commands import key
from device.errors import BundleError
from tests.bundles import OWNER, STRANGER, public

if TYPE_CHECKING:
    from pathlib import Path

OWNERS = public()


def call(*words: object) -> int:
    parser = argparse.ArgumentParser()
    key.configure(parser)
    return key.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture(autouse=True)
def device(tmp_path: Path, monkeypatch) -> Path:
    """Its state folder."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_key_is_trusted_shown_and_forgotten(capsys, tmp_path: Path):
    assert call("show") == 1
    said = capsys.readouterr()
    assert said.out == ""  # where a key would stand
    assert "No key is trusted yet: run saykey key trust KEY" in said.err
    assert call("trust", OWNERS.text) == 0
    assert capsys.readouterr().out == f"The models that {OWNERS.id} has signed are taken.\n"
    assert call("show") == 0
    assert capsys.readouterr().out.encode() == OWNERS.content
    assert call("forget") == 0
    assert "is forgotten" in capsys.readouterr().out
    assert call("forget") == 0
    assert "No key was trusted" in capsys.readouterr().out


def test_a_key_comes_from_a_file_or_standard_input(tmp_path: Path, monkeypatch, capsys):
    file = tmp_path / "owner.pub"
    file.write_bytes(OWNERS.content)
    assert call("trust", file) == 0
    call("forget")
    with io.TextIOWrapper(io.BytesIO(OWNERS.content)) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert call("trust", "-") == 0
    assert call("show") == 0
    assert OWNERS.text in capsys.readouterr().out


def test_another_key_is_refused_until_the_first_is_forgotten():
    call("trust", OWNERS.text)
    assert call("trust", OWNERS.text) == 0
    with pytest.raises(BundleError, match=f"belongs to {OWNERS.id}.*saykey key forget"):
        call("trust", public(STRANGER).text)
    call("forget")
    assert call("trust", public(STRANGER).text) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "owner.pub",
            r"'owner\.pub' is no key, and cannot be read as a file \(No such file",
        ),
        (OWNERS.text[:-1], "is no key, and cannot be read"),
        ("", "is no key, and cannot be read"),
        ("a\0b", "is no key, and cannot be read"),
    ],
)
def test_what_is_no_key_is_said(given: str, said: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=said):
        call("trust", given)


def test_a_secret_key_is_not_repeated():
    secret = bytes(OWNER.secret_key).splitlines()[1].decode()
    for given in (secret, secret[:-2]):
        with pytest.raises(BundleError) as refused:
            call("trust", given)
        assert secret[:20] not in str(refused.value)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path):
    (tmp_path / "big").write_bytes(b"x" * 1_000_000)
    with pytest.raises(BundleError, match="no public key"):
        call("trust", tmp_path / "big")


def test_where_standard_input_is_closed_it_says_so(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(BundleError, match="Standard input is closed"):
        call("trust", "-")


@pytest.mark.parametrize("words", [[], ["trust"], ["share"]])
def test_what_cannot_be_meant_is_a_usage_error(words: list[str], capsys):
    with pytest.raises(SystemExit):
        call(*words)
    assert "usage:" in capsys.readouterr().err
