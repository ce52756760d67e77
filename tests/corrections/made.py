"""Dictations and corrections made by hand, and the owner's secret key."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from device.audio.endpointing import Passage
from device.audio.recording import Recording
from device.audio.sound import SAMPLE_RATE_HZ
from device.corrections.content import VERSION, Correction, encode
from device.corrections.sealed import seal
from tests.bundles import OWNER, public

if TYPE_CHECKING:
    from minisign import KeyPair

SAID = "I scream for ice cream."
MISHEARD = "We scream for nice cream."
OTHER = "Tomorrow it is going to rain."


def secret(pair: KeyPair = OWNER) -> bytes:
    """Give the 64 bytes of a secret key that has no password, as minisign's page says where they are."""
    return base64.b64decode(bytes(pair.secret_key).splitlines()[1])[62:126]


def recording(length_s: float = 2.0, spoken_s: float | None = None, *, seed: int = 0) -> Recording:
    """Give a recording of noise in which somebody speaks all the time, or not as long."""
    length = round(length_s * SAMPLE_RATE_HZ)
    spoken = length if spoken_s is None else round(spoken_s * SAMPLE_RATE_HZ)
    samples = np.random.default_rng(seed).uniform(-0.3, 0.3, length).astype(np.float32)
    passage = Passage(
        start=0, end=length, speech_start=0, speech_end=length, speech_probability=0.9, spoken=spoken
    )
    return Recording(samples, (passage,))


def flac_of(length_s: float = 2.0, seed: int = 0, rate_hz: int = SAMPLE_RATE_HZ, kind: str = "FLAC") -> bytes:
    """Give a sound file of noise."""
    file = io.BytesIO()
    noise = np.random.default_rng(seed).uniform(-0.3, 0.3, round(length_s * rate_hz))
    soundfile.write(file, noise, rate_hz, format=kind, subtype="PCM_16")
    return file.getvalue()


def correction(text: str = SAID, seed: int = 0, **changes: object) -> Correction:
    """Give a correction of two sounds."""
    values = {
        "version": VERSION,
        "day": "2026-01-31",
        "text": text,
        "undone": (flac_of(1.5, seed),),
        "stays": flac_of(2.0, seed + 1),
    }
    return Correction(**values | changes)


def sealed(text: str = SAID, seed: int = 0, pair: KeyPair = OWNER, **changes: object) -> bytes:
    """Give it sealed to somebody's key."""
    return seal(encode(correction(text, seed, **changes)), public(pair))
