from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import device
from device.app import load_detector, load_recogniser
from device.commands.transcribe import transcribe
from device.errors import ModelError
from device.models.check import check
from device.models.convert import quantization, write_int8
from device.models.fetch import fetch
from device.models.manifest import damaged_files, has_short_window, read_manifest
from device.models.store import Store
from device.models.weights import read_contents
from device.settings import RecognitionSettings, Settings
from device.speech.window import load_model, silence_states
from trainer.conversion import export as exporting
from trainer.conversion.base import sum_of
from trainer.conversion.export import add_evaluation, export
from trainer.conversion.trained import read_evaluation
from trainer.errors import DataError
from trainer.evaluation.results import Evaluation, Model, Score, save

DEMO = Path(device.__file__).parent / "demo" / "arctic_a0007.flac"

ENGINE_FILES = {
    "model.bin",
    "config.json",
    "tokenizer.json",
    "vocabulary.json",
    "preprocessor_config.json",
}


def silent(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


def as_the_device_converts(folder: Path, target: Path) -> bytes:
    with target.open("wb") as file:
        write_int8(folder / "model.bin", read_contents(folder / "model.bin"), file, silent)
    return target.read_bytes()


def record(run: Path, **changes: object) -> None:
    file = run / "model" / "training.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_an_export_is_whole_and_says_what_it_is(run, tmp_path):
    out = export(run / "model", tmp_path / "anna", name="anna", vocabulary=["Kubernetes"], prompt="Hello.")
    assert {file.name for file in out.iterdir()} == ENGINE_FILES | {"silence.npy", "saykey.json", "README.md"}
    manifest = read_manifest(out)
    assert damaged_files(out, manifest) == []
    assert manifest.files.keys() == ENGINE_FILES | {"silence.npy"}
    assert (manifest.name, manifest.quantization, manifest.short_window) == ("anna", "int8", False)
    training = manifest.training
    assert training is not None
    assert (training.base, training.data_sha256, training.licence) == ("tiny.en", "d" * 64, "mit")
    assert training.recipe["lora"] == {"rank": 8}
    assert training.metrics["validation"] == 3.5
    assert training.conversion["quantization"] == "int8"
    assert (training.vocabulary, training.prompt) == (("Kubernetes",), "Hello.")


@pytest.mark.parametrize(
    ("base", "given", "licence"),
    [
        ("tiny.en", "", "mit"),
        ("openai/whisper-small", "", "mit"),
        ("nyrahealth/CrisperWhisper", "", "other"),
        ("/home/anna/models/bought", "", "other"),
        ("/home/anna/models/bought", "cc-by-4.0", "cc-by-4.0"),
    ],
)
def test_the_licence_is_that_of_the_base_where_it_is_known(run, tmp_path, base, given, licence):
    record(run, base=base)
    out = export(run / "model", tmp_path / "anna", name="anna", licence=given)
    assert read_manifest(out).training.licence == licence
    assert f"license: {licence}" in (out / "README.md").read_text()


def test_int8_is_made_as_the_device_makes_it(run, tmp_path):
    floats = export(run / "model", tmp_path / "floats", name="anna", quantization="float16")
    assert quantization(check(floats).contents) == "float16"
    int8 = export(run / "model", tmp_path / "int8", name="anna")
    assert (int8 / "model.bin").read_bytes() == as_the_device_converts(floats, tmp_path / "device.bin")
    assert read_manifest(int8).source_sha256 == sum_of(floats)


def test_int8_float32_rounds_the_matrices_alone(run, tmp_path):
    out = export(run / "model", tmp_path / "out", name="anna", quantization="int8_float32")
    contents = check(out).contents
    assert quantization(contents) == "int8"
    assert {one.type for one in contents.variables if one.shape} == {"int8", "float32"}
    assert read_manifest(out).quantization == "int8_float32"


@pytest.mark.parametrize("kind", ["int8", "int8_float32", "float16"])
def test_every_export_computes_on_the_device_in_int8_and_float32(run, tmp_path, kind):
    out = export(run / "model", tmp_path / "out", name="anna", quantization=kind)
    assert load_model(out, threads=1).compute_type == "int8_float32"


def test_the_silence_is_that_of_the_model(run, tmp_path):
    out = export(run / "model", tmp_path / "out", name="anna")
    np.testing.assert_array_equal(np.load(out / "silence.npy"), silence_states(load_model(out, threads=1)))


def test_a_model_for_short_windows_needs_no_silence(run, tmp_path):
    record(run, short_window=True)
    out = export(run / "model", tmp_path / "out", name="anna")
    assert not (out / "silence.npy").exists()
    assert has_short_window(out)


def test_the_device_takes_it_in(run, tmp_path):
    store = Store(tmp_path / "store")
    out = export(run / "model", tmp_path / "anna", name="anna")
    taken = fetch(store, "anna", out, silent)
    store.verify("anna")
    assert (store.root / "anna" / "model.bin").read_bytes() == (out / "model.bin").read_bytes()
    assert taken.training == read_manifest(out).training


def test_two_exports_of_a_run_are_the_same(run, tmp_path):
    first, second = (export(run / "model", tmp_path / name, name="anna") for name in ("first", "second"))
    files = {file.name: file.read_bytes() for file in first.iterdir()}
    assert files == {file.name: file.read_bytes() for file in second.iterdir()}


def test_a_model_without_a_record_is_exported_as_it_is(model, tmp_path):
    out = export(model, tmp_path / "out", name="stock")
    assert read_manifest(out).training is None
    assert (out / "model.bin").stat().st_size < (model / "model.bin").stat().st_size


def test_a_ggml_file_is_of_the_weights_before_they_were_int8(run, tmp_path):
    out = export(run / "model", tmp_path / "anna", name="anna", ggml="f16")
    floats = export(run / "model", tmp_path / "floats", name="anna", quantization="float16", ggml="f16")
    assert (out / "ggml-anna.bin").read_bytes() == (floats / "ggml-anna.bin").read_bytes()
    assert "ggml-anna.bin" not in read_manifest(out).files


def test_an_export_is_replaced(run, tmp_path):
    out = export(run / "model", tmp_path / "anna", name="anna")
    (out / "ggml-anna.bin").write_bytes(b"old")
    record(run, short_window=True)
    assert has_short_window(export(run / "model", out, name="anna"))
    assert not (out / "ggml-anna.bin").exists()


def test_what_is_no_export_is_not_replaced(run, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "will.txt").write_text("To Anna, all")
    for target in (tmp_path / "letters", tmp_path / "letters" / "will.txt", run):
        with pytest.raises(ModelError, match="no export of a model: name a new folder"):
            export(run / "model", target, name="anna")
    assert (tmp_path / "letters" / "will.txt").read_text() == "To Anna, all"


@pytest.mark.parametrize("name", ["", "../x", "current", "a b"])
def test_a_name_that_no_model_can_have_is_refused(run, tmp_path, name):
    with pytest.raises(ModelError, match="cannot be the name of a model"):
        export(run / "model", tmp_path / "out", name=name)


def test_a_quality_that_is_not_good_enough_stops_it(run, tmp_path):
    def worse(folder: Path) -> None:
        assert check(folder).tokens
        raise DataError("word error rate 90 %")

    with pytest.raises(DataError, match="90 %"):
        export(run / "model", tmp_path / "anna", name="anna", finish=worse)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run"]


def test_two_do_not_export_to_one_folder_at_once(run, tmp_path):
    def at_once(_folder: Path) -> None:
        with pytest.raises(DataError, match=r"another saykey-trainer is at work in .*anna"):
            export(run / "model", tmp_path / "anna", name="anna")

    out = export(run / "model", tmp_path / "anna", name="anna", finish=at_once)
    assert damaged_files(out, read_manifest(out)) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["anna", "run"]


def test_weights_that_became_no_numbers_are_not_exported(run, tmp_path):
    from safetensors.numpy import load_file, save_file

    file = run / "model" / "model.safetensors"
    tensors = load_file(file)
    tensors["model.encoder.conv1.bias"][0] = np.nan
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(ModelError, match="train at a lower rate"):
        export(run / "model", tmp_path / "anna", name="anna")
    assert not (tmp_path / "anna").exists()


def test_a_full_disk_leaves_what_was_there(run, tmp_path, monkeypatch):
    old = export(run / "model", tmp_path / "anna", name="anna")
    before = {file.name: file.read_bytes() for file in old.iterdir()}

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for place in ("write_floats", "make_int8", "write_text"):
        with monkeypatch.context() as patch:
            patch.setattr(exporting, place, full)
            with pytest.raises(ModelError, match="no room"):
                export(run / "model", old, name="anna")
        assert {file.name: file.read_bytes() for file in old.iterdir()} == before
        assert sorted(file.name for file in tmp_path.iterdir()) == ["anna", "run"]


def test_a_place_that_cannot_be_written_is_named(run):
    with pytest.raises(ModelError, match="/sys/anna cannot be written"):
        export(run / "model", Path("/sys/anna"), name="anna")


EVALUATION = Evaluation(
    models=(
        Model("stock", "", "int8", 0, short_window=False, real_time_factor=0.1),
        Model("tuned", "", "int8", 0, short_window=False, real_time_factor=0.1),
    ),
    results=(),
    scores=tuple(
        Score(name, "anna", "personal", "clean", 120, wer, None, None, None, 0, 0)
        for name, wer in (("stock", 5.5), ("tuned", 3.25))
    ),
    comparisons=(),
    words=(),
)


def test_an_evaluation_is_added_to_manifest_and_card(run, tmp_path):
    out = export(run / "model", tmp_path / "anna", name="anna")
    save(EVALUATION, run)
    found = read_evaluation(run / "model")
    assert found is not None
    add_evaluation(out, found)  # that of a training before, in the same folder
    assert "anna" not in read_manifest(out).training.metrics
    stock, tuned = found.models
    add_evaluation(out, replace(found, models=(stock, replace(tuned, sha256=sum_of(out)))))
    manifest = read_manifest(out)
    assert manifest.training is not None
    assert manifest.training.metrics["anna"] == 3.25
    assert manifest.training.metrics["validation"] == 3.5
    assert damaged_files(out, manifest) == []
    assert "| anna | 5.5 | 3.25 |" in (out / "README.md").read_text()


def test_nothing_is_added_to_what_was_not_trained(model, tmp_path):
    out = export(model, tmp_path / "out", name="stock")
    with pytest.raises(ModelError, match="was not trained here"):
        add_evaluation(out, EVALUATION)


@pytest.mark.model
def test_the_real_model_reads_the_same_after_the_way_through_transformers(
    real_settings, real_model, tmp_path
):
    out = export(real_model, tmp_path / "again", name="again")
    texts = []
    for settings in (real_settings, Settings(recognition=RecognitionSettings(model=str(out)))):
        transcript = transcribe(DEMO, load_detector(), load_recogniser(settings), settings)
        texts.append(transcript.text)
    assert texts[0] == texts[1] != ""
