from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from device.demo import RECORDING
from device.errors import BundleError, ModelError
from device.models.bundle import open_bundle
from device.models.fetch import fetch
from device.models.self_test import hear
from device.models.store import Store, resolve
from device.models.trust import Trust
from tests import tiny_model
from tests.bundles import OWNER, STRANGER, bundle, encoded, index_of, public
from tests.trainer.flashing.far import Far
from trainer.commands.flash import flash
from trainer.errors import FlashError, OwnerKeyError
from trainer.progress import silent

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

app = typer.Typer()
app.command()(flash)

HOST = "pi@saykey.local"


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A bundle that a device installs: a model that writes at random, and what it makes of the self-test."""
    folder = tmp_path_factory.mktemp("real")
    store = Store(folder / "store")
    fetch(store, "anna", tiny_model.write(folder / "whisper"), silent)
    model = store.folder("anna")
    shutil.copy(RECORDING, model / "selftest.flac")
    files = sorted(model.iterdir(), key=lambda file: file.name != "model.bin")
    parts = {file.name: file.read_bytes() for file in files}
    text, _ = hear(model, "selftest.flac")
    test = {"file": "selftest.flac", "text": text, "most_wrong": 0}
    return bundle(parts, index=encoded(index_of(parts, self_test=test)))


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the owner's keys."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "keys"))
    folder = tmp_path / "keys" / "saykey"
    folder.mkdir(parents=True)
    (folder / "owner.pub").write_bytes(public(OWNER).content)
    (folder / "owner.key").write_bytes(bytes(OWNER.secret_key) + b"\n")
    return folder


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    return Far(tmp_path, monkeypatch)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "100", "TERM": "dumb"})


def written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")
def test_through_ssh_the_device_itself_installs_it(tmp_path, real, keys, far, capfd):
    far.install()
    sent = written(tmp_path / "a.saykey", real)
    done = run(sent, "--ssh", HOST)
    assert done.exit_code == 0, (done.output, done.exception, capfd.readouterr())
    store = Store(far.state / "models")
    name = store.current()
    assert name is not None
    assert name.startswith("anna-")
    store.verify(name)
    assert Trust(far.state / "owner.pub").key() == public(OWNER)
    assert name in capfd.readouterr().out

    stranger = written(tmp_path / "b.saykey", bundle(pair=STRANGER))
    refused = run(stranger, "--ssh", HOST)
    assert isinstance(refused.exception, FlashError)
    assert "has refused: see above why" in str(refused.exception)
    assert f"signed with the key {public(STRANGER).id}" in capfd.readouterr().err
    assert store.current() == name


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")
def test_by_the_drive_the_device_itself_takes_it_and_its_words_are_printed(tmp_path, real, keys, far):
    far.install()
    far.write_gio()
    drive = tmp_path / "SAYKEY"
    drive.mkdir()
    (drive / "INFO.TXT").write_text("Saykey\r\nSerial: 12\r\nKey: none yet\r\n")
    done = run(written(tmp_path / "a.saykey", real), "--drive", drive)
    assert done.exit_code == 0, (done.output, done.exception)
    name = Store(far.state / "models").current()
    assert name is not None
    first, second = done.stdout.splitlines()
    assert public(OWNER).id in first
    assert name in second
    assert {file.name for file in drive.iterdir()} == {"INFO.TXT", "RESULT.TXT"}

    (drive / "INFO.TXT").write_text(f"Saykey\nSerial: 12\nKey: {public(OWNER).id}\n")
    refused = run(written(tmp_path / "b.saykey", bundle()), "--drive", drive)
    assert refused.exit_code == 1
    assert isinstance(refused.exception, SystemExit)
    assert "anna.saykey was refused, and the model is as before" in refused.stdout
    assert Store(far.state / "models").current() == name


def test_a_card_gets_it_for_the_next_start(tmp_path, keys):
    (tmp_path / "config.txt").touch()
    done = run(written(tmp_path / "a.saykey", bundle()), "--card", tmp_path)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "saykey" / "anna.saykey").read_bytes() == bundle()
    assert (tmp_path / "saykey" / "SAYKEY.PUB").read_bytes() == public(OWNER).content
    told = done.stdout.replace("\n", "")
    assert "Eject the card: the device takes it at its next start" in told
    assert str(tmp_path / "saykey" / "RESULT.TXT") in told


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")
def test_an_export_is_packed_and_signed_on_the_way(tmp_path, keys, real_settings, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "config.txt").touch()
    done = run(resolve(real_settings.recognition), "--card", tmp_path)
    assert done.exit_code == 0, (done.output, done.exception)
    with (tmp_path / "saykey" / "tiny.en.saykey").open("rb") as stream:
        assert open_bundle(stream, public(OWNER)).index.name == "tiny.en"
    assert {file.name for file in tmp_path.iterdir()} == {"config.txt", "keys", "saykey"}


def test_there_is_one_way_at_a_time(tmp_path):
    done = run(tmp_path, "--card", tmp_path, "--ssh", HOST)
    assert done.exit_code == 2
    assert "one of --drive, --ssh and --card" in done.stderr


def test_what_is_wrong_is_said_before_a_device_is_looked_for(tmp_path, keys):
    no_bundle = written(tmp_path / "a.saykey", b"no bundle" * 100)
    for arguments, error, message in (
        ((no_bundle,), BundleError, "no bundle"),
        ((tmp_path / "none",), FlashError, "cannot be read"),
        ((tmp_path,), ModelError, "holds no speech model"),
    ):
        done = run(*arguments)
        assert done.stdout == ""
        with pytest.raises(error, match=message):
            raise done.exception or AssertionError(done.output)


def test_an_export_cannot_be_signed_without_a_key(tmp_path, keys):
    (keys / "owner.key").unlink()
    (keys / "owner.pub").unlink()
    done = run(tmp_path)
    with pytest.raises(OwnerKeyError, match="saykey-trainer keys new"):
        raise done.exception or AssertionError(done.output)
