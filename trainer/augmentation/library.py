"""Noises and rooms: read from the owner's folders, or made where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ
from trainer.augmentation.effects import INAUDIBLE, rms
from trainer.data.formats import SOUNDS, sounds
from trainer.errors import DataError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from trainer.augmentation.settings import AugmentSettings

_KEPT_S = 1800
"""So much of all noises together stays in memory: 115 MB. Long recordings of the same noise repeat."""

_MADE_S = 30
"""Length of a noise that is made."""

_ROOM_S = 1.0
"""Longest response of a room: what comes later is below -60 dB in any room for dictation."""

_ROOMS = 32
"""So many rooms are made."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A noise, or what a room makes of a single sample.

    Attributes:
        name: Of its file, or what it is.
        samples: Mono float32 at 16 kHz.
    """

    name: str
    samples: Samples


def sound_files(folder: Path) -> list[Path]:
    """Give the sound files below a folder, in the order of their names.

    Raises:
        DataError: There are none.
    """
    files = sounds(folder)
    if not files:
        raise DataError(f"{folder} has no sound files: put {', '.join(SOUNDS)} there")
    return files


def asked_for(
    folder: Path | None, settings: AugmentSettings | None, share: Literal["noise_share", "room_share"]
) -> tuple[Path, ...]:
    """Give the sound files below a folder that training shall augment with; none where there is no folder.

    Args:
        folder: The folder.
        settings: How training augments; `None` where it does not.
        share: The setting that says how often such sounds are taken.

    Raises:
        DataError: The folder has no sound files.
        RecipeError: Training would never take one.
    """
    if folder is None:
        return ()
    if settings is None or not getattr(settings, share):
        raise RecipeError(
            f"Training would take nothing from {folder}: set the recipe's augment.{share}, as in "
            f"augment.{share}=0.5, or leave the folder out."
        )
    return tuple(sound_files(folder))


def read_noises(files: Sequence[Path]) -> list[Sound]:
    """Read noises; where they are many hours, the beginning of each.

    Raises:
        DataError: All of them are silent.
        SoundError: One cannot be read.
    """
    most = _KEPT_S * SAMPLE_RATE_HZ // len(files)
    noises = []
    for file in files:
        samples = read(file)[:most].copy()  # the copy lets go of the rest
        samples -= samples.mean()  # an offset is no noise, and would count as some
        if rms(samples) >= INAUDIBLE:
            noises.append(Sound(file.name, samples))
    if not noises:
        raise DataError(f"{files[0]} and all other noises are silent: record some that can be heard")
    return noises


def read_rooms(files: Sequence[Path]) -> list[Sound]:
    """Read impulse responses of rooms.

    Raises:
        DataError: One is silent.
        SoundError: One cannot be read.
    """
    rooms = []
    for file in files:
        samples = read(file)
        if not samples.any():
            raise DataError(f"{file} is silent: a room's impulse response is needed")
        peak = int(np.abs(samples).argmax())
        rooms.append(Sound(file.name, samples[peak:][: int(_ROOM_S * SAMPLE_RATE_HZ)].copy()))
    return rooms


def made_noises(chance: np.random.Generator) -> list[Sound]:
    """Make noises that stand in for recorded ones: white, pink, brown, and the hum of the mains."""
    length = _MADE_S * SAMPLE_RATE_HZ
    hz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    hz[0] = np.inf  # no offset
    made = []
    for name, slope in (("white noise", 0.0), ("pink noise", 0.5), ("brown noise", 1.0)):
        spectrum = np.fft.rfft(chance.standard_normal(length)) / np.maximum(hz, 20) ** slope
        spectrum[0] = 0
        made.append(_level(name, np.fft.irfft(spectrum, length)))
    return [*made, _hum(50, length, chance), _hum(60, length, chance)]


def made_rooms(chance: np.random.Generator) -> list[Sound]:
    """Make rooms: the direct sound and a tail of noise that dies away (Polack, 1988).

    The time to -60 dB is 0.2 to 0.7 s, as in offices and living rooms, and the direct sound 0 to 10 dB louder
    than the tail, as at an arm's length and more.
    """
    return [
        _room(float(chance.uniform(0.2, 0.7)), float(chance.uniform(0, 10)), chance) for _ in range(_ROOMS)
    ]


def _hum(mains_hz: int, length: int, chance: np.random.Generator) -> Sound:
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    hum = sum(
        np.sin(2 * np.pi * (harmonic * mains_hz * time_s + chance.random())) / harmonic
        for harmonic in range(1, 11)
    )
    return _level(f"{mains_hz} Hz hum", np.asarray(hum))


def _room(decay_s: float, direct_db: float, chance: np.random.Generator) -> Sound:
    time_s = np.arange(int(min(decay_s, _ROOM_S) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = chance.standard_normal(len(time_s)) * 10 ** (-3 * time_s / decay_s)
    tail /= np.sqrt(np.sum(tail**2)) * 10 ** (direct_db / 20)
    tail[0] = 1
    return Sound(f"room of {decay_s:.1f} s, direct sound {direct_db:.0f} dB above", tail.astype(np.float32))


def _level(name: str, samples: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Sound:
    return Sound(name, (samples * (0.1 / rms(samples))).astype(np.float32))
