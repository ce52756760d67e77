from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from device.demo import RECORDING, SENTENCE
from device.errors import ModelError
from device.models.store import resolve
from device.settings import RecognitionSettings, Settings
from trainer.dataset import Utterance
from trainer.errors import DataError
from trainer.evaluation.evaluate import evaluate, model_folder, quantization_of
from trainer.words import Word


def test_a_name_a_folder_and_stock_lead_to_models(real_settings, tmp_path, monkeypatch):
    stock = resolve(real_settings.recognition)
    assert model_folder("stock", real_settings) == model_folder("tiny.en", Settings()) == stock
    (tmp_path / "here").symlink_to(stock)
    monkeypatch.chdir(tmp_path)
    assert model_folder("here", Settings()) == tmp_path / "here"


def test_what_is_no_model_is_explained(tmp_path):
    nowhere = Settings(recognition=RecognitionSettings(store=str(tmp_path)))
    with pytest.raises(ModelError, match="no speech model 'none'"):
        model_folder("none", nowhere)
    with pytest.raises(ModelError, match="is not there"):
        quantization_of(model_folder(str(tmp_path / "gone"), nowhere))


def test_without_recordings_there_is_nothing_to_measure():
    with pytest.raises(DataError, match="no recordings"):
        evaluate([("stock", Path("nowhere"))], [], Settings())


def test_two_forms_of_a_model_side_by_side(real_settings, tmp_path):
    stock = resolve(real_settings.recognition)
    copy = shutil.copytree(stock, tmp_path / "copy")
    (copy / "saykey.json").unlink()
    soundfile.write(tmp_path / "hiss.wav", np.zeros(16_000), 16_000)
    utterances = [
        Utterance("1", RECORDING, SENTENCE, "mine", "me"),
        Utterance("2", tmp_path / "hiss.wav", "", "hiss", ""),
    ]
    found = evaluate(
        [("stock", stock), ("tuned", copy)],
        utterances,
        real_settings,
        tiers_db=(10,),
        words=[Word(SENTENCE.split()[0])],
    )
    assert [(one.name, one.quantization, one.short_window) for one in found.models] == [
        ("stock", "int8", False),
        ("tuned", "int8", False),
    ]
    assert all(
        one.size == sum(path.stat().st_size for path in copy.iterdir() if path.suffix != ".npy")
        for one in found.models
    )
    assert all(one.real_time_factor > 0 for one in found.models)
    assert [(one.model, one.tier) for one in found.results if one.id == "1"] == [
        ("stock", "clean"),
        ("tuned", "clean"),
        ("stock", "10"),
        ("tuned", "10"),
    ]
    assert [one.text for one in found.results if one.id == "2"] == ["", ""]
    texts = {tier: {one.text for one in found.results if one.tier == tier} for tier in ("clean", "10")}
    assert len(texts["10"]) == 1  # the same model makes the same of the same sound
    assert all(each.wer < 30 for each in found.scores if each.tier == "clean" and each.utterances)
    assert all((each.difference, each.p) == (0, 1) for each in found.comparisons)
    assert [(one.model, one.right, one.of) for one in found.words] == [("stock", 1, 1), ("tuned", 1, 1)]
