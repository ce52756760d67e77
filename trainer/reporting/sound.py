"""Recordings as they stand in the page itself, so that it plays them without any other file."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import soundfile

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_S = 30
"""Whisper hears no more at once; what is longer is cut here."""

_COMPRESSION = 0.7
"""Of 0 to 1: about 4 KB a second, at which speech still sounds as it was said."""


def data_uri(path: Path) -> str:
    """Give a sound file as a `data:` URI of MP3.

    Every browser plays it, and libsndfile writes the same bytes every time, which it does not for OGG.

    Raises:
        SoundError: It is missing or cannot be read.
    """
    samples = read(path)[: _LONGEST_S * SAMPLE_RATE_HZ]
    buffer = io.BytesIO()
    options = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE"}
    soundfile.write(buffer, samples, SAMPLE_RATE_HZ, compression_level=_COMPRESSION, **options)
    return "data:audio/mpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
