from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ctranslate2
import huggingface_hub
import numpy as np
import pytest
import torch

import device
from device.audio.files import read
from device.errors import ModelError
from device.speech import features
from tests import tiny_model
from trainer.conversion import base
from trainer.conversion.base import find, load_transformers, save_transformers, sum_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEMO = Path(device.__file__).parent / "demo" / "arctic_a0007.flac"


def of_ctranslate2(
    folder: Path, mel: NDArray[np.float32], prompt: list[int]
) -> tuple[list[int], NDArray[Any]]:
    """What CTranslate2 reads greedily, and the logits of each step, computed in float32."""
    engine = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32", intra_threads=1)
    view = ctranslate2.StorageView.from_array(mel)
    (result,) = engine.generate(
        view,
        [prompt],
        beam_size=1,
        max_length=40,
        return_logits_vocab=True,
        suppress_blank=False,
        suppress_tokens=[],
    )
    return result.sequences_ids[0], np.array([np.asarray(step) for step in result.logits[0]])


def of_transformers(model: Any, mel: NDArray[np.float32], tokens: list[int]) -> NDArray[np.float32]:
    with torch.no_grad():
        logits = model(input_features=torch.from_numpy(mel), decoder_input_ids=torch.tensor([tokens])).logits
    return logits[0].numpy()


def sizes(model: Any) -> dict[str, Any]:
    return {name: value for name, value in model.config.to_dict().items() if isinstance(value, int)}


def assert_same_logits(folder: Path, mel: NDArray[np.float32], prompt: list[int]) -> list[int]:
    tokens, theirs = of_ctranslate2(folder, mel, prompt)
    ours = of_transformers(load_transformers(folder), mel, prompt + tokens)
    ours = ours[len(prompt) - 1 :][: len(theirs)]
    np.testing.assert_allclose(theirs.reshape(ours.shape), ours, atol=2e-3)
    return tokens


def test_a_model_of_ctranslate2_computes_the_same_in_transformers(model):
    mel = np.random.default_rng(0).standard_normal((1, 80, features.MAX_FRAMES)).astype(np.float32)
    assert_same_logits(model, mel, [257, 262])


@pytest.mark.model
def test_the_real_model_reads_the_same_in_transformers(real_model):
    mel = features.window(read(DEMO), 80)[np.newaxis]
    tokens = assert_same_logits(real_model, mel, [50257, 50362])
    assert len(tokens) > 5


def test_a_model_of_ctranslate2_is_loaded_in_float32_and_tied(model):
    loaded = load_transformers(model)
    assert {tensor.dtype for tensor in loaded.state_dict().values()} == {torch.float32}
    assert loaded.proj_out.weight is loaded.model.decoder.embed_tokens.weight
    assert loaded.proj_out.weight.requires_grad
    assert not loaded.model.encoder.embed_positions.weight.requires_grad
    assert loaded.generation_config.alignment_heads == [[0, 0]]


def test_what_is_saved_is_loaded_again(model, run, capfd):
    ours, theirs = load_transformers(model), load_transformers(run / "model")
    assert sizes(theirs) == sizes(ours)
    for name, tensor in ours.state_dict().items():
        assert torch.equal(theirs.state_dict()[name], tensor), name
    assert (run / "model" / "tokenizer.json").read_bytes() == (model / "tokenizer.json").read_bytes()
    assert capfd.readouterr().err == ""  # no bars of another library


def test_a_tensor_that_is_missing_is_not_drawn_at_random(run):
    from safetensors.numpy import load_file, save_file

    file = run / "model" / "model.safetensors"
    tensors = load_file(file)
    del tensors["model.encoder.conv1.bias"]
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(ModelError, match=r"damaged \(model\.encoder\.conv1\.bias is missing\)"):
        load_transformers(run / "model")


def test_a_file_that_is_cut_short_is_refused(run):
    file = run / "model" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"model is damaged"):
        load_transformers(run / "model")


def test_another_kind_of_model_is_refused(run):
    file = run / "model" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_type": "bart"}))
    with pytest.raises(ModelError, match=r"another kind \(bart\)"):
        load_transformers(run / "model")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no model to start from"):
        load_transformers(tmp_path)
    with pytest.raises(ModelError, match="holds no model to start from"):
        sum_of(tmp_path)


def test_a_model_without_a_tokenizer_is_not_saved(model, tmp_path):
    loaded = load_transformers(model)
    (model / "tokenizer.json").unlink()
    (tmp_path / "new").mkdir()
    with pytest.raises(ModelError, match=r"lacks tokenizer\.json"):
        save_transformers(loaded, model, tmp_path / "new")


def test_a_folder_is_found_by_its_path_and_by_that_of_one_above(model, run):
    assert find(str(model)) == model
    assert find(str(model.parent / "model")) == model
    assert find(str(run / "model")) == run / "model"


def test_a_model_below_the_folder_is_found(tmp_path):
    tiny_model.write(tmp_path / "package" / "model")
    assert find(str(tmp_path / "package")) == tmp_path / "package" / "model"


class Hub:
    """Stands for the hub's client: has one model, or an error."""

    def __init__(self, folder: Path | None, error: Exception | None = None) -> None:
        self.folder, self.error = folder, error
        self.asked: list[str] = []

    def __call__(self, name: str, *, allow_patterns: list[str]) -> str:
        self.asked.append(name)
        assert "model.safetensors" in allow_patterns
        if self.error:
            raise self.error
        return str(self.folder)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("base.en", "openai/whisper-base.en"), ("someone/whisper-tuned", "someone/whisper-tuned")],
)
def test_what_is_no_folder_is_asked_of_the_hub(run, monkeypatch, name, asked):
    hub = Hub(run / "model")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub)
    assert find(name) == run / "model"
    assert hub.asked == [asked]


def test_without_a_network_it_is_said_what_to_do(monkeypatch):
    hub = Hub(None, OSError("no route to host\nand more"))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub)
    with pytest.raises(ModelError, match=r"base\.en' is no folder, and .* \(no route to host\): "):
        find("base.en")


@pytest.mark.model
def test_a_name_that_the_device_knows_is_found_in_its_package(real_model):
    assert base.find("tiny.en") == real_model


def test_the_sum_is_of_the_weights(model, run):
    assert sum_of(model) != sum_of(run / "model")
    (model / "config.json").write_text("{}")
    before = sum_of(model)
    (model / "model.bin").write_bytes(b"other")
    assert sum_of(model) != before


def test_a_full_disk_is_an_error_of_the_system(model, tmp_path):
    resource = pytest.importorskip("resource", reason="limits of a file's size are POSIX's")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    loaded = load_transformers(model)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="cannot be written"):
            save_transformers(loaded, model, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
