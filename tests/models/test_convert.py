from __future__ import annotations

import io
import itertools
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np
import pytest
from ctranslate2.specs import WhisperSpec, model_spec
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from device.errors import ModelError
from device.models import convert
from device.models.convert import as_int8, quantization, write_int8
from device.models.weights import read_contents
from tests import tiny_model

if TYPE_CHECKING:
    from pathlib import Path


def variables(file: Path) -> dict[str, np.ndarray]:
    data = file.read_bytes()
    return {
        variable.name: np.frombuffer(
            data[variable.offset : variable.offset + variable.size], np.dtype(variable.type)
        ).reshape(variable.shape)
        for variable in read_contents(file).variables
    }


def by_ctranslate2(file: Path, layers: int, heads: int) -> dict[str, Any]:
    """What CTranslate2's own converter makes of the same weights."""
    spec = WhisperSpec(layers, heads, layers, heads)
    for name, value in variables(file).items():
        scope, _, attribute = name.rpartition("/")
        setattr(model_spec.index_spec(spec, scope), attribute, value.copy())
    for alias, name in read_contents(file).aliases:
        scope, _, attribute = alias.rpartition("/")
        setattr(model_spec.index_spec(spec, scope), attribute, variables(file)[name])
    model_spec.LayerSpec.validate(spec)
    spec.optimize(quantization="int8")
    return dict(spec.variables())


def converted(source: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in source.iterdir():
        if file.name != "model.bin":
            (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "model.bin").open("wb") as sink:
        contents = read_contents(source / "model.bin")
        write_int8(source / "model.bin", contents, sink, lambda _what, _done: None)
    return folder


def assert_as_ctranslate2_converts(source: Path, ours: Path, layers: int, heads: int) -> None:
    """Hold each variable to CTranslate2's, but for the convolutions, which stay as they were."""
    before, found = variables(source / "model.bin"), variables(ours / "model.bin")
    expected = by_ctranslate2(source / "model.bin", layers, heads)
    assert before.keys() <= found.keys()
    for name, value in found.items():
        wanted = before[name] if "/conv" in name else expected[name].numpy()
        assert value.dtype == wanted.dtype, name
        np.testing.assert_array_equal(value, wanted, err_msg=name)
    made_int8 = {name for name in before if before[name].dtype != found[name].dtype}
    assert made_int8 == {name for name in before if name.endswith("/weight") and "/conv" not in name}
    assert found.keys() - before.keys() == {f"{name}_scale" for name in made_int8}
    for alias, name in read_contents(ours / "model.bin").aliases:
        assert expected[alias] == name


def encoded(folder: Path) -> np.ndarray:
    model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="int8", intra_threads=1)
    mel = np.random.default_rng(1).standard_normal((1, 80, 400)).astype(np.float32)
    return np.array(model.encode(ctranslate2.StorageView.from_array(mel), to_cpu=True))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_int8_is_as_ctranslate2_makes_it(tmp_path: Path, dtype: str):
    source = tiny_model.write(tmp_path / "source", dtype=dtype)
    ours = converted(source, tmp_path / "ours")
    assert_as_ctranslate2_converts(source, ours, 1, tiny_model.HEADS)
    np.testing.assert_array_equal(encoded(ours), encoded(source))


def test_rows_may_be_read_in_any_number_of_pieces(model: Path, tmp_path: Path, monkeypatch):
    whole = converted(model, tmp_path / "whole")
    monkeypatch.setattr(convert, "_CHUNK", 100)
    pieces = converted(model, tmp_path / "pieces")
    assert (whole / "model.bin").read_bytes() == (pieces / "model.bin").read_bytes()


FLOATS = st.floats(-65504, 65504, width=16)


@given(arrays.arrays(np.float16, arrays.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=FLOATS))
def test_no_weight_moves_by_more_than_half_a_step(matrix: np.ndarray):
    rows = matrix.astype(np.float32)
    quantised, scales = convert._quantise(rows)
    error = np.abs(quantised / scales.astype(np.float64)[:, np.newaxis] - rows)
    assert np.all(error <= 0.5001 / scales.astype(np.float64)[:, np.newaxis])
    assert quantised.dtype == np.int8


def test_int8_stays_byte_for_byte(model: Path, tmp_path: Path):
    once = converted(model, tmp_path / "once")
    twice = converted(once, tmp_path / "twice")
    assert (once / "model.bin").read_bytes() == (twice / "model.bin").read_bytes()


def test_the_size_is_known_beforehand(model: Path, tmp_path: Path):
    expected = as_int8(read_contents(model / "model.bin")).size
    assert (converted(model, tmp_path / "ours") / "model.bin").stat().st_size == expected


def test_progress_reaches_the_end_and_never_goes_back(model: Path):
    told: list[float] = []
    contents = read_contents(model / "model.bin")
    write_int8(model / "model.bin", contents, io.BytesIO(), lambda _what, done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize(
    ("types", "said"),
    [(["int16"], "int16"), (["bfloat16"], "bfloat16"), (["int8", "float16"], "several types")],
)
def test_other_weights_are_refused(model: Path, types: list[str], said: str):
    contents = read_contents(model / "model.bin")
    numbers = itertools.count()
    changed = tuple(
        replace(variable, type=types[next(numbers) % len(types)]) if len(variable.shape) == 2 else variable
        for variable in contents.variables
    )
    with pytest.raises(ModelError, match=said):
        as_int8(replace(contents, variables=changed))


@pytest.mark.model
def test_the_real_model_is_as_ctranslate2_makes_it(real_model: Path, tmp_path: Path):
    ours = converted(real_model, tmp_path / "ours")
    assert_as_ctranslate2_converts(real_model, ours, 4, 6)
    np.testing.assert_array_equal(encoded(ours), encoded(real_model))
    assert quantization(read_contents(ours / "model.bin")) == "int8"


@pytest.mark.model
def test_the_real_model_is_converted_in_little_memory(real_model: Path, tmp_path: Path):
    tracemalloc.start()
    converted(real_model, tmp_path / "ours")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24_000_000, "a quarter of what the model takes"
