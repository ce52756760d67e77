from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW, samples_in
from device.errors import ModelError
from device.settings import SpeechSettings
from device.speech import detector
from device.speech.detector import SileroDetector, silero_path


@pytest.fixture(scope="module")
def silero() -> SileroDetector:
    return SileroDetector()


def probabilities(silero, samples):
    whole = samples[: len(samples) // WINDOW * WINDOW]
    return [silero.probability(window) for window in whole.reshape(-1, WINDOW)]


def test_speech_is_speech(silero, demo):
    silero.reset()
    heard = probabilities(silero, demo)
    assert max(heard) > 0.99
    assert all(0 <= each <= 1 for each in heard)
    assert sum(each > 0.5 for each in heard) > len(heard) / 2


@pytest.mark.parametrize("loudness", [0, 1e-4, 0.01, 0.3])
def test_silence_and_noise_are_none(silero, loudness):
    silero.reset()
    noise = np.random.default_rng(1).standard_normal(5 * SAMPLE_RATE_HZ)
    assert max(probabilities(silero, (loudness * noise).astype(np.float32))) < 0.5


def test_after_a_reset_nothing_is_remembered(silero, demo):
    silero.reset()
    first = probabilities(silero, demo)
    again = probabilities(silero, demo)
    silero.reset()
    assert probabilities(silero, demo) == first
    assert again != first


def test_the_model_hears_over_the_edge_of_a_window(silero, demo):
    # Two windows of the same sound, after different ones: state and context both count.
    silero.reset()
    silero.probability(demo[WINDOW : 2 * WINDOW])
    after_speech = silero.probability(demo[10 * WINDOW : 11 * WINDOW])
    silero.reset()
    assert silero.probability(demo[10 * WINDOW : 11 * WINDOW]) != after_speech


def test_the_passage_of_a_recording_is_where_the_speech_is(silero, demo):
    pause = np.zeros(samples_in(2000), np.float32)
    recording = record(np.concatenate((pause, demo, pause, demo, pause)), silero, SpeechSettings())
    starts = [passage.start for passage in recording.passages]
    period = len(demo) + len(pause)
    assert len(starts) == 2
    assert all(
        abs(start - expected) < samples_in(500)
        for start, expected in zip(starts, (len(pause), len(pause) + period), strict=True)
    )


def test_finding_and_running_the_model_imports_no_torch():
    program = (
        "import sys; from device.speech.detector import SileroDetector; SileroDetector();"
        "print([name for name in ('torch', 'silero_vad', 'torchaudio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
    assert not done.stderr


def test_a_missing_package_is_named(monkeypatch):
    def distribution(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(detector, "distribution", distribution)
    with pytest.raises(ModelError, match="install the package silero-vad"):
        silero_path()


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_a_damaged_model_is_an_error_that_names_it(tmp_path, content):
    file = tmp_path / "silero_vad.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"silero_vad\.onnx cannot be loaded: install silero-vad again"):
        SileroDetector(file)


def test_nothing_is_written_about_its_use(tmp_path):
    code = "from device.speech.detector import SileroDetector; SileroDetector()"
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR")}
    subprocess.run([sys.executable, "-B", "-c", code], env={**os.environ, **places}, check=True)
    assert list(tmp_path.rglob("*")) == []
