from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import BundleError
from device.models.bundle import open_bundle, parse_index
from tests.bench.broken_bundles import KINDS
from tests.bench.fuzz_bundle import Fuzz, memory
from tests.bundles import (
    ENDING,
    OWNER,
    PARTS,
    STRANGER,
    Pipe,
    bundle,
    encoded,
    header_with,
    index_of,
    joined,
    member,
    public,
    sign,
)

if TYPE_CHECKING:
    from typing import BinaryIO

pytestmark = pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")

INDEX = encoded(index_of())
STORED = [member(name, content) for name, content in PARTS.items()]
BEGINNING = [member("bundle.minisig", sign(INDEX)), member("bundle.json", INDEX)]


def silent(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


def unpack(content: bytes, folder: Path) -> str:
    opened = open_bundle(cast("BinaryIO", Pipe(content, 1 << 16)), public())
    opened.unpack(folder, silent)
    return opened.id


def lying(**changes: object) -> bytes:
    return bundle(index=encoded(index_of(**changes)))


def listing(**parts: object) -> bytes:
    return lying(parts=index_of()["parts"] | parts)


def flipped(content: bytes, needle: bytes) -> bytes:
    place = content.index(needle)
    return content[:place] + bytes([content[place] ^ 0x01]) + content[place + 1 :]


def forged(signature: bytes) -> bytes:
    """Return a signature whose bytes are another's, but still base64: a changed letter may be none."""
    comment, encoded_bytes, *rest = signature.splitlines()
    raw = base64.b64decode(encoded_bytes)
    return b"\n".join((comment, base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 0x01])), *rest)) + b"\n"


def of_another_size(name: str, size: int) -> bytes:
    stored = [
        header_with(124, b"%011o\0" % size, of=each) if each.startswith(name.encode() + b"\0") else each
        for each in STORED
    ]
    return joined(*BEGINNING, *stored)


