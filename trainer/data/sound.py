"""What is measured of a sound file, and the form in which it is prepared: mono, 16 kHz, 16 bits."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ, seconds
from device.errors import SoundError
from trainer.data.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from device.audio.sound import Samples

LONGEST_READ_S = 120.0
"""What says that it is longer is not decoded: hours would fill the memory, and are rejected anyway."""

_FRAME = SAMPLE_RATE_HZ // 50
"""Samples over which power is averaged: 20 ms, as in NIST's `stnr`."""

_SILENCE_DB = -120.0
_QUIET_DB = 30.0
"""How far below its loud parts a recording counts as silent at its ends."""

_PEAKS_ABOVE_MEAN_DB = 5.0
"""How far the 95th percentile of speech's power lies above its mean, by 40 recordings of LJSpeech."""

_FULL_SCALE = 0.98
_FLAT = 3
"""So many equal samples in a row at full scale are clipped, as Audacity's Find Clipping has it."""

_BLOCK = 1 << 18

_PAGE_HEADER, _LARGEST_PAGE = 27, 65_307
"""Bytes of an OGG's page before the lengths of its segments, and of all of it at most (RFC 3533, 6)."""

_ENCODERS_DIFFER_S = 0.1
"""Some count the frame of MP3 that has the count in it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is measured of one recording.

    Attributes:
        rate_hz: Samples a second in the file.
        channels: Channels in the file.
        subtype: The type of its samples in libsndfile's words, such as "PCM_16".
        duration_s: Length of the sound.
        peak_db: Its loudest sample relative to full scale.
        clipped: Samples whose top is cut off.
        snr_db: Estimate of speech over noise, see `snr_db`; `None` where nothing can be estimated.
        lead_s: Silence before the first sound.
        tail_s: Silence after the last.
        sha256: Of its samples as they are prepared: the same in every file that holds the same sound.
        fingerprint: Its fingerprint, see `trainer.data.fingerprint`.
    """

    rate_hz: int
    channels: int
    subtype: str
    duration_s: float
    peak_db: float = _SILENCE_DB
    clipped: int = 0
    snr_db: float | None = None
    lead_s: float = 0.0
    tail_s: float = 0.0
    sha256: str = ""
    fingerprint: NDArray[np.uint32] = field(
        default_factory=lambda: np.empty(0, np.uint32), compare=False, repr=False
    )


def measure(path: Path) -> Facts:
    """Measure a sound file.

    Raises:
        SoundError: It is missing, empty, damaged, cut short, or no sound. Of an MP3 that does not hold the
            number of its frames, nobody can tell whether it is cut.
    """
    facts = declared(path)
    if facts is not None and LONGEST_READ_S < facts.duration_s < 1e9:  # a length may be unknown
        return facts
    samples = read(path)
    with opened(path) as sound:
        if _is_cut_short(path, sound, seconds(len(samples))):
            raise SoundError(
                f"{path}: is cut short after {seconds(len(samples)):.2f} s; copy it again, or, if nothing is "
                "missing, save it as FLAC"
            )
        clipped = _clipped(sound)
        rate_hz, channels, subtype = sound.samplerate, sound.channels, sound.subtype
    power = frame_powers(samples)
    lead_s, tail_s = silent_ends_s(power)
    return Facts(
        rate_hz,
        channels,
        subtype,
        seconds(len(samples)),
        peak_db=_db(float(np.abs(samples).max()) ** 2),
        clipped=clipped,
        snr_db=snr_db(power),
        lead_s=lead_s,
        tail_s=tail_s,
        sha256=sha256(pcm16(samples)),
        fingerprint=fingerprint(samples),
    )


