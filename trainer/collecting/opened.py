"""What the owner's key opens: sealed files become sounds with their text, each of them looked at."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from device.corrections.content import decode
from device.corrections.sealed import MOST_SEALED, unseal
from device.corrections.store import kept_as, sum_of
from device.corrections.watch import LONGEST_S
from device.errors import CorrectionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.corrections.content import Correction

_LONGEST_TEXT = 2000
"""Characters: nobody says more in 30 s."""

_MOST_SOUNDS = 8

_MOST_FRAMES = round((LONGEST_S + 1) * SAMPLE_RATE_HZ)

_BREAKS = {"Cc", "Zl", "Zp"}
"""Kinds of characters that no line of text has: controls, and what ends lines and paragraphs."""

_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Directions (UAX #9) of the controls by which a text looks as if it said something else."""

_FORMULA = "="
"""What a spreadsheet that opens the list calculates. It does so with "-", "+" and "@", too, but with these
what people dictate begins: lists, numbers and names."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of some files.

    Attributes:
        corrections: What was in them, by the name of the file.
        refused: Why nothing came of the others, by their names.
    """

    corrections: dict[str, Correction] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def open_all(files: Iterable[tuple[str, bytes]], secret: bytes) -> Opened:
    """Open sealed files.

    Args:
        files: Their names, and what is in them.
        secret: The owner's secret key, as `trainer.flashing.keys.ed25519_secret` gives it.
    """
    opened = Opened()
    for name, sealed in files:
        try:
            opened.corrections[name] = _opened(name, sealed, secret)
        except CorrectionError as error:
            opened.refused[name] = str(error)
    return opened


def _opened(name: str, sealed: bytes, secret: bytes) -> Correction:
    if not sealed:
        raise CorrectionError("it is empty, or no plain file")
    kept = kept_as(name, len(sealed))
    if kept is None or len(sealed) > MOST_SEALED:
        raise CorrectionError("it is no correction: its name or size is another one")
    content = unseal(sealed, secret)
    if kept.sum != sum_of(sealed):  # the device would delete another file of that name
        raise CorrectionError("it is not the file that its name says")
    correction = decode(content)
    _check(correction)
    return correction


def _check(correction: Correction) -> None:
    """Look at what is inside: to seal something to a public key, everybody can."""
    sounds = [*correction.undone, *filter(None, [correction.stays])]
    text = correction.text
    if not (0 < len(text) <= _LONGEST_TEXT and 0 < len(sounds) <= _MOST_SOUNDS and _is_plain(text)):
        raise CorrectionError("what was sealed is no correction: its text or its sounds are not Saykey's")
    for sound in sounds:
        _check_sound(sound)


def _is_plain(text: str) -> bool:
    """Say whether a text looks like what it says, wherever the list is opened."""
    is_odd = any(
        unicodedata.category(each) in _BREAKS or unicodedata.bidirectional(each) in _TURNS for each in text
    )
    return not is_odd and not text.lstrip().startswith(_FORMULA)


def _check_sound(sound: bytes) -> None:
    """Decode a sound to its end: once it is collected, the device has it no more."""
    try:
        with soundfile.SoundFile(io.BytesIO(sound)) as file:
            is_ours = (file.format, file.samplerate, file.channels) == ("FLAC", SAMPLE_RATE_HZ, 1)
            if not (is_ours and 0 < file.frames <= _MOST_FRAMES):
                raise CorrectionError("what was sealed holds a sound that is not Saykey's")
            frames = len(file.read(dtype="int16"))
    except soundfile.LibsndfileError as error:
        raise CorrectionError("what was sealed holds a sound that cannot be read") from error
    if frames != file.frames:
        raise CorrectionError("what was sealed holds a sound that is cut short")
