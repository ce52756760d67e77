from __future__ import annotations

import os
import subprocess
import sys
from importlib.machinery import ModuleSpec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW, samples_in
from device.errors import ModelError
from device.settings import SpeechSettings
from device.speech import detector
from device.speech.detector import SileroDetector, silero_path
from device.speech.silero import CONTEXT


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


def test_finding_and_running_the_model_imports_nothing_large():
    program = (
        "import sys; from device.speech.detector import SileroDetector; SileroDetector();"
        "print({'torch', 'silero_vad', 'torchaudio', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
    assert not done.stderr


def theirs(samples):
    """Give the probabilities that onnxruntime computes from the same file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(silero_path()), providers=["CPUExecutionProvider"])
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32)
    rate = np.array(SAMPLE_RATE_HZ)
    for window in samples.reshape(-1, WINDOW):
        sound = np.concatenate((context, window))[np.newaxis]
        output, state = session.run(None, {"input": sound, "state": state, "sr": rate})
        context = window[-CONTEXT:]
        yield float(output[0, 0])


@pytest.mark.parametrize("loudness", [1e-4, 0.1, 1.0, 30.0])
def test_the_probabilities_are_those_of_onnxruntime(silero, demo, loudness):
    noise = 0.01 * np.random.default_rng(2).standard_normal(len(demo)).astype(np.float32)
    sound = np.concatenate((demo, noise, np.zeros(SAMPLE_RATE_HZ, np.float32), demo + noise))
    sound = (loudness * sound[: len(sound) // WINDOW * WINDOW]).astype(np.float32)
    silero.reset()
    np.testing.assert_allclose(probabilities(silero, sound), list(theirs(sound)), atol=1e-5)


@pytest.mark.parametrize("spec", [None, ModuleSpec("silero_vad", None, origin="/nowhere/__init__.py")])
def test_a_missing_package_is_named(monkeypatch, spec):
    monkeypatch.setattr(detector, "find_spec", lambda _name: spec)
    with pytest.raises(ModelError, match="install the package silero-vad"):
        silero_path()


def refused(file):
    with pytest.raises(ModelError, match=rf"{file.name} cannot be loaded: install silero-vad again"):
        SileroDetector(file)


@pytest.mark.parametrize("content", [None, b"", b"no model", b"\xff" * 1000])
def test_a_damaged_model_is_an_error_that_names_it(tmp_path, content):
    file = tmp_path / "silero_vad.onnx"
    if content is not None:
        file.write_bytes(content)
    refused(file)


@given(part=st.floats(0, 1, exclude_max=True))
def test_a_model_that_is_cut_short_is_refused(tmp_path_factory, part):
    whole = silero_path().read_bytes()
    file = tmp_path_factory.mktemp("cut") / "silero_vad.onnx"
    file.write_bytes(whole[: int(part * len(whole))])
    refused(file)


@given(content=st.binary(max_size=200))
def test_what_is_no_model_is_refused(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("none") / "silero_vad.onnx"
    file.write_bytes(content)
    refused(file)


def test_the_weights_of_another_network_are_refused(tmp_path):
    file = tmp_path / "silero_vad.onnx"
    file.write_bytes(
        silero_path().read_bytes().replace(b"model.decoder.rnn.bias_hh", b"model.decoder.gru.bias_hh")
    )
    refused(file)


def test_nothing_is_written_about_its_use(tmp_path):
    code = "from device.speech.detector import SileroDetector; SileroDetector()"
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR")}
    subprocess.run([sys.executable, "-B", "-c", code], env={**os.environ, **places}, check=True)
    assert list(tmp_path.rglob("*")) == []
