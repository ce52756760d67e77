"""What can be done to speech without its text becoming wrong: functions of sound and numbers, no chance.

All take and give mono float32 at 16 kHz. Only a change of speed changes the length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import soxr
from python_stretch import Signalsmith

from device.audio.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device.audio.sound import Samples

INAUDIBLE = 1e-4
"""Root mean square below which sound counts as silence: -80 dB of full scale."""

BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
"""The octaves at which a microphone's response is given."""


def shift_pitch(samples: Samples, semitones: float) -> Samples:
    """Shift the pitch, as if somebody else spoke; the tempo stays.

    The engine is Signalsmith Stretch, the one in audiomentations' PitchShift. It takes 2.2 ms for a second of
    sound, more than all else here together.
    """
    stretch = Signalsmith.Stretch(0)
    stretch.preset(1, SAMPLE_RATE_HZ)
    stretch.setTransposeSemitones(semitones)
    channels = np.array(samples[np.newaxis])  # a copy, since it refuses what is read-only
    shifted: Samples = np.asarray(stretch.process(channels))[0]
    return shifted


def change_speed(samples: Samples, speed: float) -> Samples:
    """Play faster (above 1) or slower; the pitch goes with it."""
    changed: Samples = soxr.resample(samples, SAMPLE_RATE_HZ * speed, SAMPLE_RATE_HZ)
    return changed


def reverberate(samples: Samples, response: Samples) -> Samples:
    """Let speech sound as in a room: as loud as before, and cut where it ended before.

    Args:
        samples: The speech.
        response: What a single sample becomes in the room. What precedes its peak, the direct sound, is left
            out, so that no word is delayed out of the end.
    """
    heard = response[int(np.abs(response).argmax()) :]
    length = _fast_length(len(samples) + len(heard) - 1)
    spectrum = np.fft.rfft(samples, length) * np.fft.rfft(heard, length)
    wet = np.fft.irfft(spectrum, length)[: len(samples)].astype(np.float32)
    loudness = rms(wet)
    return wet * np.float32(rms(samples) / loudness) if loudness > 0 else samples


def add_noise(samples: Samples, noise: Samples, snr_db: float) -> Samples:
    """Add noise of the same length, so that the speech has `snr_db` more mean power.

    Inaudible noise is not made audible, since that would be its rounding errors: nothing is added.
    """
    loudness = rms(noise)
    if loudness < INAUDIBLE:
        return samples
    return samples + noise * np.float32(rms(samples) / loudness / 10 ** (snr_db / 20))


def filter_response(
    samples: Samples, low_cut_hz: float, high_cut_hz: float, gains_db: tuple[float, ...]
) -> Samples:
    """Let sound pass a microphone: no bass, no treble, and unequal in between, without delay.

    Args:
        samples: The sound.
        low_cut_hz: Where the bass is 3 dB down; it falls by 12 dB an octave.
        high_cut_hz: Where the treble is 3 dB down; it falls by 24 dB an octave.
        gains_db: Gain at each of `BANDS_HZ`; in between, by the logarithm of the frequency.
    """
    margin = SAMPLE_RATE_HZ // 20  # the end does not ring into the beginning
    length = _fast_length(len(samples) + margin)
    hz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)[1:]
    # Butterworth's magnitudes of the second and fourth order.
    passed = 1 / np.sqrt((1 + (low_cut_hz / hz) ** 4) * (1 + (hz / high_cut_hz) ** 8))
    passed *= 10 ** (np.interp(np.log2(hz), np.log2(BANDS_HZ), gains_db) / 20)
    spectrum = np.fft.rfft(samples, length)
    spectrum[0] = 0
    spectrum[1:] *= passed.astype(np.float32)
    return np.fft.irfft(spectrum, length)[: len(samples)].astype(np.float32)


def amplify(samples: Samples, gain: float) -> Samples:
    """Make louder or quieter; what would exceed full scale is made as loud as that, and never clipped."""
    peak = float(np.abs(samples).max(initial=0))
    return samples * np.float32(min(gain, 1 / peak) if peak > 0 else gain)


def rms(samples: NDArray[np.floating]) -> float:
    """Give the root mean square; 0 for no samples."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def _fast_length(least: int) -> int:
    """Give a length that the Fourier transform is fast for: a power of two, or 3 or 5 times one."""
    return min(odd << max(0, -(-least // odd) - 1).bit_length() for odd in (1, 3, 5))
