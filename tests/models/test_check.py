from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from device.errors import ModelError
from device.models.check import check
from device.models.weights import Variable, read_contents
from tests import tiny_model

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"]


def test_a_whole_model_is_described(model: Path):
    found = check(model)
    assert [file.name for file in found.files] == FILES
    assert found.weights == model / "model.bin"
    assert found.n_mels == tiny_model.MELS
    assert found.tokens == 256 + len(tiny_model.SPECIAL)
    assert not found.is_multilingual


def test_the_features_belong_to_the_model(model: Path):
    (model / "preprocessor_config.json").write_text("{}")
    assert check(model).files[-1].name == "preprocessor_config.json"


def test_a_vocabulary_may_be_lines_of_text(model: Path):
    tokens = json.loads((model / "vocabulary.json").read_text())
    (model / "vocabulary.json").unlink()
    (model / "vocabulary.txt").write_text("\n".join(tokens))
    assert check(model).tokens == len(tokens)
    (model / "vocabulary.txt").write_text("\n".join(tokens) + "\n")
    assert check(model).tokens == len(tokens)
    (model / "vocabulary.txt").write_text("\n".join(tokens[:-9]) + "\n")
    with pytest.raises(ModelError, match=r"vocabulary\.txt has 254 tokens but the weights have 263"):
        check(model)


def test_the_folder_must_be_there(tmp_path: Path):
    with pytest.raises(ModelError, match="absent is not there"):
        check(tmp_path / "absent")


def test_a_file_is_no_folder(model: Path):
    with pytest.raises(ModelError, match="is a file: name the folder"):
        check(model / "model.bin")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("model.safetensors", "transformers model: convert it with ct2-transformers-converter --model "),
        ("pytorch_model.bin", "transformers model"),
        ("ggml-tiny.en.bin", r"whisper\.cpp"),
        ("tiny-q8_0.gguf", r"whisper\.cpp"),
        ("encoder_model.onnx", "ONNX"),
        ("tiny.en.pt", "PyTorch"),
        ("readme.md", "holds no speech model"),
    ],
)
def test_other_kinds_of_folder_are_named(tmp_path: Path, file: str, said: str):
    (tmp_path / file).touch()
    with pytest.raises(ModelError, match=said):
        check(tmp_path)


@pytest.mark.parametrize("file", FILES[1:])
def test_a_missing_file_is_named(model: Path, file: str):
    (model / file).unlink()
    with pytest.raises(ModelError, match=f"lacks {file}"):
        check(model)


@pytest.mark.parametrize("file", FILES[1:])
@pytest.mark.parametrize("left", [0, 1, 40])
def test_a_file_that_was_cut_is_named(model: Path, file: str, left: int):
    (model / file).write_bytes((model / file).read_bytes()[:left])
    with pytest.raises(ModelError, match=rf"{file} is damaged"):
        check(model)


def test_weights_that_were_cut_are_named(model: Path):
    with (model / "model.bin").open("r+b") as file:
        file.truncate((model / "model.bin").stat().st_size - 1)
    with pytest.raises(ModelError, match=r"model\.bin is damaged \(it ends after"):
        check(model)


def rewritten(model: Path, **changes: object) -> None:
    """Write the same table of contents with changes, and zeros for the weights."""
    contents = replace(read_contents(model / "model.bin"), **changes)
    body = b"".join(variable.header() + bytes(variable.size) for variable in contents.variables)
    (model / "model.bin").write_bytes(contents.head() + body + contents.tail())


def test_a_translation_model_is_named(model: Path):
    rewritten(model, kind="TransformerSpec")
    with pytest.raises(ModelError, match=r"another kind \(TransformerSpec\)"):
        check(model)


def test_weights_without_an_encoder_are_damaged(model: Path):
    variables = read_contents(model / "model.bin").variables
    rewritten(model, variables=tuple(one for one in variables if one.name != "encoder/conv1/weight"))
    with pytest.raises(ModelError, match="encoder/conv1/weight is missing"):
        check(model)


def test_other_bands_than_whispers_are_refused(model: Path):
    variables = read_contents(model / "model.bin").variables
    odd = Variable("encoder/conv1/weight", (16, 64, 3), "float16")
    rewritten(model, variables=tuple(odd if one.name == odd.name else one for one in variables))
    with pytest.raises(ModelError, match="64 mel bands"):
        check(model)


@pytest.mark.model
def test_the_real_model_passes(real_model: Path):
    found = check(real_model)
    assert (found.n_mels, found.tokens, found.is_multilingual) == (80, 51_864, False)


def test_a_folder_that_cannot_be_looked_at_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match=r"xxx cannot be read \(File name too long\): check its permissions"):
        check(tmp_path / ("x" * 300))
