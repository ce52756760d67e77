"""Noise under speech at a given signal-to-noise ratio, always the same under the same recording."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from device.audio.files import read
from trainer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from device.audio.sound import Samples

FAINTEST_DBFS = -70.0
"""What is fainter is silence with a file's name: to make noise of it is to amplify rounding."""


@dataclass(frozen=True, slots=True)
class Noises:
    """Where noise is from.

    Attributes:
        files: Sound files without speech; with none of them, pink noise is made.
    """

    files: tuple[Path, ...] = ()

    def under(self, name: str, length: int) -> Samples:
        """Give the noise for the recording of this name, of so many samples.

        Raises:
            DataError: No file holds noise.
            SoundError: A file cannot be read.
        """
        generator = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
        if not self.files:
            return pink(length, generator)
        for index in generator.permutation(len(self.files)):
            noise = _stretch(read(self.files[index]), length, generator)
            if _decibels(noise) >= FAINTEST_DBFS:
                return noise
        raise DataError(
            f"{self.files[0].parent} holds no noise, only silence: put recordings of your room there"
        )


def pink(length: int, generator: np.random.Generator) -> Samples:
    """Give noise whose power falls by 3 dB an octave, as that of rooms and traffic roughly does."""
    spectrum = np.fft.rfft(generator.standard_normal(length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, length)
    quiet: Samples = (noise / max(np.abs(noise).max(), np.finfo(float).tiny)).astype(np.float32)
    return quiet


def mix(speech: Samples, noise: Samples, active: NDArray[np.bool_], snr_db: float) -> Samples:
    """Add noise so that its power lies `snr_db` below that of the speech.

    The power of the speech is its mean over the samples where someone speaks: pauses would make it less,
    and the noise with it (so does Aurora-2: Hirsch and Pearce 2000, by the active level of ITU-T P.56). That
    of the noise is its mean over all of it, so that a knock in a pause is no license for a bang.

    Args:
        speech: The recording.
        noise: As many samples of noise.
        active: Which of the samples hold speech; where none does, all count.
        snr_db: The ratio.

    Returns:
        The mixture, scaled down where it would be louder than full scale.
    """
    spoken = speech[active] if active.any() else speech
    noise_rms = _rms(noise)
    if not noise_rms:
        return speech
    gain = _rms(spoken) / noise_rms / 10 ** (snr_db / 20)
    mixture: Samples = speech + np.float32(gain) * noise
    mixture /= max(np.float32(1), np.abs(mixture).max())
    return mixture


def _stretch(noise: Samples, length: int, generator: np.random.Generator) -> Samples:
    """Cut a stretch out at random, or go round where there is not enough."""
    start = generator.integers(max(1, len(noise) - length + 1))
    return np.resize(noise[start:], length)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def _decibels(samples: Samples) -> float:
    return 20 * float(np.log10(max(_rms(samples), 1e-10)))
