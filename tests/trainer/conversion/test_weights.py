from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from ctranslate2.converters import TransformersConverter
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import ModelError
from device.models.convert import write_int8
from device.models.weights import read_contents
from tests import tiny_model
from trainer.conversion.base import load_transformers
from trainer.conversion.weights import read_state, write_model
from trainer.conversion.whisper import config_of

if TYPE_CHECKING:
    from pathlib import Path

HEADS = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}


def random_state(layers: dict[str, int], width: int, seed: int, dtype: str) -> dict[str, np.ndarray]:
    """A state dict of transformers' own making."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    sizes = {f"{part}_layers": number for part, number in layers.items()}
    sizes |= {f"{part}_ffn_dim": 4 * width for part in layers} | HEADS
    config = WhisperConfig(
        **sizes, d_model=width, vocab_size=50, max_source_positions=8, max_target_positions=8, pad_token_id=0
    )
    with torch.device("meta"):
        shapes = WhisperForConditionalGeneration(config).state_dict()
    random = np.random.default_rng(seed)
    state = {name: random.standard_normal(tensor.shape).astype(dtype) for name, tensor in shapes.items()}
    return state | {"proj_out.weight": state["model.decoder.embed_tokens.weight"]}


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name].dtype == values.dtype, name
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@settings(max_examples=30)
@given(
    layers=st.fixed_dictionaries({"encoder": st.integers(1, 12), "decoder": st.integers(1, 12)}),
    width=st.sampled_from([4, 6, 16]),
    seed=st.integers(0, 2**31),
    dtype=st.sampled_from(["float16", "float32"]),
)
def test_a_state_comes_back_to_the_bit(tmp_path_factory, layers, width, seed, dtype):
    folder = tmp_path_factory.mktemp("state")
    state = random_state(layers, width, seed, dtype)
    config = {f"{part}_layers": number for part, number in layers.items()} | HEADS
    write_model(state, config, None, folder / "model.bin", dtype)
    assert_same(read_state(folder), state)
    write_model(read_state(folder), config, folder, folder / "again.bin", dtype)
    assert (folder / "again.bin").read_bytes() == (folder / "model.bin").read_bytes()


def test_every_tensor_is_where_transformers_wants_it(model):
    # The converter of CTranslate2 reads what transformers wrote: the other way round.
    ours, theirs = load_transformers(model), model.parent / "theirs"
    ours.save_pretrained(model.parent / "saved")
    (model.parent / "saved" / "tokenizer.json").write_bytes((model / "tokenizer.json").read_bytes())
    TransformersConverter(str(model.parent / "saved")).convert(str(theirs), quantization="float16")
    write_model(ours.state_dict(), ours.config.to_dict(), None, model / "ours.bin")
    assert (model / "ours.bin").read_bytes() == (theirs / "model.bin").read_bytes()


@pytest.mark.model
def test_the_real_model_is_written_again_to_the_bit(real_model, tmp_path):
    write_model(read_state(real_model), config_of(real_model), real_model, tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == (real_model / "model.bin").read_bytes()


def test_int8_is_refused_with_the_reason(model):
    with (model / "int8.bin").open("wb") as file:
        write_int8(model / "model.bin", read_contents(model / "model.bin"), file, lambda _what, _done: None)
    (model / "int8.bin").replace(model / "model.bin")
    with pytest.raises(ModelError, match="int8, from which the original ones cannot be had back"):
        read_state(model)


def test_a_model_that_is_cut_short_is_refused(model):
    data = (model / "model.bin").read_bytes()
    (model / "model.bin").write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="is damaged"):
        read_state(model)


def rewritten(model: Path, change) -> None:
    """Write the model's file again with a change to its bytes."""
    file = model / "model.bin"
    file.write_bytes(change(file.read_bytes()))


@pytest.mark.parametrize("name", [b"encoder/conv1/bias", b"decoder/layer_0/ffn/linear_1/weight"])
def test_a_variable_that_no_whisper_has_is_refused(model, name):
    rewritten(model, lambda data: data.replace(name, name[:-1] + b"x"))
    with pytest.raises(ModelError, match="no Whisper model that can be trained"):
        read_state(model)


def test_another_kind_of_model_is_refused(model):
    rewritten(model, lambda data: data.replace(b"WhisperSpec", b"WhimperSpec"))
    with pytest.raises(ModelError, match="WhimperSpec"):
        read_state(model)


def test_a_tensor_that_is_missing_is_named(model, tmp_path):
    state = read_state(model)
    del state["model.encoder.conv1.bias"]
    with pytest.raises(ModelError, match=r"lacks the tensor model\.encoder\.conv1\.bias"):
        write_model(state, config_of(model), None, tmp_path / "out.bin")


def test_what_would_be_left_out_is_named(model, tmp_path):
    state = read_state(model) | {"model.encoder.layers.0.fc1.lora_A.weight": np.zeros((2, 2))}
    with pytest.raises(ModelError, match="lora_A"):
        write_model(state, config_of(model), None, tmp_path / "out.bin")


def test_an_output_that_is_not_the_embeddings_is_refused(model, tmp_path):
    state = read_state(model)
    state["proj_out.weight"] = state["proj_out.weight"] + 1
    with pytest.raises(ModelError, match=r"proj_out\.weight is not"):
        write_model(state, config_of(model), None, tmp_path / "out.bin")


@pytest.mark.parametrize("value", [1e5, np.nan, np.inf])
def test_what_float16_cannot_hold_is_refused(model, tmp_path, value):
    state = {name: values.astype(np.float32) for name, values in read_state(model).items()}
    state["model.encoder.conv1.bias"][0] = value
    with pytest.raises(ModelError, match=r"conv1\.bias has values that float16 cannot hold"):
        write_model(state, config_of(model), None, tmp_path / "out.bin")


def test_the_scalars_of_the_source_are_kept(tmp_path):
    source = tiny_model.write(tmp_path / "source")
    write_model(read_state(source), config_of(source), source, tmp_path / "out.bin")
    found, wanted = (read_contents(file) for file in (tmp_path / "out.bin", source / "model.bin"))
    assert [one.header() for one in found.variables] == [one.header() for one in wanted.variables]
    assert found.aliases == wanted.aliases
