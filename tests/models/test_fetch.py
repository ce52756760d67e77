from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from device.errors import ModelError
from device.models import catalogue, files, hub
from device.models.catalogue import CATALOGUE, Known
from device.models.check import check
from device.models.convert import quantization
from device.models.fetch import fetch
from device.models.manifest import (
    MANIFEST,
    SILENCE,
    Manifest,
    has_short_window,
    read_manifest,
    write_manifest,
)
from device.models.store import Store
from device.speech.features import MAX_SAMPLES, log_mel
from tests import tiny_model


def silent(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def known(monkeypatch: pytest.MonkeyPatch, sha: str, package: str = "") -> None:
    monkeypatch.setitem(CATALOGUE, "known", Known(sha, package))


def leftovers(store: Store) -> list[str]:
    return [entry.name for entry in store.root.iterdir() if entry.name.startswith(".")]


def test_a_folder_is_taken_in_as_int8(store: Store, model: Path):
    manifest = fetch(store, "mine", model, silent)
    folder = store.root / "mine"
    assert quantization(check(folder).contents) == "int8"
    assert manifest.source == f"folder {model}"
    assert manifest.source_sha256 == sha256(model / "model.bin")
    assert {name: file.sha256 for name, file in manifest.files.items()} == {
        name: sha256(folder / name)
        for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json", SILENCE)
    }
    assert read_manifest(folder) == manifest
    assert store.current() == "mine"
    assert leftovers(store) == []
    store.verify("mine")


def test_what_was_taken_in_can_be_run(store: Store, model: Path):
    fetch(store, "mine", model, silent)
    loaded = ctranslate2.models.Whisper(str(store.root / "mine"), compute_type="int8", intra_threads=1)
    memory = ctranslate2.StorageView.from_array(np.zeros((1, tiny_model.MELS, 100), np.float32))
    assert loaded.generate(memory, [["<|startoftranscript|>", "<|notimestamps|>"]], max_length=5)


def test_what_the_model_makes_of_silence_is_kept_beside_it(store: Store, model: Path):
    fetch(store, "mine", model, silent)
    loaded = ctranslate2.models.Whisper(str(store.root / "mine"), compute_type="int8", intra_threads=1)
    nothing = log_mel(np.zeros(MAX_SAMPLES, np.float32), tiny_model.MELS)[np.newaxis]
    expected = np.asarray(loaded.encode(ctranslate2.StorageView.from_array(nothing)))
    kept = np.load(store.root / "mine" / SILENCE)
    assert kept.dtype == np.float32
    assert kept.shape == (1, 1500, tiny_model.WIDTH)
    np.testing.assert_allclose(kept, expected, atol=0.01)


@pytest.mark.parametrize("damage", ["missing", "cut short", "changed"])
def test_damage_to_the_kept_silence_is_found(store: Store, model: Path, damage: str):
    fetch(store, "mine", model, silent)
    file = store.root / "mine" / SILENCE
    content = bytearray(file.read_bytes())
    if damage == "missing":
        file.unlink()
    elif damage == "cut short":
        file.write_bytes(content[:-1])
    else:
        content[-1] ^= 1
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"silence\.npy (is missing|has \d+ bytes|has changed)"):
        store.verify("mine")


def short(model: Path) -> Path:
    """Describe a model as one that was trained for short windows."""
    sums = {file.name: files.FileSum(sha256(file), file.stat().st_size) for file in model.iterdir()}
    origin = sums["model.bin"].sha256
    write_manifest(model, Manifest("mine", "trained", origin, "float16", "4.6.0", sums, short_window=True))
    return model


def test_a_model_for_short_windows_stays_one_and_keeps_no_silence(store: Store, model: Path):
    manifest = fetch(store, "mine", short(model), silent)
    assert manifest.short_window
    assert SILENCE not in manifest.files
    assert not (store.root / "mine" / SILENCE).exists()
    assert has_short_window(store.root / "mine")
    store.verify("mine")


def test_a_model_is_for_short_windows_only_where_its_manifest_says_so(store: Store, model: Path):
    assert not has_short_window(model)
    fetch(store, "mine", model, silent)
    assert not has_short_window(store.root / "mine")
    (store.root / "mine" / MANIFEST).write_text("{")
    with pytest.raises(ModelError, match=r"saykey\.json is damaged"):
        has_short_window(store.root / "mine")


def test_a_manifest_from_before_short_windows_is_read(store: Store, model: Path):
    fetch(store, "mine", model, silent)
    file = store.root / "mine" / MANIFEST
    content = json.loads(file.read_text())
    del content["short_window"]
    file.write_text(json.dumps(content))
    assert not has_short_window(store.root / "mine")
    store.verify("mine")


def test_a_model_is_found_some_folders_below(store: Store, model: Path, tmp_path: Path):
    deep = tmp_path / "unpacked" / "package"
    deep.mkdir(parents=True)
    model.rename(deep / "model")
    assert fetch(store, "mine", tmp_path / "unpacked", silent).size > 0


def test_several_models_below_are_named(store: Store, model: Path):
    for name in ("a", "b"):
        shutil.copytree(model, model / name)
    (model / "model.bin").unlink()
    with pytest.raises(ModelError, match=r"several models: name one of .*/a, .*/b"):
        fetch(store, "mine", model, silent)


def test_a_package_is_found_without_running_its_code(store: Store, model: Path, tmp_path: Path, monkeypatch):
    package = tmp_path / "site" / "carries_a_model"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('this was run')")
    model.rename(package / "model")
    monkeypatch.syspath_prepend(tmp_path / "site")
    known(monkeypatch, sha256(package / "model" / "model.bin"), "carries_a_model")
    assert fetch(store, "known", None, silent).source == "package carries_a_model"