def declared(path: Path) -> Facts | None:
    """Give what a sound file says of itself, without hearing it; `None` where `read` says what is wrong."""
    try:
        with opened(path) as sound:
            duration_s = sound.frames / sound.samplerate
            return Facts(sound.samplerate, sound.channels, sound.subtype, duration_s)
    except (soundfile.LibsndfileError, OSError):
        return None


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a sound file by its number: it may be called as it likes, and what it is its content says.

    Raises:
        LibsndfileError: It is no sound.
        OSError: It cannot be read.
    """
    with (
        path.open("rb", buffering=0) as file,
        soundfile.SoundFile(file.fileno(), closefd=False) as sound,
    ):
        yield sound


def pcm16(samples: Samples) -> NDArray[np.int16]:
    """Give samples as 16 bits; what was read from 16 bits at 16 kHz comes out bit for bit."""
    rounded: NDArray[np.int16] = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
    return rounded


def sha256(samples: NDArray[np.int16]) -> str:
    """Give the SHA-256 of samples, as little-endian bytes, whatever file they are in."""
    return hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()


def frame_powers(samples: Samples) -> NDArray[np.float64]:
    """Give the mean power of frames of 20 ms, shape (frames,); the last, shorter one is left out."""
    whole = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    powers: NDArray[np.float64] = np.square(whole, dtype=np.float64).mean(axis=1)
    return powers


def snr_db(power: NDArray[np.float64]) -> float | None:
    """Estimate the ratio of speech to noise from the power of 20 ms frames, in dB.

    The noise is the 10th percentile, the pauses, and the speech what the 95th has more, 5 dB of which are
    taken off to come from its peaks to its mean: after `stnr` of NIST's Speech Quality Assurance package,
    which takes the same 95th percentile. With noise added to read speech it is right within 2 dB from 5 to
    20 dB. Frames of nothing but zeros tell nothing about a microphone and do not count.
    """
    heard = power[power > 10 ** (_SILENCE_DB / 10)]
    if not heard.size:
        return None
    noise, loud = np.percentile(heard, [10, 95])
    return max(_db(float(loud / noise - 1)) - _PEAKS_ABOVE_MEAN_DB, -20.0)


def silent_ends_s(power: NDArray[np.float64]) -> tuple[float, float]:
    """Give how long nothing is heard at the beginning and at the end."""
    if not power.size:
        return 0.0, 0.0
    heard = np.flatnonzero(power > np.percentile(power, 95) / 10 ** (_QUIET_DB / 10))
    if not heard.size:
        return 0.0, 0.0
    frame_s = seconds(_FRAME)
    return float(heard[0]) * frame_s, float(len(power) - 1 - heard[-1]) * frame_s


def _is_cut_short(path: Path, sound: Any, read_s: float) -> bool:
    """Say whether there was more of an MP3 or OGG, as far as it says so itself; `read` takes what is left."""
    if sound.format == "OGG":
        return not _has_end(path)
    return (
        sound.format == "MP3"
        and sound.frames / sound.samplerate > read_s + _ENCODERS_DIFFER_S
        and _has_count(path)
    )


def _has_end(path: Path) -> bool:
    """Say whether the last page of an OGG is whole and says that it is the last (RFC 3533, 6)."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LARGEST_PAGE))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < _PAGE_HEADER:
        return False
    segments = page[_PAGE_HEADER - 1]
    lengths = page[_PAGE_HEADER : _PAGE_HEADER + segments]
    return bool(page[5] & 4) and len(page) >= _PAGE_HEADER + segments + sum(lengths)


def _has_count(path: Path) -> bool:
    """Say whether an MP3 holds the number of its frames, as LAME and ffmpeg write it; else it is guessed."""
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":  # the size has 7 bits a byte (ID3v2.4.0, 6.2)
            file.seek(10 + sum(byte << 7 * place for place, byte in enumerate(head[:5:-1])))
        else:
            file.seek(0)
        frame = file.read(48)  # its header, what belongs to the sound, at most 32 bytes, the mark, its flags
    mark = re.search(rb"(Xing|Info)\0\0\0(.)", frame, re.DOTALL)
    return mark is not None and bool(mark[2][0] & 1)


def _clipped(sound: Any) -> int:
    """Count the samples in runs of at least `_FLAT` equal ones at full scale, in any channel."""
    count = 0
    while len(block := sound.read(_BLOCK // sound.channels, dtype="float32", always_2d=True)):
        for channel in block.T:
            count += _flat(np.abs(channel) >= _FULL_SCALE, channel)
    return count


def _flat(loud: NDArray[np.bool_], samples: Samples) -> int:
    same = loud[1:] & (samples[1:] == samples[:-1])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2] + 1
    return int(lengths[lengths >= _FLAT].sum())


def _db(power: float) -> float:
    return max(10 * float(np.log10(max(power, 1e-12))), _SILENCE_DB)
