"""Whether a take is worth keeping: how loud it is, how noisy, and whether its speech fits its text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import WINDOW, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from device.audio.endpointing import Passage
    from device.audio.sound import Samples

FLOOR_DB = -96.0
"""What digital silence counts as: the range of 16 bits."""

LEAST_SNR_DB = 20.0
"""Below this distance between voice and noise, a recording teaches the noise as well."""

NOISY_ROOM_DB = -50.0
"""A room as loud as this leaves less than `LEAST_SNR_DB` to a voice at a usual -25 to -30 dB."""

QUIET_PEAK_DB = -24.0
"""Below this peak, four of the 16 bits are empty."""

_FULL_SCALE = 0.985
"""Samples from here on are clipped: resampling rounds the edges of what the microphone cut off."""

_CLIPPED_SAMPLES = 3
"""So many samples at full scale are no chance."""

_FASTEST, _SLOWEST = 26.0, 6.0
"""Characters for each second spoken. Of 150 recordings with more than ten characters, by 20 sets of speakers,
none had more than 23.2 or fewer than 8.5."""

_PER_DIGIT = 4
"""Characters that a digit counts for: "7" is read as "seven", "2024" as "twenty twenty-four"."""

_LEEWAY_S = 1.0
"""The detector's edges are not exact, and a short text has its hesitations."""

EDGE_MS = 100
"""Speech so near an end of the take was most likely going on there. Passages are padded by as much."""


class Fault(Enum):
    """What is wrong with a take, in words; whether it should be recorded again."""

    NO_SPEECH = ("no speech is heard: is this the right microphone, and is it switched on?", True)
    LOST = ("the computer lost some of the sound: close other programs", True)
    CLIPPED = ("too loud, the sound is clipped: move back a little, or turn the microphone down", True)
    CUT_START = ("the beginning is cut off: wait a moment after the key before you speak", True)
    CUT_END = ("the end is cut off: wait a moment before you press the key", True)
    TOO_SHORT = ("too short for its text: was all of it read?", True)
    TOO_LONG = ("too long for its text: read only what is there, without long pauses", True)
    QUIET = ("quiet: move nearer, or turn the microphone up", False)
    NOISY = ("noisy: the voice is too little above the noise; close the window, or move nearer", False)

    def __init__(self, message: str, again: bool) -> None:  # noqa: FBT001  # an enum has no keywords
        self.message = message
        self.again = again


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud a take is, in dB of full scale.

    Attributes:
        peak_db: The loudest sample.
        speech_db: Mean power where there is speech.
        noise_db: Power of the noise, from the pauses of the take or, where it has none, from the room.
        clipped: It touches full scale.
    """

    peak_db: float
    speech_db: float
    noise_db: float
    clipped: bool

    @property
    def snr_db(self) -> float:
        """Power of the voice, which is what the speech has beyond the noise, over that of the noise."""
        noise = _power(self.noise_db)
        return _db(max(0.0, _power(self.speech_db) - noise)) - self.noise_db


def measure(samples: Samples, passages: Sequence[Passage], room_db: float) -> Levels:
    """Measure a take.

    Args:
        samples: All of it.
        passages: Where in it there is speech, padded.
        room_db: The noise of the room, for a take without pauses.
    """
    is_speech = np.zeros(len(samples), dtype=bool)
    for passage in passages:
        is_speech[passage.start : passage.end] = True
    powers = _window_powers(samples)
    is_quiet = ~is_speech[: len(powers) * WINDOW].reshape(-1, WINDOW).any(axis=1)
    spoken = samples[is_speech]
    loudness = np.abs(samples)
    return Levels(
        peak_db=_db(float(loudness.max(initial=0)) ** 2),
        speech_db=_db(float(np.square(spoken, dtype=np.float64).mean())) if spoken.size else FLOOR_DB,
        # A key's click is over in a window or two: the median does not hear it.
        noise_db=_db(float(np.median(powers[is_quiet]))) if is_quiet.any() else room_db,
        clipped=int((loudness >= _FULL_SCALE).sum()) >= _CLIPPED_SAMPLES,
    )


def noise_db(samples: Samples) -> float:
    """Give the level of a room's noise; a cough or a click in it does not count."""
    powers = _window_powers(samples)
    return _db(float(np.median(powers))) if powers.size else FLOOR_DB


def peak_db(samples: Samples) -> float:
    """Give the level of the loudest sample."""
    return _db(float(np.abs(samples).max(initial=0)) ** 2)


def faults(levels: Levels, passages: Sequence[Passage], length: int, text: str) -> list[Fault]:
    """Give what is wrong with a take, the worst first.

    Args:
        levels: How loud it is.
        passages: Where in it there is speech, padded by `EDGE_MS`.
        length: Samples in all of it.
        text: What was to be read.
    """
    if not passages:
        return [Fault.NO_SPEECH]
    spoken_s = seconds(sum(passage.spoken for passage in passages))
    characters = len(text) + (_PER_DIGIT - 1) * sum(map(str.isdigit, text))
    found = {
        Fault.CLIPPED: levels.clipped,
        Fault.CUT_START: passages[0].start == 0,
        Fault.CUT_END: passages[-1].end >= length,
        Fault.TOO_SHORT: spoken_s + _LEEWAY_S / 5 < characters / _FASTEST,
        Fault.TOO_LONG: spoken_s - _LEEWAY_S > characters / _SLOWEST,
        Fault.QUIET: levels.peak_db < QUIET_PEAK_DB,
        Fault.NOISY: levels.snr_db < LEAST_SNR_DB,
    }
    return [fault for fault, is_there in found.items() if is_there]


def _window_powers(samples: Samples) -> NDArray[np.float64]:
    """Give the mean power of each whole window, shape (n,)."""
    whole = samples[: len(samples) - len(samples) % WINDOW].reshape(-1, WINDOW)
    powers: NDArray[np.float64] = np.square(whole, dtype=np.float64).mean(axis=1)
    return powers


def _db(power: float) -> float:
    return max(FLOOR_DB, 10 * float(np.log10(power))) if power > 0 else FLOOR_DB


def _power(level_db: float) -> float:
    return float(10 ** (level_db / 10))
