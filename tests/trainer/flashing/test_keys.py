from __future__ import annotations

import errno
import os
import shlex
import shutil
import stat
import subprocess

import minisign
import pytest

from device.models.signature import verify
from trainer.errors import OwnerKeyError
from trainer.flashing import keys

needs_minisign = pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_OPSLIMIT", 1 << 15)
    monkeypatch.setattr(keys, "_MEMLIMIT", 1 << 24)


def never_asked() -> str:
    raise AssertionError


@needs_minisign
def test_what_the_pair_signs_is_verified_by_it(tmp_path):
    made = keys.make(tmp_path / "new" / "saykey")
    public = keys.public_key(tmp_path / "new" / "saykey")
    secret = keys.secret_key(tmp_path / "new" / "saykey", never_asked)
    assert made == public
    assert verify(b"content", bytes(secret.sign(b"content", trusted_comment="yes")), public) == "yes"


def test_the_secret_key_is_readable_to_its_owner_alone(tmp_path):
    keys.make(tmp_path / "saykey")
    assert stat.S_IMODE((tmp_path / "saykey" / "owner.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "saykey").stat().st_mode) == 0o700
    assert sorted(path.name for path in (tmp_path / "saykey").iterdir()) == ["owner.key", "owner.pub"]


@pytest.mark.parametrize("there", ["owner.key", "owner.pub"])
def test_a_key_is_never_overwritten(tmp_path, there):
    (tmp_path / there).write_bytes(b"mine")
    with pytest.raises(OwnerKeyError, match=f"{there} is there already"):
        keys.make(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {there: b"mine"}


def test_not_even_one_that_comes_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "check_free", lambda _folder: None)
    (tmp_path / "owner.key").write_bytes(b"mine")
    with pytest.raises(OwnerKeyError, match="is there already"):
        keys.make(tmp_path)
    assert (tmp_path / "owner.key").read_bytes() == b"mine"


def test_on_a_stick_whose_file_system_has_no_links_it_is_the_same(tmp_path, monkeypatch):
    def refuse(*_paths):  # vfs_link() of Linux, for FAT
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    made = keys.make(tmp_path)
    assert keys.public_key(tmp_path) == made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["owner.key", "owner.pub"]
    before = (tmp_path / "owner.key").read_bytes()
    monkeypatch.setattr(keys, "check_free", lambda _folder: None)
    (tmp_path / "owner.pub").unlink()
    with pytest.raises(OwnerKeyError, match=r"owner\.key is there already"):
        keys.make(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"owner.key": before}


def test_a_full_disk_leaves_no_half_key(tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OwnerKeyError, match="No space left"):
            keys.make(tmp_path)
    assert list(tmp_path.iterdir()) == []
    keys.make(tmp_path)


def test_a_password_locks_it(tmp_path):
    keys.make(tmp_path, "correct horse")
    keys.secret_key(tmp_path, lambda: "correct horse").sign(b"content")
    with pytest.raises(OwnerKeyError, match="another password"):
        keys.secret_key(tmp_path, lambda: "battery staple")


@needs_minisign
@pytest.mark.parametrize("password", ["", "correct horse"])
def test_minisign_signs_with_it(tmp_path, password):
    public = keys.make(tmp_path, password)
    (tmp_path / "content").write_bytes(b"content")
    done = subprocess.run(
        ["minisign", "-S", *([] if password else ["-W"]), "-s", "owner.key", "-m", "content"],
        cwd=tmp_path,
        input=password.encode() + b"\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verify(b"content", (tmp_path / "content.minisig").read_bytes(), public)


@needs_minisign
def test_a_pair_that_minisign_made_can_be_used(tmp_path):
    subprocess.run(
        ["minisign", "-G", "-W", "-p", "owner.pub", "-s", "owner.key"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    secret = keys.secret_key(tmp_path, never_asked)
    verify(b"content", bytes(secret.sign(b"content")), keys.public_key(tmp_path))


def test_what_is_missing_or_damaged_is_named(tmp_path):
    with pytest.raises(OwnerKeyError, match=r"owner\.pub is not there: run saykey-trainer keys new"):
        keys.public_key(tmp_path)
    with pytest.raises(OwnerKeyError, match=r"owner\.key is not there"):
        keys.secret_key(tmp_path, never_asked)
    for content in (b"", b"\xff" * 200, b"untrusted comment: x\nRWQ=\n"):
        (tmp_path / "owner.key").write_bytes(content)
        (tmp_path / "owner.pub").write_bytes(content)
        with pytest.raises(OwnerKeyError, match="is no secret key"):
            keys.secret_key(tmp_path, never_asked)
        with pytest.raises(OwnerKeyError, match=r"owner\.pub is no public key: write it anew: minisign -R"):
            keys.public_key(tmp_path)


def test_half_a_pair_is_not_mended_by_another_pair(tmp_path):
    keys.make(tmp_path)
    (tmp_path / "owner.pub").rename(tmp_path / "away")
    with pytest.raises(OwnerKeyError, match=r"owner\.pub is not there: write it anew: minisign -R"):
        keys.public_key(tmp_path)
    keys.secret_key(tmp_path, never_asked)
    (tmp_path / "away").rename(tmp_path / "owner.pub")
    (tmp_path / "owner.key").unlink()
    with pytest.raises(OwnerKeyError, match=r"owner\.key is not there: bring back your copy of it"):
        keys.secret_key(tmp_path, never_asked)


@needs_minisign
def test_minisign_writes_the_public_key_anew_as_it_is_told(tmp_path):
    public = keys.make(tmp_path)
    (tmp_path / "owner.pub").unlink()
    with pytest.raises(OwnerKeyError) as refused:
        keys.public_key(tmp_path)
    subprocess.run(shlex.split(str(refused.value).partition("anew: ")[2]), capture_output=True, check=True)
    assert keys.public_key(tmp_path) == public


def test_a_public_key_of_another_pair_is_noticed_before_anything_is_signed(tmp_path):
    keys.make(tmp_path / "mine")
    other = keys.make(tmp_path / "other")
    (tmp_path / "mine" / "owner.pub").write_bytes(other.content)
    with pytest.raises(OwnerKeyError, match=rf"owner\.pub is {other.id}, but .*owner\.key belongs to"):
        keys.secret_key(tmp_path / "mine", never_asked)


def test_too_little_memory_for_a_password_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def hungry(*_arguments: object, **_options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(minisign.SecretKey, "encrypt", hungry)
    with pytest.raises(OwnerKeyError, match="16 MB of free memory: close other programs"):
        keys.make(tmp_path, "horse")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_before_the_second_key_leaves_none(tmp_path, monkeypatch):
    sync, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OwnerKeyError, match="No space left"):
        keys.make(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_names_of_both_keys_are_brought_to_the_disk(tmp_path, monkeypatch):
    synced = []

    def sync(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), tmp_path.stat()):
            synced.append(sorted(file.name for file in tmp_path.iterdir()))

    monkeypatch.setattr(os, "fsync", sync)
    keys.make(tmp_path)
    assert synced == [["owner.key", "owner.pub"]]


def test_the_users_folder_for_settings_is_the_place(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert keys.default_folder() == tmp_path / "saykey"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keys.default_folder() == tmp_path / ".config" / "saykey"
