from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey, SealedBox
from nacl.signing import SigningKey

from device.corrections.content import VERSION, decode, encode
from device.corrections.sealed import LEAST_PADDED, MAGIC, key_id, padded_size, seal, unseal
from device.errors import CorrectionError
from device.models.signature import PublicKey
from tests.bundles import OWNER, STRANGER, public
from tests.corrections.made import MISHEARD, SAID, correction, flac_of, sealed, secret
from tests.saykey import ROOT


@settings(max_examples=30)  # each seals a quarter of a megabyte
@given(st.binary(max_size=2000))
def test_the_owner_reads_what_was_sealed(content):
    assert unseal(seal(content, public(OWNER)), secret(OWNER)) == content


@pytest.mark.parametrize("around", [LEAST_PADDED, 2 * LEAST_PADDED])
@pytest.mark.parametrize("by", [-1, 0, 1])
def test_whatever_its_length(around, by):
    content = b"\x80" * (around + by)
    assert unseal(seal(content, public(OWNER)), secret(OWNER)) == content


@given(st.integers(0, 16 << 20))
def test_padding_adds_something_and_leaves_few_lengths(length):
    padded = padded_size(length)
    assert length < padded <= max(2 * length, LEAST_PADDED)
    assert padded.bit_count() == 1


def test_the_length_does_not_tell_the_texts_nor_how_long_it_was_said():
    short, long = (
        sealed(text, undone=(flac_of(length_s),)) for text, length_s in (("No.", 0.5), (SAID, 4.0))
    )
    assert len(short) == len(long)


def test_nobody_else_reads_it():
    with pytest.raises(CorrectionError, match=f"another key than yours .it names {public(OWNER).id}"):
        unseal(sealed(), secret(STRANGER))


@pytest.mark.parametrize("place", [0, 15, 30, 24 + 20, 5000, -1])
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit_is_told(place, bit):
    harmed = bytearray(sealed())
    harmed[place] ^= 1 << bit
    with pytest.raises(CorrectionError, match="damaged"):
        unseal(bytes(harmed), secret())


@settings(max_examples=30)
@given(st.integers(0, 400))
def test_what_is_cut_short_is_told(length):
    with pytest.raises(CorrectionError, match="damaged"):
        unseal(_ONE[:length], secret())
    with pytest.raises(CorrectionError, match="damaged"):
        unseal(_ONE[: -length - 1], secret())


_ONE = sealed()


def test_nothing_of_it_can_be_read_in_the_file():
    file = sealed(SAID)
    # None is so short that it comes up by chance.
    for readable in (SAID.encode(), b"scream", b"fLaC\0\0\0", b"2026-01-31", b"undone"):
        assert readable in encode(correction(SAID))
        assert readable not in file


def test_two_that_are_alike_are_not_alike_sealed():
    assert sealed()[24:] != sealed()[24:]


def test_the_file_names_the_key_as_minisign_does():
    assert key_id(sealed()) == public(OWNER).id
    assert sealed().startswith(MAGIC)


def test_it_is_libsodiums_sealed_box_to_the_owners_key():
    """Opened by PyNaCl alone, as the format's description says."""
    box = SealedBox(SigningKey(secret()[:32]).to_curve25519_private_key())
    padded = box.decrypt(sealed(SAID)[24:])
    content, mark, zeros = padded.rpartition(b"\x80")
    assert content == encode(correction(SAID))
    assert mark
    assert not zeros.strip(b"\0")


def test_another_box_of_the_same_form_is_damaged_or_anothers():
    forged = MAGIC + bytes(8) + SealedBox(PrivateKey.generate().public_key).encrypt(bytes(LEAST_PADDED))
    with pytest.raises(CorrectionError):
        unseal(forged, secret())


def test_what_is_padded_otherwise_is_damaged():
    owner = SigningKey(secret()[:32]).to_curve25519_private_key().public_key
    with pytest.raises(CorrectionError, match="damaged"):
        unseal(MAGIC + bytes(8) + SealedBox(owner).encrypt(bytes(LEAST_PADDED)), secret())


def test_a_key_that_is_no_point_of_the_curve_is_refused():
    with pytest.raises(CorrectionError, match="another pair"):
        seal(b"", PublicKey("RWQ" + "A" * 53))


def test_content_comes_back():
    assert decode(encode(correction(MISHEARD))) == correction(MISHEARD)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no correction"),
        (b"\xc1", "no correction"),
        (b"\x80", "no correction"),
        (encode(correction(version=VERSION + 1)), "a newer saykey-trainer"),
    ],
)
def test_other_content_is_told(content, why):
    with pytest.raises(CorrectionError, match=why):
        decode(content)


def test_what_was_said_is_not_shown():
    assert "scream" not in repr(correction())


def test_a_device_without_corrections_does_not_load_libsodium():
    code = "import sys, device.running, device.dictation; sys.exit('nacl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
