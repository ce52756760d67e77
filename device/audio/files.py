"""Sound files: whatever WAV, FLAC, OGG or MP3 holds, as mono 16 kHz."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from device.audio.convert import Resampler
from device.errors import SoundError

if TYPE_CHECKING:
    from pathlib import Path

    from device.audio.sound import Samples

_BLOCK = 262_144
"""Values read at a time: an hour of 8 channels at 192 kHz costs no more memory than its mono 16 kHz."""

_LOWEST_RATE_HZ = 2_000
"""No speech can be understood below. A header may say 1 Hz: a second of sound would become hours."""

_UNKNOWN_LENGTH = 0x7FFF_0000
"""From here on, a WAV's length says that its writer could not know it (ffmpeg, sox or arecord to a pipe)."""


def read(path: Path) -> Samples:
    """Read a whole sound file.

    Args:
        path: WAV, FLAC, OGG or MP3 of any rate, any number of channels and any type of sample.

    Returns:
        At least one sample. Sound louder than full scale, which files of floats may hold, is scaled down.

    Raises:
        SoundError: The file is missing, cannot be read, is cut short or damaged, or holds no sound. Of a
            cut or damaged MP3 or OGG, what is left is read, as their players do.
    """
    try:
        if path.exists() and not path.is_file():
            raise SoundError(f"{path}: is not a file; give the sound file itself")
        with path.open("rb", buffering=0) as opened:
            if not path.stat().st_size:
                raise SoundError(f"{path}: is empty; copy or record it again")
            # By its number, so that its content alone decides what it is: names mislead.
            with _recognised(path, opened.fileno()) as sound:
                if sound.samplerate < _LOWEST_RATE_HZ:
                    raise SoundError(f"{path}: has a rate of {sound.samplerate} Hz; give 8000 Hz or more")
                samples = _read_all(path, sound)
    except OSError as error:
        raise SoundError(f"{path}: {error.strerror}; check the name and the permissions") from error
    peak = max(samples.max(), -samples.min())
    if peak > 1:
        samples /= peak
    return samples


def _recognised(path: Path, descriptor: int) -> Any:
    try:
        return soundfile.SoundFile(descriptor, closefd=False)
    except soundfile.LibsndfileError as error:
        raise SoundError(f"{path}: is no sound that can be read; give WAV, FLAC, OGG or MP3") from error


def _read_all(path: Path, sound: Any) -> Samples:
    resampler = Resampler(sound.samplerate)
    block_frames = max(1, _BLOCK // sound.channels)
    frames = 0
    parts = []
    try:
        while len(block := sound.read(block_frames, dtype="float32", always_2d=True)):
            if not np.isfinite(block).all():
                raise SoundError(f"{path}: holds values that are no numbers; export it again")
            frames += len(block)
            parts.append(resampler.push(block))
    except soundfile.LibsndfileError as error:
        raise SoundError(f"{path}: is damaged; copy or record it again") from error
    if _is_cut_short(sound, frames):
        raise SoundError(f"{path}: is cut short after {frames / sound.samplerate:.2f} s; copy it again")
    samples = np.concatenate((*parts, resampler.flush()))
    if not samples.size:
        raise SoundError(f"{path}: holds no sound; record it again")
    return samples


def _is_cut_short(sound: Any, frames: int) -> bool:
    # Of MP3 and OGG, which are made for streaming, nobody can tell: MP3's length is an estimate.
    if sound.format != "MP3" and frames < sound.frames:
        return True
    # WAV's length is corrected by libsndfile, which notes what the header said.
    header = re.search(r"^data : (\d+) \(should be (\d+)\)", sound.extra_info, re.MULTILINE)
    return header is not None and int(header[2]) < int(header[1]) < _UNKNOWN_LENGTH
