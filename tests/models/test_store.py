from __future__ import annotations

import fcntl
import os
import pwd
import shutil
from pathlib import Path

import pytest

from device import kept_host
from device.errors import ModelError
from device.models.fetch import fetch
from device.models.manifest import read_manifest
from device.models.store import Store, default_root, resolve
from device.settings import RecognitionSettings

NOBODY = pwd.getpwnam("nobody")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


def silent(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def two(store: Store, pristine: Path) -> Store:
    """A store with the models one and two, of which one is in use."""
    for name in ("one", "two"):
        fetch(store, name, pristine, silent)
    return store


def settings(store: Store, model: str = "") -> RecognitionSettings:
    return RecognitionSettings(model=model, store=str(store.root))


def test_the_first_model_is_in_use_until_another_is_chosen(two: Store):
    assert resolve(settings(two)).name == "one"
    two.use("two")
    assert resolve(settings(two)).name == "two"
    assert two.names() == ["one", "two"]


def test_the_settings_may_name_a_model(two: Store):
    assert resolve(settings(two, "two")) == two.root / "two"


def test_the_settings_may_name_a_folder(two: Store, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert resolve(settings(two, "/srv/mine")) == Path("/srv/mine")
    assert resolve(settings(two, "~/mine")) == Path("/home/somebody/mine")


def test_an_empty_store_says_how_to_fill_it(store: Store):
    with pytest.raises(ModelError, match=r"No speech model is installed; run: saykey model fetch tiny\.en"):
        resolve(settings(store))


def test_a_store_without_a_choice_says_how_to_choose(two: Store):
    (two.root / "current").unlink()
    with pytest.raises(ModelError, match="run: saykey model use one"):
        resolve(settings(two))


def test_a_model_that_is_not_there_is_named_with_those_that_are(two: Store):
    with pytest.raises(ModelError, match=r"no speech model 'three' .* \(installed: one, two\)"):
        resolve(settings(two, "three"))


def test_a_choice_that_is_gone_is_named(two: Store):
    shutil.rmtree(two.root / "one")
    with pytest.raises(ModelError, match="no speech model 'one'"):
        resolve(settings(two))


def test_the_place_is_systemds_or_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/saykey:/var/lib/other")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/somebody/data")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_root() == Path("/var/lib/saykey/models")
    monkeypatch.delenv("STATE_DIRECTORY")
    assert default_root() == Path("/home/somebody/data/saykey/models")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(kept_host, "SERVICE_STATE", tmp_path / "none")
    assert default_root() == Path("/home/somebody/.local/share/saykey/models")


def test_where_the_service_is_installed_everybodys_store_is_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_host, "SERVICE_STATE", tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_root() == tmp_path / "models"
    monkeypatch.setenv("XDG_DATA_HOME", "/home/somebody/data")
    assert default_root() == Path("/home/somebody/data/saykey/models")


@needs_root
def test_root_changes_nobody_elses_store(two: Store):
    os.chown(two.root, NOBODY.pw_uid, -1)
    with pytest.raises(ModelError, match=r"belongs to the user nobody: .* sudo -u nobody saykey"):
        two.use("two")
    os.chown(two.root, 4_000_000, -1)
    with pytest.raises(ModelError, match="sudo -u #4000000 saykey"):
        two.use("two")
    assert two.current() == "one"


@needs_root
def test_who_may_not_write_to_a_store_is_told_whose_it_is(two: Store, monkeypatch):
    os.chown(two.root.parent, NOBODY.pw_uid, -1)
    shutil.rmtree(two.root)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ModelError, match="sudo -u nobody saykey"), two.changing():
        pass


def test_a_store_that_its_group_may_write_to_is_changed(two: Store, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    monkeypatch.setattr(os, "access", lambda *_: True)
    two.use("two")
    assert two.current() == "two"


@pytest.mark.parametrize("name", ["", "..", ".incoming", "current", "a/b", "../x", "a" * 65, "a b", "a\n"])
def test_names_that_leave_the_store_are_refused(store: Store, name: str):
    with pytest.raises(ModelError, match="cannot be the name"):
        store.folder(name)


@pytest.mark.parametrize("file", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_one_changed_bit_is_found_and_the_model_not_used(two: Store, file: str):
    path = two.root / "two" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=rf"'two' .* damaged \({file} has changed\).*fetch two --force"):
        two.use("two")
    assert two.current() == "one"
    two.verify("one")


def test_every_damaged_file_is_named(two: Store):
    (two.root / "two" / "config.json").unlink()
    (two.root / "two" / "model.bin").write_bytes(b"short")
    with pytest.raises(ModelError, match=r"model\.bin has 5 bytes instead of \d+, config\.json is missing"):
        two.verify("two")


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b"[]", b'{"name": 1}'])
def test_a_damaged_manifest_is_named(two: Store, damage: bytes):
    (two.root / "two" / "saykey.json").write_bytes(damage)
    with pytest.raises(ModelError, match=r"saykey\.json is damaged"):
        two.verify("two")


def test_a_folder_without_a_manifest_says_how_to_take_it_in(two: Store):
    (two.root / "two" / "saykey.json").unlink()
    with pytest.raises(ModelError, match="saykey model fetch NAME --from"):
        two.verify("two")


def test_a_manifest_of_a_later_version_is_read(two: Store):
    path = two.root / "two" / "saykey.json"
    path.write_text(path.read_text().replace("{", '{"later": {"window": true},', 1))
    assert read_manifest(two.root / "two").name == "two"
    two.verify("two")


def test_only_one_program_changes_the_store_at_a_time(two: Store):
    folder = os.open(two.root, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    (two.root / ".incoming").mkdir()
    try:
        with pytest.raises(ModelError, match="Another saykey command"):
            two.use("two")
    finally:
        os.close(folder)
    assert (two.root / ".incoming").is_dir(), "what the other program does was touched"
    two.use("two")


def test_a_store_that_cannot_be_made_is_named(tmp_path: Path, pristine: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"store .*file/store cannot be changed .*recognition\.store"):
        fetch(Store(tmp_path / "file" / "store"), "one", pristine, silent)


@pytest.mark.parametrize("text", ["/a\0b", "~nobody-of-this-name/models"])
def test_settings_that_can_be_no_path_are_explained(text: str):
    with pytest.raises(ModelError, match=r"recognition\.model or recognition\.store|path from /"):
        resolve(RecognitionSettings(store=text))
    with pytest.raises(ModelError, match=r"recognition\.model or recognition\.store|path from /"):
        resolve(RecognitionSettings(model=f"{text}/one"))


def test_a_store_in_a_place_that_cannot_be_looked_at_is_named(tmp_path: Path, pristine: Path):
    place = tmp_path / ("x" * 300)  # like a folder of somebody else, but for root as well
    with pytest.raises(ModelError, match="File name too long"):
        resolve(RecognitionSettings(store=str(place), model="one"))
    with pytest.raises(ModelError, match="File name too long"):
        fetch(Store(place), "one", pristine, silent)
