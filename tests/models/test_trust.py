from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from device.errors import BundleError, ModelError
from device.models.trust import Trust
from tests.bundles import STRANGER, public

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "owner.pub"


def test_nobody_is_trusted_at_first(file):
    assert Trust(file).key() is None
    assert not Trust(file).forget()


def test_the_first_key_is_kept_and_the_second_refused(file):
    trust = Trust(file)
    trust.trust(public())
    trust.trust(public())
    with pytest.raises(BundleError) as refused:
        trust.trust(public(STRANGER))
    assert public(STRANGER).id in str(refused.value)
    assert public().id in str(refused.value)
    assert Trust(file).key() == public()
    assert [path.name for path in file.parent.iterdir()] == ["owner.pub"]


def test_after_the_owner_is_forgotten_another_may_come(file):
    trust = Trust(file)
    trust.trust(public())
    assert trust.forget()
    assert trust.key() is None
    trust.trust(public(STRANGER))
    assert trust.key() == public(STRANGER)


@pytest.mark.parametrize("content", [b"", b"untrusted comment: minisign public key\nRW", b"\xff" * 100])
def test_a_damaged_file_makes_nobody_the_owner(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(BundleError, match="is damaged: show this device your key again"):
        Trust(file).key()
    assert Trust(file).forget()


def test_a_damaged_file_is_mended_by_who_may_show_the_first_key(file):
    file.parent.mkdir()
    file.write_bytes(public().content[:-20])
    trust = Trust(file)
    assert trust.shown() is None
    trust.trust(public())
    assert trust.key() == trust.shown() == public()
    with pytest.raises(BundleError, match="belongs to"):
        trust.trust(public(STRANGER))


def test_a_full_disk_leaves_nobody_trusted(file, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(ModelError, match="No space left"):
            Trust(file).trust(public())
    assert Trust(file).key() is None
    Trust(file).trust(public())
    assert Trust(file).key() == public()


def test_what_cannot_be_read_is_said(file):
    file.mkdir(parents=True)
    with pytest.raises(ModelError, match="cannot be read"):
        Trust(file).key()
    with pytest.raises(ModelError, match="cannot be changed"):
        Trust(file).forget()


def test_the_state_folder_is_its_place(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    Trust().trust(public())
    assert (tmp_path / "owner.pub").read_bytes() == public().content