REFUSED = {
    "signed by a stranger": (bundle(pair=STRANGER), "is signed with the key"),
    "not signed": (joined(*BEGINNING[1:], *STORED), "is not signed"),
    "signed for another index": (bundle(signature=sign(b"{}")), "signature does not belong"),
    "signed for another purpose": (bundle(signature=sign(INDEX, comment="my taxes")), "something else"),
    "signed as another model": (
        bundle(signature=sign(INDEX, comment="saykey bundle 1 bert")),
        "'saykey bundle 1 bert'",
    ),
    "signed in the legacy format": (
        bundle(signature=bytes(OWNER.secret_key.sign(INDEX, prehash=False))),
        "legacy format",
    ),
    "the signature changed": (bundle(signature=forged(sign(INDEX))), "signature does not belong"),
    "the index changed": (flipped(bundle(), b"And you"), "signature does not belong"),
    **{
        f"{name} changed": (flipped(bundle(), content or b"?"), f"{name} in the bundle is damaged")
        for name, content in PARTS.items()
    },
    "an older format": (lying(format=0), "older trainer: pack it again"),
    "a newer format": (lying(format=2), "update the device"),
    "another newer format": (
        bundle(index=b'{"format": 7}', signature=sign(b'{"format": 7}', comment="saykey bundle 7 anna")),
        "update the device",
    ),
    "no index": (bundle(index=b"[]"), "bundle.json in the bundle is not as it should be"),
    "no JSON": (bundle(index=b"\xff"), "bundle.json in the bundle is not as it should be"),
    "a deep index": (bundle(index=b"[" * 100_000), "bundle.json in the bundle is not as it should be"),
    "no JSON in what is passed over": (
        bundle(index=encoded(index_of(colour="green")).replace(b"green", b"\xcb")),
        "bundle.json in the bundle is not as it should be",
    ),
    "no name": (lying(name=""), "names the model ''"),
    "a name that is a path": (lying(name="../anna"), "names the model '../anna'"),
    "a long name": (lying(name="a" * 56), "names the model 'aaa"),
    "a part that is a path": (listing(**{"../x": {"sha256": "0" * 64, "size": 1}}), "lists '../x'"),
    "the index as a part": (listing(**{"bundle.json": {"sha256": "0" * 64, "size": 1}}), "'bundle.json'"),
    "a part below nothing": (listing(**{"model.bin": {"sha256": "0" * 64, "size": -1}}), "size or sha256"),
    "no sum": (listing(**{"model.bin": {"sha256": "", "size": 1}}), "size or sha256"),
    "a huge part": (listing(big={"sha256": "0" * 64, "size": 9 << 30}), "more than 8 GiB"),
    "a size beyond all": (listing(big={"sha256": "0" * 64, "size": 1 << 70}), "more than 8 GiB"),
    "too many parts": (
        listing(**{f"part{number}": {"sha256": "0" * 64, "size": 0} for number in range(61)}),
        "65 parts, more than 64",
    ),
    "no parts": (lying(parts={}), "does not begin with model.bin"),
    "another first part": (lying(parts=dict(reversed(index_of()["parts"].items()))), "begin with model.bin"),
    "no self-test": (
        lying(self_test={"file": "other.flac", "text": "hello", "most_wrong": 0}),
        "lacks the part other.flac",
    ),
    "a self-test that cannot fail well": (
        lying(self_test={"file": "selftest.flac", "text": "hello", "most_wrong": -1}),
        "a negative number of wrong words",
    ),
    "an index that lies about a size": (
        listing(**{"config.json": {"sha256": hashlib.sha256(b"{}").hexdigest(), "size": 1 << 20}}),
        "config.json in the bundle has 2 bytes, but the index says 1048576",
    ),
    "a header that lies about a size": (
        of_another_size("config.json", 1 << 30),
        "config.json in the bundle has 1073741824 bytes, but the index says 2",
    ),
    "an index that lies about a sum": (
        listing(**{"config.json": {"sha256": "0" * 64, "size": 2}}),
        "config.json in the bundle is damaged",
    ),
    "a large signature": (bundle(signature=bytes(5000)), "bundle.minisig in the bundle has 5000 bytes"),
    "a large index": (
        joined(BEGINNING[0], member("bundle.json", bytes(300_000)), *STORED),
        "bundle.json in the bundle has 300000 bytes",
    ),
    "a large index without content": (
        BEGINNING[0] + header_with(124, b"77777777777\0", of=BEGINNING[1])[:512],
        "bundle.json in the bundle has 8589934591 bytes",
    ),
    "the signature behind the index": (joined(*BEGINNING[::-1], *STORED), "is not signed"),
    "something before the index": (joined(BEGINNING[0], *STORED, BEGINNING[1]), "has model.bin where bundle"),
    "the signature alone": (joined(BEGINNING[0]), "ends where bundle.json belongs"),
    "the parts of a model alone": (joined(*STORED), "has model.bin where bundle.minisig belongs"),
    "parts out of order": (
        joined(*BEGINNING, STORED[0], STORED[2], STORED[1], STORED[3]),
        "has saykey.json where config.json belongs",
    ),
    "a part twice": (
        joined(*BEGINNING, STORED[0], STORED[0], *STORED[1:]),
        "model.bin is in the bundle twice",
    ),
    "the last part twice": (joined(*BEGINNING, *STORED, STORED[3]), "selftest.flac is in the bundle twice"),
    "the index twice": (joined(*BEGINNING, BEGINNING[1], *STORED), "bundle.json is in the bundle twice"),
    "a part missing": (joined(*BEGINNING, STORED[0], *STORED[2:]), "has saykey.json where config.json"),
    "the last part missing": (joined(*BEGINNING, *STORED[:-1]), "lacks selftest.flac"),
    "a part too many": (
        joined(*BEGINNING, STORED[0], member("virus", b"x"), *STORED[1:]),
        "virus is in the bundle but not in its index",
    ),
    "a part too many at the end": (
        joined(*BEGINNING, *STORED, member("virus", b"x")),
        "virus is in the bundle but not in its index",
    ),
    "a link among the parts": (
        joined(*BEGINNING, member("model.bin", b"", type=b"2", linkname="/etc/passwd"), *STORED[1:]),
        "model.bin in the bundle is a symbolic link",
    ),
    "a way up among the parts": (
        joined(*BEGINNING, member("../model.bin", b"x"), *STORED[1:]),
        "../model.bin in the bundle is a path",
    ),
    "cut in a part": (bundle()[: -len(ENDING) - 1024], "cut short"),
    "cut before the end": (bundle()[: -len(ENDING)], "cut short"),
    "more behind the end": (bundle() + b"more", "behind the end"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_an_attack_is_refused_and_says_why(content, sentence, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(BundleError) as refused:
        unpack(content, folder)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert {path.name for path in folder.iterdir()} <= {*PARTS, "big"}
    assert list(tmp_path.iterdir()) == [folder]


def test_a_bundle_is_unpacked_with_what_proves_it(tmp_path):
    told = []
    opened = open_bundle(io.BytesIO(bundle()), public())
    assert (opened.index.name, opened.index.self_test.most_wrong) == ("anna", 1)
    assert opened.id == hashlib.sha256(INDEX).hexdigest()
    assert opened.size == sum(map(len, PARTS.values()))
    opened.unpack(tmp_path, lambda what, done: told.append((what, done)))
    unpacked = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert unpacked == PARTS | {"bundle.json": INDEX, "bundle.minisig": sign(INDEX)}
    assert told[-1] == ("unpacking", 1)


@pytest.mark.skipif(not shutil.which("tar"), reason="there is no tar")
def test_a_bundle_made_by_hand_with_tar_and_minisign_is_taken(tmp_path):
    def run(*command: str) -> None:
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, input=b"")

    run("minisign", "-G", "-W", "-p", "owner.pub", "-s", "owner.key")
    for name, content in {**PARTS, "bundle.json": INDEX}.items():
        (tmp_path / name).write_bytes(content)
    arguments = ("-W", "-s", "owner.key", "-t", "saykey bundle 1 anna", "-m", "bundle.json")
    run("minisign", "-S", *arguments, "-x", "bundle.minisig")
    run("tar", "--format=ustar", "-cf", "anna.saykey", "bundle.minisig", "bundle.json", *PARTS)
    key = type(public()).parse((tmp_path / "owner.pub").read_bytes())
    folder = tmp_path / "folder"
    folder.mkdir()
    with (tmp_path / "anna.saykey").open("rb") as stream:
        open_bundle(stream, key).unpack(folder, silent)
    assert (folder / "model.bin").read_bytes() == PARTS["model.bin"]


def test_fields_of_later_versions_are_passed_over():
    assert parse_index(encoded(index_of(colour="green"))).name == "anna"


def test_an_index_too_large_to_be_read_back_is_refused():
    with pytest.raises(BundleError, match="is too large"):
        parse_index(encoded(index_of(colour="green" * 60_000)))


def test_a_full_disk_is_told_as_what_it_is(tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        unpack(bundle(), tmp_path)


def test_a_large_part_takes_no_memory(tmp_path):
    size = 300 << 20
    part = {"sha256": hashlib.sha256(bytes(size)).hexdigest(), "size": size}
    index = encoded(index_of(parts=index_of()["parts"] | {"model.bin": part}))
    file = tmp_path / "large.saykey"
    with file.open("wb") as target:
        target.write(member("bundle.minisig", sign(index)) + member("bundle.json", index))
        target.write(header_with(124, b"%011o\0" % size, of=member("model.bin", b"")))
        target.seek(size, os.SEEK_CUR)
        target.write(b"".join(STORED[1:]) + ENDING)
    (tmp_path / "folder").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(file), public().text, str(tmp_path / "folder")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 8 << 20
    assert (tmp_path / "folder" / "model.bin").stat().st_size == size


MEASURED = """
import sys, tracemalloc
from pathlib import Path
from device.models.bundle import open_bundle
from device.models.signature import PublicKey

tracemalloc.start()
with open(sys.argv[1], "rb") as stream:
    open_bundle(stream, PublicKey(sys.argv[2])).unpack(Path(sys.argv[3]), lambda what, done: None)
print(tracemalloc.get_traced_memory()[1])
"""


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.sampled_from(sorted(KINDS)))
def test_a_broken_bundle_is_taken_as_it_was_or_refused(seed, kind):
    with tempfile.TemporaryDirectory(prefix="saykey-", dir=memory()) as folder:
        Fuzz(Path(folder), seed).once(kind)


@settings(max_examples=300)
@given(st.binary(max_size=3000), st.booleans())
def test_any_bytes_are_refused(content, begins):
    with pytest.raises(BundleError):
        open_bundle(io.BytesIO(BEGINNING[0] + content if begins else content), public())


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text() | st.sampled_from(sorted(index_of())),
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    )
)
def test_any_index_is_read_or_refused(values):
    with suppress(BundleError):
        parse_index(json.dumps(values).encode())
    with suppress(BundleError):
        assert parse_index(encoded(index_of() | values)).name
