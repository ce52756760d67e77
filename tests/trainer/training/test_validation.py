"""What is measured with, and that nothing of it is left behind."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from device.errors import ModelError
from device.settings import Settings
from tests.parts import ScriptedRecogniser, SignDetector
from tests.trainer.training.made import sound
from trainer.dataset import Utterance
from trainer.training import validation as module
from trainer.training.adapters import own_state
from trainer.training.validation import Validation


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def validation(base, model, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "0.flac", sound(16_000), SAMPLE_RATE_HZ, subtype="PCM_16")
    said = Utterance("0", tmp_path / "0.flac", "What was said", "me", "me", "validation")
    monkeypatch.setattr(module, "load_detector", SignDetector)
    lot = SimpleNamespace(validation=[said], general_validation=[])
    return Validation(model, base, Settings(), lot, tmp_path / "run" / "validated")


def test_what_a_kill_left_is_not_measured_and_nothing_is_left(
    validation, model, tmp_path, temporary, monkeypatch
):
    scratch = tmp_path / "run" / "validated"
    scratch.mkdir(parents=True)
    (scratch / "half of another").touch()
    seen = []

    def load(_settings):
        seen.extend(file.name for file in scratch.iterdir())
        return ScriptedRecogniser("what was sad")

    monkeypatch.setattr(module, "load_recogniser", load)
    rates = validation.measure(own_state(model), short=False)

    assert (rates.wer, rates.words, rates.general_wer) == (pytest.approx(100 / 3), 3, None)
    assert "model.bin" in seen
    assert "half of another" not in seen
    assert not scratch.exists()
    assert not list(temporary.iterdir())


def test_nothing_is_left_where_it_fails(validation, model, tmp_path, temporary, monkeypatch):
    def broken(_settings):
        raise ModelError("It cannot be run.")

    monkeypatch.setattr(module, "load_recogniser", broken)
    with pytest.raises(ModelError):
        validation.measure(own_state(model), short=False)

    assert not (tmp_path / "run" / "validated").exists()
    assert not list(temporary.iterdir())
