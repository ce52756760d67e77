from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from trainer.conversion import onnx
from trainer.conversion.base import load_transformers
from trainer.conversion.export import ONNX, export
from trainer.errors import MissingError

STATES = 30


@pytest.fixture(scope="session")
def exported(pristine, tmp_path_factory):
    try:
        onnx.check_installed()
    except MissingError as error:
        pytest.skip(str(error))
    return export(pristine, tmp_path_factory.mktemp("onnx") / "out", name="tiny", onnx=True) / ONNX


def run(file, **inputs: np.ndarray) -> np.ndarray:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    (output,) = onnxruntime.InferenceSession(file, options).run(None, inputs)
    return output


@pytest.mark.parametrize("batch", [1, 3])
def test_the_encoder_computes_the_same(exported, pristine, batch):
    features = np.random.default_rng(0).standard_normal((batch, 80, 3000)).astype(np.float32)
    with torch.no_grad():
        encoder = load_transformers(pristine).get_encoder()
        wanted = encoder(torch.from_numpy(features)).last_hidden_state.numpy()
    found = run(exported / onnx.ENCODER, input_features=features)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize(("batch", "tokens", "states"), [(1, 1, 1500), (1, 7, STATES), (2, 20, STATES)])
def test_the_decoder_computes_the_same_for_any_length(exported, pristine, batch, tokens, states):
    random = np.random.default_rng(1)
    ids = random.integers(0, 256, (batch, tokens))
    memory = random.standard_normal((batch, states, 16)).astype(np.float32)
    model = load_transformers(pristine)
    with torch.no_grad():
        wanted = model(
            encoder_outputs=(torch.from_numpy(memory),), decoder_input_ids=torch.from_numpy(ids)
        ).logits.numpy()
    found = run(exported / onnx.DECODER, input_ids=ids, encoder_hidden_states=memory)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_what_it_takes_to_use_them_is_beside_them(exported):
    assert sorted(file.name for file in exported.iterdir()) == [
        "config.json",
        "decoder_model.onnx",
        "encoder_model.onnx",
        "generation_config.json",
        "preprocessor_config.json",
        "tokenizer.json",
    ]


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingError, match="run pip install onnx onnxscript"):
        onnx.check_installed()