def test_the_hub_is_asked_last(store: Store, model: Path, monkeypatch):
    known(monkeypatch, sha256(model / "model.bin"), "no_such_package_is_installed")

    def download(name: str, folder: Path) -> Path:
        return Path(shutil.copytree(model, folder / name / "snapshot"))

    monkeypatch.setattr(hub, "download", download)
    assert fetch(store, "known", None, silent).source == "hub known"
    assert leftovers(store) == []


def test_a_known_name_is_only_for_the_known_model(store: Store, model: Path, monkeypatch):
    known(monkeypatch, "0" * 64)
    with pytest.raises(ModelError, match=r"is not known, or is damaged .*give it another name"):
        fetch(store, "known", model, silent)
    assert store.names() == []


def test_a_model_of_another_store_keeps_its_origin(store: Store, model: Path, tmp_path: Path, monkeypatch):
    known(monkeypatch, sha256(model / "model.bin"))
    other = Store(tmp_path / "other")
    fetch(other, "known", model, silent)
    manifest = fetch(store, "known", other.root / "known", silent)
    assert manifest == read_manifest(other.root / "known")
    (other.root / "known" / "config.json").write_text("{} ")
    with pytest.raises(ModelError, match=r"damaged \(config\.json has"):
        fetch(store, "known", other.root / "known", silent, force=True)


def test_a_model_is_replaced_only_by_force(store: Store, model: Path, tmp_path: Path):
    first = fetch(store, "mine", model, silent)
    other = tiny_model.write(tmp_path / "other", seed=1)
    with pytest.raises(ModelError, match="--force"):
        fetch(store, "mine", other, silent)
    second = fetch(store, "mine", other, silent, force=True)
    assert second.source_sha256 != first.source_sha256
    assert read_manifest(store.root / "mine") == second
    assert leftovers(store) == []


def test_a_damaged_source_leaves_the_store_as_it_was(store: Store, model: Path):
    fetch(store, "mine", model, silent)
    with (model / "model.bin").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(ModelError, match=r"model\.bin is damaged"):
        fetch(store, "mine", model, silent, force=True)
    assert leftovers(store) == []
    store.verify("mine")


class FillingDisk:
    """Takes so many writes, then no more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writes = 0
        self.room: float = float("inf")
        self.error = errno.ENOSPC
        write = files.SummedFile.write

        def limited(file: files.SummedFile, data: bytes) -> None:
            if self.writes >= self.room:
                raise OSError(self.error, os.strerror(self.error))
            self.writes += 1
            write(file, data)

        monkeypatch.setattr(files.SummedFile, "write", limited)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.98, 0.999])
def test_a_disk_that_fills_up_is_named_and_left_clean(store, model, monkeypatch, error: int, share: float):
    disk = FillingDisk(monkeypatch)
    fetch(store, "old", model, silent)
    disk.room, disk.error = disk.writes + int(share * disk.writes), error
    with pytest.raises(
        ModelError, match=r"no room for 'new' \(2 MB needed, \d+ MB free\).*recognition\.store"
    ):
        fetch(store, "new", model, silent)
    assert store.names() == ["old"]
    assert leftovers(store) == []
    store.verify("old")


def test_a_disk_that_is_too_small_is_not_filled_first(store: Store, model: Path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9 << 20, 9 << 20, 1000))
    monkeypatch.setattr(files.SummedFile, "write", None)
    with pytest.raises(ModelError, match=r"2 MB needed, 0 MB free"):
        fetch(store, "new", model, silent)
    assert leftovers(store) == []


def test_a_disk_that_fills_up_while_downloading_is_named(store: Store, monkeypatch):
    def download(_name: str, folder: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    monkeypatch.setattr(hub, "download", download)
    with pytest.raises(ModelError, match=r"no room for 'base' \(about one and a half times"):
        fetch(store, "base", None, silent)
    assert leftovers(store) == []


SCRIPT = """
import resource, sys
from pathlib import Path
from device.errors import ModelError
from device.models.fetch import fetch
from device.models.store import Store
root, name, folder, largest = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), int(largest)))
try:
    fetch(Store(Path(root)), name, Path(folder) if folder else None, lambda what, done: None)
except ModelError as error:
    print(error)
"""


def fetched_elsewhere(*arguments: object, **environment: str) -> str:
    """Fetch in another process; give what it says."""
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return done.stdout


def test_the_kernel_refusing_a_write_is_named_and_left_clean(store: Store, model: Path):
    assert "no room for 'new'" in fetched_elsewhere(store.root, "new", model, 20_000)
    assert list(store.root.iterdir()) == []


def test_without_a_network_the_download_says_what_to_do(store: Store, tmp_path: Path):
    said = fetched_elsewhere(
        store.root, "base.en", "", -1, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "home")
    )
    assert "'base.en' cannot be downloaded" in said
    assert "--from FOLDER" in said
    assert list(store.root.iterdir()) == []


def test_a_name_that_nobody_knows_is_refused(store: Store):
    with pytest.raises(ModelError, match=r"no model named 'tinny' \(tiny\.en, .*--from FOLDER"):
        fetch(store, "tinny", None, silent)


@pytest.mark.model
def test_the_real_model_is_the_known_one(store: Store, real_model: Path):
    manifest = fetch(store, "tiny.en", None, silent)
    assert manifest.source_sha256 == CATALOGUE["tiny.en"].sha256
    assert manifest.files["model.bin"].size < 40_000_000
    assert catalogue.model_in(real_model.parent) == real_model
    store.verify("tiny.en")
