from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from device.demo import RECORDING, SENTENCE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One recording with speech, and one without."""
    soundfile.write(tmp_path / "nothing.wav", np.zeros(16_000), 16_000)
    rows = [
        {"id": "1", "audio": str(RECORDING), "text": SENTENCE, "set": "speech"},
        {"id": "2", "audio": "nothing.wav", "text": "", "set": "silence"},
    ]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "tiny.toml").write_text('[recognition]\nmodel = "tiny.en"\n')
    return tmp_path


def trainer(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trainer.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
    )


@pytest.mark.usefixtures("real_settings")
def test_evaluate_prints_a_line_a_set(folder):
    done = trainer("evaluate", "--data", folder, "--config", folder / "tiny.toml")
    assert done.returncode == 0, done.stderr
    heading, silence, speech = [line.split() for line in done.stdout.splitlines()]
    assert heading[:3] == ["set", "utterances", "WER"]
    assert silence == ["silence", "0", "1", "0"]
    assert (speech[:2], speech[-2:]) == (["speech", "1"], ["0", "0"])
    assert float(speech[2]) < 30


@pytest.mark.usefixtures("real_settings")
def test_evaluate_prints_json_for_programs(folder):
    done = trainer(
        "evaluate", "--data", folder, "--config", folder / "tiny.toml", "--json", "--set", "speech"
    )
    assert done.returncode == 0, done.stderr
    (speech,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert speech.keys() == {"set", "utterances", "wer", "wer_low", "wer_high", "cer", "silent", "invented"}
    assert (speech["set"], speech["utterances"], speech["silent"], speech["invented"]) == ("speech", 1, 0, 0)
    assert speech["wer_low"] == speech["wer"] == speech["wer_high"] < 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "song"), "has no recording in the set song"),
        (("--config", "missing.toml"), "missing.toml cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, arguments, message):
    done = trainer("evaluate", "--data", folder, *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("saykey-trainer: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_names_the_command():
    done = trainer("--help")
    assert done.returncode == 0
    assert "evaluate" in done.stdout
