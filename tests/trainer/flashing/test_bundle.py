from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import soundfile

from device.demo import RECORDING, SENTENCE
from device.errors import ModelError, SettingsError, SoundError
from device.models.bundle import Bundle, open_bundle
from device.models.fetch import fetch
from device.models.manifest import Manifest, Training, damaged_files, read_manifest
from device.models.store import Store, resolve
from device.settings_files import of_model
from tests import tiny_model
from tests.bundles import OWNER, public
from trainer.errors import DataError
from trainer.flashing import bundle as packing
from trainer.flashing.bundle import pack

if TYPE_CHECKING:
    from device.settings import Settings

pytestmark = pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")

TRAINING = Training(
    base="tiny.en",
    base_sha256="b" * 64,
    data_sha256="d" * 64,
    recipe={},
    metrics={},
    conversion={},
    vocabulary=("Kubernetes",),
    prompt="",
    licence="mit",
    created_by="saykey-trainer",
)


def silent(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


def hears(text: str) -> packing.Hear:
    """Give a model that hears this, whatever is said."""
    return lambda _folder, _file: (text, 0.1)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    store = Store(folder / "store")
    fetch(store, "anna", tiny_model.write(folder / "float16"), silent)
    export = store.folder("anna")
    (export / "README.md").write_text("# anna\n")
    (export / "ggml-anna.bin").write_bytes(b"ggml")
    return export


@pytest.fixture
def export(pristine: Path, tmp_path: Path) -> Path:
    """An export that a test may damage."""
    return Path(shutil.copytree(pristine, tmp_path / "export"))


def change(export: Path, **changes: object) -> None:
    file = export / "saykey.json"
    manifest = msgspec.structs.replace(msgspec.json.decode(file.read_bytes(), type=Manifest), **changes)
    file.write_bytes(msgspec.json.encode(manifest))


def packed(export: Path, target: Path, text: str = SENTENCE, **options: Path | None) -> Path:
    return pack(export, target, OWNER.secret_key, report=silent, hear=hears(text), **options)


def unpacked(file: Path, folder: Path) -> Bundle:
    folder.mkdir()
    with file.open("rb") as stream:
        opened = open_bundle(stream, public())
        opened.unpack(folder, silent)
    return opened


def test_a_bundle_holds_the_model_and_what_tries_it(export, tmp_path):
    opened = unpacked(packed(export, tmp_path / "anna.saykey"), tmp_path / "folder")
    assert list(opened.index.parts) == [
        "model.bin",
        "config.json",
        "tokenizer.json",
        "vocabulary.json",
        "saykey.json",
        "silence.npy",
        "README.md",
        "selftest.flac",
    ]
    assert opened.index.name == "anna"
    assert opened.index.self_test.text == SENTENCE
    assert opened.index.self_test.most_wrong == 2
    assert damaged_files(tmp_path / "folder", read_manifest(export)) == []
    heard, given = (soundfile.read(path)[0] for path in (tmp_path / "folder" / "selftest.flac", RECORDING))
    assert np.array_equal(heard, given)


@pytest.mark.skipif(not shutil.which("tar"), reason="there is no tar")
def test_gnu_tar_and_minisign_take_it_apart(export, tmp_path):
    file = packed(export, tmp_path / "anna.saykey")

    def run(*command: str) -> str:
        return subprocess.run(
            command,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"LC_ALL": "C"},
        ).stdout

    names = run("tar", "-tf", str(file)).split()
    assert names[:3] == ["bundle.minisig", "bundle.json", "model.bin"]
    run("tar", "-xf", str(file))
    told = run("minisign", "-V", "-P", public().text, "-x", "bundle.minisig", "-m", "bundle.json")
    assert "Trusted comment: saykey bundle 1 anna" in told
    parts = json.loads((tmp_path / "bundle.json").read_bytes())["parts"]
    (tmp_path / "sums").write_text("".join(f"{part['sha256']}  {name}\n" for name, part in parts.items()))
    run("sha256sum", "--check", "--strict", "sums")
    assert names[2:] == list(parts)


