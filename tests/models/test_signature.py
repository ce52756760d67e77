from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minisign import KeyPair

from device.errors import BundleError
from device.models.signature import PublicKey, verify
from tests.bundles import OWNER, STRANGER, public, sign

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")


def minisign(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["minisign", *arguments], cwd=folder, capture_output=True, text=True, check=False, input=""
    )


def test_the_comment_of_a_right_signature_is_given():
    assert verify(b"content", sign(b"content", comment="für Anna"[-4:]), public()) == "Anna"


@pytest.mark.parametrize(
    ("content", "signature", "sentence"),
    [
        (b"content", sign(b"other"), "does not belong to the bundle"),
        (b"content", sign(b"content").replace(b"saykey bundle", b"Saykey bundle"), "does not belong"),
        (b"content", sign(b"content", STRANGER), "is signed with the key"),
        (b"content", b"", "is damaged"),
        (b"content", b"\xff" * 300, "is damaged"),
        (b"content", sign(b"content").replace(b"=", b"!", 1), "is damaged"),
        (b"content", b"\n".join(sign(b"content").splitlines()[:2]), "is damaged"),
        (b"content", sign(b"content") + b"x\n", "is damaged"),
        (b"content", bytes(OWNER.secret_key.sign(b"content", prehash=False)), "legacy format"),
    ],
)
def test_a_wrong_signature_is_refused(content, signature, sentence):
    with pytest.raises(BundleError) as refused:
        verify(content, signature, public())
    assert sentence in str(refused.value)


def test_both_keys_are_named_where_another_signed():
    with pytest.raises(BundleError) as refused:
        verify(b"content", sign(b"content", STRANGER), public())
    assert public().id in str(refused.value)
    assert public(STRANGER).id in str(refused.value)


def test_a_key_that_only_calls_itself_the_owners_is_refused():
    lines = sign(b"content", STRANGER).splitlines()
    forged = STRANGER.secret_key
    forged._keynum_sk.key_id[:] = OWNER.public_key._keynum_pk.key_id
    try:
        signature = bytes(forged.sign(b"content"))
    finally:
        forged._keynum_sk.key_id[:] = STRANGER.public_key._keynum_pk.key_id
    assert signature.splitlines()[1] != lines[1]
    with pytest.raises(BundleError, match="does not belong"):
        verify(b"content", signature, public())


@settings(max_examples=150)
@given(st.data())
def test_any_changed_byte_is_refused(data):
    signature = bytearray(sign(b"content"))
    # The first line is a comment that nobody vouches for. The last letter of base64 has bits that say
    # nothing: with others of them it is the same signature.
    places = set(range(signature.index(b"\n") + 1, len(signature) - 1))
    places -= {found.start() for found in re.finditer(rb"[^=]=", signature)}
    signature[data.draw(st.sampled_from(sorted(places)))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BundleError):
        verify(b"content", bytes(signature), public())


def test_minisign_itself_signs_what_is_accepted(tmp_path):
    assert minisign("-G", "-W", "-p", "owner.pub", "-s", "owner.key", folder=tmp_path).returncode == 0
    (tmp_path / "bundle.json").write_bytes(b"{}")
    signed = minisign("-S", "-W", "-s", "owner.key", "-t", "by hand", "-m", "bundle.json", folder=tmp_path)
    assert signed.returncode == 0, signed.stderr
    key = PublicKey.parse((tmp_path / "owner.pub").read_bytes())
    # minisign leaves leading zeros away.
    assert f"minisign public key {int(key.id, 16):X}\n".encode() in (tmp_path / "owner.pub").read_bytes()
    signature = (tmp_path / "bundle.json.minisig").read_bytes()
    assert verify(b"{}", signature, key) == "by hand"
    minisign("-S", "-l", "-W", "-s", "owner.key", "-m", "bundle.json", folder=tmp_path)
    with pytest.raises(BundleError, match="without -l"):
        verify(b"{}", (tmp_path / "bundle.json.minisig").read_bytes(), key)


def test_the_file_of_a_key_is_one_of_minisigns(tmp_path):
    (tmp_path / "owner.pub").write_bytes(public().content)
    (tmp_path / "content").write_bytes(b"content")
    (tmp_path / "content.minisig").write_bytes(sign(b"content"))
    done = minisign("-V", "-p", "owner.pub", "-m", "content", folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "content",
    [
        public().content,
        public().text.encode(),
        b"\xef\xbb\xbf" + public().content.replace(b"\n", b"\r\n") + b"\r\n",
        b"\n  " + public().text.encode() + b"  \n",
    ],
)
def test_a_key_is_read_however_it_came(content):
    assert PublicKey.parse(content) == public()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"untrusted comment: nothing",
        b"RWQ=",
        b"\xff\xfe\0",
        sign(b"content"),
        public().content * 2,
        public().text.encode().replace(b"RW", b"RU", 1),
    ],
)
def test_what_is_no_key_is_refused(content):
    with pytest.raises(BundleError, match="is no public key"):
        PublicKey.parse(content)


@pytest.mark.parametrize("password", ["", "horse"])
def test_a_secret_key_is_told_from_what_is_no_key_and_not_repeated(password: str):
    secret = KeyPair.generate().secret_key
    if password:
        secret.encrypt(password, opslimit=1 << 15, memlimit=1 << 24)
    content = bytes(secret)
    line = content.splitlines()[1]
    for dropped in (content, line, content.replace(b"\n", b"\r\n"), public().content + content):
        with pytest.raises(BundleError, match=r"^This is your secret key, not the public one: ") as refused:
            PublicKey.parse(dropped)
        assert line.decode()[:20] not in str(refused.value)


def test_the_secret_key_that_minisign_makes_is_known(tmp_path):
    assert minisign("-G", "-W", "-p", "owner.pub", "-s", "owner.key", folder=tmp_path).returncode == 0
    with pytest.raises(BundleError, match="secret key"):
        PublicKey.parse((tmp_path / "owner.key").read_bytes())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_key_or_refused(content):
    with suppress(BundleError):
        assert len(PublicKey.parse(content).id) == 16


def test_where_minisign_is_missing_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BundleError, match="apt install minisign"):
        verify(b"content", sign(b"content"), public())


def test_a_minisign_that_hangs_is_given_up(monkeypatch, tmp_path):
    program = tmp_path / "minisign"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("device.models.signature._TIMEOUT_S", 0.1)
    with pytest.raises(BundleError, match="no answer"):
        verify(b"content", sign(b"content"), public())
