from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from device import app
from device.audio.sound import SAMPLE_RATE_HZ, samples_in
from device.cli import main
from device.demo import RECORDING, SENTENCE
from device.errors import SaykeyError
from device.settings import MicrophoneSettings, Settings
from device.simulation import stage as stage_module
from device.simulation.stage import long_enough
from tests.parts import ScriptedRecogniser, SignDetector
from tests.saykey import words, write_config


@pytest.fixture
def script(monkeypatch):
    """Make the recogniser give a script, and take loud sound for speech."""

    def use(*lines):
        recogniser = ScriptedRecogniser(*lines)
        monkeypatch.setattr(app, "load_detector", SignDetector)
        monkeypatch.setattr(app, "load_recogniser", lambda _settings, **_: recogniser)
        return recogniser

    return use


@pytest.fixture
def sound(tmp_path):
    file = tmp_path / "sound.wav"
    soundfile.write(file, np.full(SAMPLE_RATE_HZ // 2, 0.5), SAMPLE_RATE_HZ)
    return file


def test_the_host_receives_the_words_of_the_recording(real_settings, tmp_path, capsys):
    config = write_config(tmp_path)
    assert main(["simulate", "--fast", "--json", "--config", str(config), str(RECORDING)]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    (line,) = out.splitlines()
    result = json.loads(line)
    assert list(result) == [
        "file",
        "text",
        "duration_s",
        "segments",
        "times_ms",
        "typed",
        "reports",
        "record",
        "release_to_text_ms",
        "release_to_first_key_ms",
        "release_to_last_key_ms",
    ]
    assert words(result["text"]) == words(result["typed"]) == words(SENTENCE)
    (segment,) = result["segments"]
    assert list(segment) == ["start_s", "end_s", "text", "avg_logprob", "no_speech_prob", "language"]
    asked = len(result["typed"])
    assert result["record"] == {
        "asked": asked,
        "typed": asked,
        "substituted": 0,
        "refused": 0,
        "substitutions": [],
        "refusals": [],
    }
    assert asked < result["reports"] <= 4 * asked
    assert 0 < result["release_to_text_ms"] <= result["release_to_first_key_ms"]
    assert result["release_to_first_key_ms"] <= result["release_to_last_key_ms"]
    assert set(result["times_ms"]) <= {"encode", "decode"}, (
        "what was recognised ahead of the release is not there"
    )


def test_real_time_shows_every_stage(script, sound, capsys):
    script("Hello.")
    assert main(["simulate", str(sound)]) == 0
    out, error = capsys.readouterr()
    assert out == "Hello.\n"
    stages = [line.split(" s  ")[1] for line in error.splitlines()]
    assert [stage for stage in stages if stage != "idle"] == ["listening", "recognising", "typing"]


def test_what_is_played_is_heard_whole_once_and_in_order(script, tmp_path):
    files = [tmp_path / f"{number}.wav" for number in range(3)]
    for number, file in enumerate(files):
        ramp = np.linspace(0.1 + 0.2 * number, 0.25 + 0.2 * number, 8000)
        soundfile.write(file, ramp, SAMPLE_RATE_HZ, subtype="FLOAT")
    recogniser = script("One.", "Two.", "Three.")
    assert main(["simulate", "--fast", "--json", *map(str, files)]) == 0
    before = samples_in(300)
    for file, recording in zip(files, recogniser.recordings, strict=True):
        expected = soundfile.read(file, dtype="float32")[0]
        start = np.flatnonzero(recording.samples)[0]
        assert before <= start < before + 512
        np.testing.assert_array_equal(recording.samples[start : start + 8000], expected)
        assert not recording.samples[start + 8000 :].any()


@pytest.mark.parametrize("mode", ["hold", "toggle", "both"])
def test_each_reading_of_the_button_can_be_simulated(script, sound, tmp_path, capsys, mode):
    script("One.", "Two.")
    config = tmp_path / "mode.toml"
    config.write_text(f'[button]\nmode = "{mode}"\n')
    assert main(["simulate", "--fast", "--json", "--config", str(config), str(sound), str(sound)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["typed"] for line in lines] == ["One.", " Two."]
    assert [line["file"] for line in lines] == [str(sound)] * 2


def test_nothing_heard_is_an_empty_line_without_times(script, tmp_path, capsys):
    script()
    file = tmp_path / "silence.wav"
    soundfile.write(file, np.zeros(SAMPLE_RATE_HZ // 2), SAMPLE_RATE_HZ)
    assert main(["simulate", "--fast", "--json", str(file)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["text"], result["typed"], result["reports"], result["segments"]) == ("", "", 0, [])
    assert result["record"]["asked"] == 0
    assert result["release_to_text_ms"] is None
    assert result["release_to_last_key_ms"] is None


def test_what_cannot_be_typed_is_in_the_record(script, sound, capsys):
    script("Caf\u00e9 \u6f22.")
    assert main(["simulate", "--fast", "--json", str(sound)]) == 0
    result = json.loads(capsys.readouterr().out)
    record = result["record"]
    assert record["asked"] == record["typed"] + record["substituted"] + record["refused"]
    assert record["refusals"] == ["\u6f22"]
    assert result["typed"] == "Cafe ."


def test_a_file_that_cannot_be_read_does_not_stop_the_others(script, sound, tmp_path, capsys):
    script("One.", "Two.")
    (tmp_path / "not sound.mp3").write_text("hello")
    files = [sound, tmp_path / "not sound.mp3", tmp_path / "missing.wav", sound]
    assert main(["simulate", "--fast", "--json", *map(str, files)]) == 1
    out, error = capsys.readouterr()
    assert [json.loads(line)["typed"] for line in out.splitlines()] == ["One.", " Two."]
    assert all(str(file) in line for file, line in zip(files[1:3], error.splitlines(), strict=True))


def test_no_file_that_can_be_read_is_an_error(tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "missing.wav")]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "error", [SaykeyError("Out of luck."), MemoryError("secret"), RuntimeError("secret")]
)
def test_a_recogniser_that_fails_once_is_asked_again(script, sound, capsys, monkeypatch, error):
    monkeypatch.setattr(stage_module, "_RETRY_S", 0.01)
    script(error, "One.", "Two.")
    assert main(["simulate", "--fast", "--json", str(sound), str(sound)]) == 0
    lines = [json.loads(line)["typed"] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["One.", " Two."]


def test_a_recogniser_that_fails_on_one_file_does_the_others(script, sound, capsys, monkeypatch):
    monkeypatch.setattr(stage_module, "_RETRY_S", 0.01)
    script(MemoryError(), MemoryError(), "Two.")
    assert main(["simulate", "--fast", "--json", str(sound), str(sound)]) == 1
    out, error = capsys.readouterr()
    assert [json.loads(line)["typed"] for line in out.splitlines()] == ["Two."]
    assert f"saykey: {sound}: not recognised: MemoryError" in error


def test_a_recording_longer_than_the_limit_is_heard_whole(script, tmp_path, capsys):
    config = tmp_path / "short.toml"
    config.write_text("[microphone]\nmax_recording_s = 1\n")
    file = tmp_path / "long.wav"
    soundfile.write(file, np.full(3 * SAMPLE_RATE_HZ, 0.5), SAMPLE_RATE_HZ)
    recogniser = script("Long.")
    assert main(["simulate", "--fast", "--json", "--config", str(config), str(file)]) == 0
    assert np.count_nonzero(recogniser.recordings[0].samples) == 3 * SAMPLE_RATE_HZ


def test_the_limit_is_raised_and_never_lowered():
    settings = Settings(microphone=MicrophoneSettings(max_recording_s=10))
    for length_s, limit_s in ((5, 10), (9.5, 12), (100, 102)):
        samples = np.zeros(int(length_s * SAMPLE_RATE_HZ), np.float32)
        assert long_enough(settings, samples).microphone.max_recording_s == limit_s
