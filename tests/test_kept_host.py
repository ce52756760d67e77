"""What is kept of the choice of a host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import kept_host
from device.kept_host import KeptHost, state_folder
from tests.paired_desk import TABLET

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For tests that make many files."""
    return tmp_path_factory.mktemp("state")


@given(st.binary(max_size=60) | st.sampled_from([b'{"address": 1, "name": "a"}', b"[]", b"3", b"[" * 5000]))
def test_a_file_that_holds_anything_else_is_as_good_as_none(folder: Path, content: bytes):
    file = folder / "anything.json"
    file.write_bytes(content)
    assert KeptHost(file).read() is None


@given(st.text(), st.text())
def test_what_is_kept_is_read_again(folder: Path, address: str, name: str):
    file = folder / "kept.json"
    kept = KeptHost(file)
    kept.keep("other", "one")
    kept.keep(address, name)
    kept.close()
    assert KeptHost(file).read() == (address, name)
    assert [each.name for each in folder.glob("kept*")] == ["kept.json"]


def test_where_nothing_can_be_kept_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "file").write_text("")
    kept = KeptHost(tmp_path / "file" / "host.json")
    kept.keep(TABLET, "Tablet")
    kept.close()
    assert "will be forgotten" in caplog.text
    assert "Tablet" not in caplog.text
    assert kept.read() is None


def test_a_write_that_was_cut_off_leaves_what_was_kept_before(tmp_path: Path):
    file = tmp_path / "host.json"
    file.write_text(json.dumps({"address": TABLET, "name": "Tablet"}))
    file.with_name(".host.json.0123abcd.new").write_text('{"addr')
    kept = KeptHost(file)
    assert kept.read() == (TABLET, "Tablet")
    kept.keep("usb", "usb")
    kept.close()
    assert kept.read() == ("usb", "usb")


def test_the_folder_is_systemds_or_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/saykey:/var/lib/other")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/somebody/state")
    assert str(state_folder()) == "/var/lib/saykey"
    monkeypatch.delenv("STATE_DIRECTORY")
    assert str(state_folder()) == "/home/somebody/state/saykey"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setattr(kept_host, "SERVICE_STATE", tmp_path / "none")
    assert str(state_folder()) == "/home/somebody/.local/state/saykey"
    monkeypatch.setattr(kept_host, "SERVICE_STATE", tmp_path)
    assert state_folder() == tmp_path
