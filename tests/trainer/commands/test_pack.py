from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

from device.models.bundle import open_bundle
from device.models.store import resolve
from trainer.cli import app
from trainer.errors import OwnerKeyError
from trainer.flashing import keys


def test_pack_needs_a_key(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["pack", str(tmp_path), "--out", str(tmp_path / "anna.saykey")])
    assert isinstance(done.exception, OwnerKeyError)
    assert "saykey-trainer keys new" in str(done.exception)


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")
def test_pack_asks_for_the_password_and_writes_a_bundle(monkeypatch, tmp_path, real_settings):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keys, "_OPSLIMIT", 1 << 15)
    monkeypatch.setattr(keys, "_MEMLIMIT", 1 << 24)
    key = keys.make(keys.default_folder(), "horse")
    file = tmp_path / "tiny.saykey"
    arguments = ["pack", str(resolve(real_settings.recognition)), "--out", str(file)]
    done = CliRunner().invoke(app, arguments, input="horse\n")
    assert done.exit_code == 0, done.output
    assert f"saykey-trainer flash {file}" in done.stdout
    with file.open("rb") as stream:
        assert open_bundle(stream, key).index.name == "tiny.en"
