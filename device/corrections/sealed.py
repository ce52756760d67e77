r"""Sealing to the owner's key: whoever has the public key can seal, and only who has the secret one can open.

A sealed file is

    "saykey sealed 1\n"    16 bytes
    number of the key       8 bytes, as it stands in minisign's public key
    sealed box              48 bytes more than the padded content

The box is libsodium's (doc.libsodium.org/public-key_cryptography/sealed_boxes): a pair of keys is made for
this one box, X25519 and XSalsa20-Poly1305 seal with it, and its secret half is thrown away, so that not even
who sealed can open it again. The owner's Ed25519 key is taken to X25519 as libsodium does
(crypto_sign_ed25519_pk_to_curve25519). The content is padded to a power of two, of 256 KiB at least, by
sodium_pad: of most corrections the length says no more than that they are some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.errors import CorrectionError

if TYPE_CHECKING:
    from device.models.signature import PublicKey

MAGIC = b"saykey sealed 1\n"

_ID = slice(len(MAGIC), len(MAGIC) + 8)

HEAD_BYTES = _ID.stop
"""What stands before the box."""

_BOX_BYTES = 48
"""What a box adds: a public key and a sum (crypto_box_SEALBYTES)."""

LEAST_PADDED = 256 << 10
"""Fourteen seconds of speech in FLAC or so, which is most sentences twice."""

MOST_SEALED = HEAD_BYTES + _BOX_BYTES + (8 << 20)
"""Bytes of the longest file that is opened: the four longest sounds have less than half of it."""


def seal(content: bytes, key: PublicKey) -> bytes:
    """Seal some content.

    Args:
        content: What only the owner shall read.
        key: The owner's public key.

    Raises:
        CorrectionError: This is no key that can be sealed to, or PyNaCl is not installed.
    """
    try:
        from nacl.bindings import sodium_pad
        from nacl.exceptions import CryptoError
        from nacl.public import SealedBox
        from nacl.signing import VerifyKey
    except ImportError as error:
        raise CorrectionError("the package PyNaCl is missing, which seals: install Saykey again") from error
    try:
        owner = VerifyKey(key.ed25519).to_curve25519_public_key()
    except CryptoError as error:  # libsodium takes no bytes that are no point of the curve
        raise CorrectionError(f"the key {key.id} is none to seal to: make another pair of keys") from error
    padded = sodium_pad(content, padded_size(len(content)))
    return MAGIC + bytes.fromhex(key.id)[::-1] + SealedBox(owner).encrypt(padded)


def unseal(sealed: bytes, secret: bytes) -> bytes:
    """Open what was sealed.

    Args:
        sealed: The file.
        secret: The owner's secret key: 64 bytes, the seed of Ed25519 and the public key.

    Raises:
        CorrectionError: It is no sealed file, sealed to another key, or damaged.
    """
    from nacl.bindings import sodium_unpad
    from nacl.exceptions import CryptoError
    from nacl.public import SealedBox
    from nacl.signing import SigningKey

    if not sealed.startswith(MAGIC):
        raise CorrectionError("it is no sealed correction, or its beginning is damaged")
    owner = SigningKey(secret[:32])
    try:
        padded = SealedBox(owner.to_curve25519_private_key()).decrypt(sealed[HEAD_BYTES:])
        return sodium_unpad(padded, len(padded))
    except (CryptoError, ValueError) as error:
        raise CorrectionError(
            f"it is damaged, or sealed to another key than yours (it names {key_id(sealed)})"
        ) from error


def key_id(sealed: bytes) -> str:
    """Give the number of the key that a sealed file names, as minisign prints it."""
    return sealed[_ID][::-1].hex().upper()


def padded_size(length: int) -> int:
    """Give the size to which so many bytes are padded: at least one more."""
    return max(LEAST_PADDED, 1 << length.bit_length())
