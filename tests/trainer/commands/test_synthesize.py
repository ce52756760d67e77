"""`saykey-trainer synthesize`, with a program that says the same to everything."""

from __future__ import annotations

import sys

import pytest
import typer
from typer.testing import CliRunner

from trainer.commands.synthesize import synthesize
from trainer.dataset import load_manifest
from trainer.errors import DataError, MissingError
from trainer.synthesis import voices

app = typer.Typer()
app.command()(synthesize)

_FLITE = f"""#!{sys.executable} -SE
import sys, wave
with wave.open(sys.argv[sys.argv.index("-o") + 1], "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(16000)
    file.writeframes(bytes((0, 0, 0, 64)) * 4000)
"""


@pytest.fixture(autouse=True)
def only_flite(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("commands")
    (folder / "flite").write_text(_FLITE, encoding="utf-8")
    (folder / "flite").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(voices, "find_spec", lambda _name: None)
    return folder


@pytest.fixture
def words(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("Kovalchuk\nkubectl = cube control\n", encoding="utf-8")
    return file


def run(*args, **options):
    return CliRunner().invoke(app, [str(arg) for arg in args], **options)


def test_words_are_spoken(words, tmp_path):
    done = run(words, "--out", tmp_path / "out", "--per-word", 3, "--voice", "flite:slt")

    assert done.exit_code == 0, done.output
    assert "6 recordings by 1 voice" in done.output
    utterances = load_manifest(tmp_path / "out")
    assert {utterance.speaker for utterance in utterances} == {"flite:slt"}
    assert sum("kubectl" in utterance.text.casefold() for utterance in utterances) == 3


def test_sentences_are_spoken_without_words(tmp_path):
    (tmp_path / "letters.txt").write_text("Dear Anna,\n\n---\nall is  well.\n", encoding="utf-8")

    done = run("--sentences", tmp_path / "letters.txt", "--out", tmp_path / "out")

    assert done.exit_code == 0, done.output
    assert {each.text for each in load_manifest(tmp_path / "out")} == {"Dear Anna,", "all is well."}


def test_the_voices_are_listed():
    assert run("--list-voices").output.splitlines() == ["flite:slt", "flite:rms", "flite:awb", "flite:kal16"]


def test_a_wrong_call_says_what_to_give(words, tmp_path):
    for args in ([], [words], ["--out", tmp_path / "out"]):
        done = run(*args)
        assert done.exit_code == 2
        assert "--sentences" in done.output


def test_what_is_missing_or_wrong_is_named(words, only_flite, tmp_path):
    with pytest.raises(DataError, match=r"gone\.txt"):
        run("--sentences", tmp_path / "gone.txt", "--out", tmp_path / "out", catch_exceptions=False)
    with pytest.raises(DataError, match="no voice 'nobody'"):
        run(words, "--out", tmp_path / "out", "--voice", "nobody", catch_exceptions=False)
    (tmp_path / "letters.txt").write_text(200 * "word ")
    with pytest.raises(DataError, match="line 1: more than 200 characters"):
        run("--sentences", tmp_path / "letters.txt", "--out", tmp_path / "out", catch_exceptions=False)
    (only_flite / "flite").unlink()
    with pytest.raises(MissingError, match="apt install"):
        run(words, "--out", tmp_path / "out", catch_exceptions=False)
