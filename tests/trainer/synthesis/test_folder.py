"""The folder that synthesis writes."""

from __future__ import annotations

import errno
import hashlib
import json
import subprocess
import sys

import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.dataset import load_manifest
from trainer.errors import DataError
from trainer.synthesis import folder as writing
from trainer.synthesis.folder import synthesize
from trainer.synthesis.programs import ProgramError
from trainer.synthesis.voices import Voice
from trainer.words import Word

WORDS = [Word("Kovalchuk"), Word("kubectl", "cube control")]


@pytest.fixture
def voices(programs):
    return [Voice("piper", str(programs.voice)), Voice("espeak-ng", "en-us"), Voice("flite", "slt")]


def test_it_is_a_prepared_folder(programs, voices, tmp_path):
    told = []

    count = synthesize(
        WORDS, tmp_path / "out", voices=voices, per_word=5, seed=1, report=lambda *call: told.append(call)
    )

    utterances = load_manifest(tmp_path / "out")
    assert count == len(utterances) == 10
    assert all(utterance.synthetic and utterance.set == "synthetic" for utterance in utterances)
    assert {utterance.speaker for utterance in utterances} == {voice.label for voice in voices}
    assert {utterance.split for utterance in utterances} <= {"train", "validation"}
    assert told[-1] == ("Speaking", 1.0)
    assert len({utterance.id for utterance in utterances}) == 10
    assert any("cube control" in said[2] for said in programs.said())
    assert not any("cube" in utterance.text for utterance in utterances)
    rows = (tmp_path / "out/manifest.jsonl").read_text(encoding="utf-8").splitlines()
    for utterance, row in zip(utterances, map(json.loads, rows), strict=True):
        samples, rate_hz = soundfile.read(utterance.path, dtype="int16")
        assert rate_hz == SAMPLE_RATE_HZ
        assert samples.ndim == 1
        assert row["duration"] == pytest.approx(len(samples) / rate_hz, abs=1e-3)
        assert row["sha256"] == hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()


def test_the_same_seed_gives_the_same_list(voices, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        synthesize(WORDS, tmp_path / name, voices=voices, per_word=3, seed=seed)

    a, b, c = ((tmp_path / name / "manifest.jsonl").read_bytes() for name in "abc")
    assert a == b != c


def test_plain_sentences_are_spoken_without_words(voices, tmp_path):
    synthesize([], tmp_path / "out", voices=voices, per_word=1, seed=1, sentences=["Hello.", "Zoë came."])

    assert {utterance.text for utterance in load_manifest(tmp_path / "out")} == {"Hello.", "Zoë came."}


def test_what_is_there_is_never_replaced(voices, tmp_path):
    (tmp_path / "mine.wav").touch()

    for target in (tmp_path, tmp_path / "mine.wav"):
        with pytest.raises(DataError, match="something in it"):
            synthesize(WORDS, target, voices=voices, per_word=1, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.wav"]


def test_nothing_to_say_is_said(voices, tmp_path):
    with pytest.raises(DataError, match="nothing to say"):
        synthesize([], tmp_path / "out", voices=voices, per_word=1, seed=1)
    with pytest.raises(DataError, match="nothing to say"):
        synthesize(WORDS, tmp_path / "out", voices=[], per_word=1, seed=1)


def test_a_program_that_fails_leaves_nothing(voices, tmp_path):
    with pytest.raises(ProgramError, match="on fire"):
        synthesize(WORDS, tmp_path / "out", voices=voices, per_word=3, seed=1, sentences=["Here is TROUBLE."])
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(voices, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "_written", full)

    with pytest.raises(DataError, match="No space left"):
        synthesize(WORDS, tmp_path / "out", voices=voices, per_word=3, seed=1)
    assert not list(tmp_path.iterdir())


def test_killed_half_way_there_is_no_folder_and_it_can_be_made_again(voices, tmp_path):
    script = f"""
import os, signal
from pathlib import Path
from trainer.synthesis.folder import synthesize
from trainer.synthesis.voices import Voice
from trainer.words import Word
def report(what, done):
    if done >= 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
target = Path({str(tmp_path / "out")!r})
synthesize([Word("Kovalchuk")], target, voices={voices!r}, per_word=8, seed=1, report=report)
"""
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)

    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "out").exists()
    synthesize(WORDS[:1], tmp_path / "out", voices=voices, per_word=8, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(load_manifest(tmp_path / "out")) == 8
