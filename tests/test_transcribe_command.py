from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from device.cli import main
from device.commands import transcribe
from device.demo import RECORDING, SENTENCE
from device.errors import ModelError
from tests.parts import ScriptedRecogniser, SignDetector
from tests.saykey import words, write_config


@pytest.fixture
def script(monkeypatch):
    """Make the recogniser give a script, and take loud sound for speech."""

    def use(*lines):
        recogniser = ScriptedRecogniser(*lines)
        monkeypatch.setattr(transcribe, "load_detector", SignDetector)
        monkeypatch.setattr(transcribe, "load_recogniser", lambda _settings, **_: recogniser)
        return recogniser

    return use


@pytest.fixture
def sound(tmp_path):
    file = tmp_path / "one second.wav"
    soundfile.write(file, np.full(SAMPLE_RATE_HZ, 0.5), SAMPLE_RATE_HZ)
    return file


def test_the_words_of_the_recording(real_settings, tmp_path, capsys):
    assert main(["transcribe", "--config", str(write_config(tmp_path)), str(RECORDING)]) == 0
    out, error = capsys.readouterr()
    assert words(out) == words(SENTENCE)
    assert error == ""


def test_json_has_the_segments_with_their_evidence_and_the_times(real_settings, tmp_path, capsys):
    assert main(["transcribe", "--json", "--config", str(write_config(tmp_path)), str(RECORDING)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert list(result) == ["file", "text", "duration_s", "segments", "times_ms"]
    assert result["file"] == str(RECORDING)
    assert words(result["text"]) == words(SENTENCE)
    assert result["duration_s"] == pytest.approx(soundfile.info(RECORDING).duration, abs=0.032)
    (segment,) = result["segments"]
    assert list(segment) == ["start_s", "end_s", "text", "avg_logprob", "no_speech_prob", "language"]
    assert segment["language"] == "en"
    assert 0 <= segment["start_s"] < segment["end_s"] <= result["duration_s"]
    assert segment["text"] == result["text"]
    assert segment["avg_logprob"] < 0 <= segment["no_speech_prob"] <= 1
    assert {"read", "detect", "encode", "decode", "total"} <= set(result["times_ms"])
    assert all(time_ms >= 0 for time_ms in result["times_ms"].values())


def test_several_files_are_told_apart(script, sound, capsys):
    script("One.", "Two.")
    assert main(["transcribe", str(sound), str(sound)]) == 0
    assert capsys.readouterr().out == f"{sound}: One.\n{sound}: Two.\n"


def test_one_file_gives_only_its_text(script, sound, capsys):
    script("Één 漢.")
    assert main(["transcribe", str(sound)]) == 0
    assert capsys.readouterr().out == "Één 漢.\n"


def test_the_recogniser_hears_the_whole_file(script, sound):
    recogniser = script("One.")
    assert main(["transcribe", str(sound)]) == 0
    (recording,) = recogniser.recordings
    assert len(recording.samples) >= SAMPLE_RATE_HZ
    np.testing.assert_allclose(recording.samples[:SAMPLE_RATE_HZ], 0.5, atol=1e-4)


def test_silence_is_an_empty_line(real_settings, tmp_path, capsys):
    file = tmp_path / "silence.flac"
    soundfile.write(file, np.zeros(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    assert main(["transcribe", "--config", str(write_config(tmp_path)), str(file)]) == 0
    assert capsys.readouterr().out == "\n"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(script, sound, tmp_path, capsys):
    script("One.", "Two.")
    (tmp_path / "not sound.mp3").write_text("hello")
    files = [sound, tmp_path / "not sound.mp3", tmp_path / "missing.wav", tmp_path, sound]
    assert main(["transcribe", "--json", *map(str, files)]) == 1
    out, error = capsys.readouterr()
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["One.", "Two."]
    assert [line.partition(": ")[0] for line in error.splitlines()] == ["saykey"] * 3
    assert all(str(file) in line for file, line in zip(files[1:4], error.splitlines(), strict=True))


def test_a_file_that_cannot_be_recognised_does_not_stop_the_others(script, sound, capsys):
    script("One.", ModelError("The model fails: run saykey doctor."), "Three.")
    assert main(["transcribe", str(sound), str(sound), str(sound)]) == 1
    out, error = capsys.readouterr()
    assert out == f"{sound}: One.\n{sound}: Three.\n"
    assert error == f"saykey: {sound}: The model fails: run saykey doctor.\n"