def test_the_same_at_the_same_time_is_the_same_file(export, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "_now", lambda: "2026-01-02T03:04:05Z")
    first, second = (packed(export, tmp_path / f"{name}.saykey").read_bytes() for name in "ab")
    assert first == second


def test_one_that_is_there_is_replaced(export, tmp_path):
    (tmp_path / "anna.saykey").write_bytes(b"old")
    unpacked(packed(export, tmp_path / "anna.saykey"), tmp_path / "folder")


@pytest.mark.parametrize("kind", ["float16", "float32", "int16"])
def test_a_model_that_no_device_runs_is_refused(export, tmp_path, kind):
    change(export, quantization=kind)
    with pytest.raises(ModelError, match=f"is of {kind}.*--quantization int8"):
        packed(export, tmp_path / "anna.saykey")


def test_the_other_kind_that_a_device_runs_is_taken(export, tmp_path):
    change(export, quantization="int8_float32")
    packed(export, tmp_path / "anna.saykey")


def test_a_damaged_export_is_refused(export, tmp_path):
    (export / "tokenizer.json").write_text('{"version": "1.0"}')
    with pytest.raises(ModelError, match=r"damaged \(tokenizer\.json"):
        packed(export, tmp_path / "anna.saykey")


def test_what_is_no_export_is_refused(tmp_path):
    with pytest.raises(ModelError, match="is not there"):
        packed(tmp_path / "missing", tmp_path / "anna.saykey")
    with pytest.raises(ModelError, match=r"end it with \.saykey"):
        packed(tmp_path, tmp_path / "anna.tar")


def test_a_name_too_long_for_a_slot_is_refused(export, tmp_path):
    change(export, name="a" * 60)
    with pytest.raises(ModelError, match="up to 55 letters"):
        packed(export, tmp_path / "anna.saykey")


@pytest.mark.parametrize(
    ("heard", "is_taken"),
    [
        ("", False),
        ("Thank you.", False),
        ("And you always want to see it", False),
        ("and you always want to see it in the super let", True),
        (SENTENCE.upper(), True),
    ],
)
def test_only_a_model_that_understands_is_packed(export, tmp_path, heard, is_taken):
    target = tmp_path / "anna.saykey"
    if is_taken:
        opened = unpacked(packed(export, target, heard), tmp_path / "folder")
        assert opened.index.self_test.text == heard
    else:
        with pytest.raises(ModelError, match="does not understand the self-test recording"):
            packed(export, target, heard)
        assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_settings_come_with_the_model(export, tmp_path):
    settings = tmp_path / "mine.toml"
    settings.write_text('[recognition]\ninitial_prompt = "Hello, Kubernetes."\n')
    unpacked(packed(export, tmp_path / "anna.saykey", settings=settings), tmp_path / "folder")
    assert of_model(tmp_path / "folder").recognition.initial_prompt == "Hello, Kubernetes."


@pytest.mark.parametrize(
    "text", ["[recognition]\nthreads = 4\n", "[commands]\nnew_line = 'strict'\n", "[speech\n", "\xff"]
)
def test_settings_that_are_no_business_of_a_model_are_refused(export, tmp_path, text):
    settings = tmp_path / "mine.toml"
    settings.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=rf"^{settings}, line \d"):
        packed(export, tmp_path / "anna.saykey", settings=settings)


def test_settings_that_are_missing_are_named(export, tmp_path):
    with pytest.raises(SettingsError, match=r"mine\.toml cannot be read"):
        packed(export, tmp_path / "anna.saykey", settings=tmp_path / "mine.toml")


