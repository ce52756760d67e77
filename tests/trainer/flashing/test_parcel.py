from __future__ import annotations

import gzip

import pytest

from device.errors import BundleError
from tests.bundles import OWNER, STRANGER, bundle, encoded, index_of, joined, member, public, sign
from tests.trainer.flashing.made import ID, parcel
from trainer.errors import FlashError
from trainer.flashing.parcel import open_parcel


def test_a_bundle_tells_its_name_its_id_and_who_signed_it(tmp_path):
    sent = parcel(tmp_path)
    assert (sent.name, sent.id, sent.file_name) == ("anna", ID, "anna.saykey")
    assert sent.size == sent.file.stat().st_size
    assert (sent.signer, sent.key) == (public(OWNER).id, public(OWNER))


def test_a_strangers_bundle_is_not_taken_for_the_owners(tmp_path):
    sent = parcel(tmp_path, signed_by=STRANGER)
    assert (sent.signer, sent.key) == (public(STRANGER).id, None)
    assert open_parcel(sent.file, None).key is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"no archive" * 100, "no bundle"),
        (gzip.compress(bundle()), "compressed"),
        (bundle()[:1200], "cut short"),
        (joined(member("bundle.json", b"{}")), "not have bundle.minisig where"),
        (joined(member("bundle.minisig", sign(b"")), member("model.bin", b"")), "not have bundle.json where"),
        (joined(member("bundle.minisig", bytes(300_000))), "not have bundle.minisig where"),
        (bundle(signature=b""), "signature is damaged"),
        (bundle(signature=b"untrusted comment: x\nRWQ=\n"), "signature is damaged"),
        (bundle(index=b"{"), "bundle.json in the bundle"),
        (bundle(index=encoded(index_of(name="../anna"))), "names the model"),
    ],
)
def test_what_is_no_bundle_is_said(tmp_path, content, message):
    file = tmp_path / "x.saykey"
    file.write_bytes(content)
    with pytest.raises(BundleError, match=message):
        open_parcel(file, None)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FlashError, match=r"none.saykey cannot be read \(No such file"):
        open_parcel(tmp_path / "none.saykey", None)
