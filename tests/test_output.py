from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from device.cli import main
from device.commands import transcribe
from tests.parts import ScriptedRecogniser, SignDetector
from tests.saykey import saykey


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_the_terminal_lacks_are_no_fault(tmp_path, encoding):
    name = os.fsdecode(b"gr\xc3\xbc\xc3\x9fe \xe2\x80\xa6 \xff.toml")
    (tmp_path / name).write_text('[microphone]\ndevice = "Kopfhörer …"\n', encoding="utf-8")
    done = saykey(
        "config", "--config", tmp_path / name,
        encoding=encoding, env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "device = " in done.stdout


def test_json_says_which_file_it_was_whatever_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(transcribe, "load_detector", SignDetector)
    monkeypatch.setattr(transcribe, "load_recogniser", lambda _settings, **_: ScriptedRecogniser("grüße"))
    sound = tmp_path / "sound.wav"
    soundfile.write(sound, np.full(SAMPLE_RATE_HZ, 0.5), SAMPLE_RATE_HZ)
    file = sound.rename(tmp_path / os.fsdecode(b'two\nlines "\xff\xfe.wav'))
    assert main(["transcribe", "--json", str(file)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isascii()
    assert Path(json.loads(line)["file"]) == file
    assert json.loads(line)["text"] == "grüße"