def test_the_prompt_of_an_export_becomes_a_setting(export, tmp_path):
    prompt = 'He said: "C:\\temp"\nand Ärger.'
    change(export, training=msgspec.structs.replace(TRAINING, prompt=prompt))
    opened = unpacked(packed(export, tmp_path / "anna.saykey"), tmp_path / "folder")
    assert "settings.toml" in opened.index.parts
    assert of_model(tmp_path / "folder").recognition.initial_prompt == prompt


def test_an_export_without_a_prompt_brings_no_settings(export, tmp_path):
    change(export, training=TRAINING)
    opened = unpacked(packed(export, tmp_path / "anna.saykey"), tmp_path / "folder")
    assert "settings.toml" not in opened.index.parts


def test_another_self_test_may_be_given(export, tmp_path):
    sound = tmp_path / "satz.wav"
    soundfile.write(sound, np.sin(np.arange(44_100) / 9) / 2, 44_100)
    with pytest.raises(ModelError, match=r"write it into .*satz\.txt"):
        packed(export, tmp_path / "anna.saykey", self_test=sound)
    sound.with_suffix(".txt").write_text(" \n")
    with pytest.raises(DataError, match="has no words"):
        packed(export, tmp_path / "anna.saykey", self_test=sound)
    sound.with_suffix(".txt").write_text("Das ist ein Satz.\n")
    file = packed(export, tmp_path / "anna.saykey", "das ist ein Satz", self_test=sound)
    opened = unpacked(file, tmp_path / "folder")
    assert (opened.index.self_test.text, opened.index.self_test.most_wrong) == ("das ist ein Satz", 1)
    assert soundfile.info(tmp_path / "folder" / "selftest.flac").samplerate == 16_000


def test_a_self_test_is_a_sentence(export, tmp_path):
    sound = tmp_path / "long.wav"
    soundfile.write(sound, np.zeros(31 * 8000), 8000)
    sound.with_suffix(".txt").write_text("Nothing.")
    with pytest.raises(ModelError, match="longer than 30 s"):
        packed(export, tmp_path / "anna.saykey", self_test=sound)
    sound.write_bytes(b"no sound")
    with pytest.raises(SoundError):
        packed(export, tmp_path / "anna.saykey", self_test=sound)


def test_a_full_disk_leaves_what_was_there(export, tmp_path, monkeypatch):
    def full(_archive: object, _file: Path) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "anna.saykey").write_bytes(b"old")
    monkeypatch.setattr(packing, "_add", full)
    with pytest.raises(ModelError, match="no room for"):
        packed(export, tmp_path / "anna.saykey")
    assert (tmp_path / "anna.saykey").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna.saykey", "export"]


def test_a_folder_that_is_not_there_is_named(export, tmp_path):
    with pytest.raises(ModelError, match=r"There is no folder .*missing for anna\.saykey: make it first"):
        packed(export, tmp_path / "missing" / "anna.saykey")


def test_a_folder_is_no_place_for_a_bundle(export, tmp_path):
    (tmp_path / "anna.saykey").mkdir()
    with pytest.raises(ModelError, match=r"anna\.saykey is a folder"):
        packed(export, tmp_path / "anna.saykey")


def test_an_export_that_changes_while_it_is_packed_is_not_signed(export, tmp_path, monkeypatch):
    def looked_at(folder: Path) -> Manifest:
        seen = read_manifest(folder)
        if folder == export:
            change(export, name="bob")
        return seen

    monkeypatch.setattr(packing, "read_manifest", looked_at)
    with pytest.raises(ModelError, match=r"is damaged \(saykey\.json\)"):
        packed(export, tmp_path / "anna.saykey")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export"]


def test_the_real_model_understands_the_self_test(real_settings: Settings, tmp_path):
    folder = resolve(real_settings.recognition)
    file = pack(folder, tmp_path / "tiny.saykey", OWNER.secret_key, report=silent)
    opened = unpacked(file, tmp_path / "folder")
    assert "superlative" in opened.index.self_test.text
