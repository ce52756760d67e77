"""The log-mel spectrogram that Whisper reads.

Numpy's own FFT rather than faster-whisper's extractor: importing that brings av and
huggingface_hub into the daemon, some 20 MB for nothing. The tests hold the two together.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from device.audio.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device.audio.sound import Samples

HOP = 160
"""Samples from one frame to the next: 10 ms (Whisper, audio.py)."""

N_FFT = 400
"""Samples in one frame: 25 ms (Whisper, audio.py)."""

MAX_FRAMES = 3000
"""Frames in Whisper's window of 30 s."""

MAX_SAMPLES = MAX_FRAMES * HOP
"""Samples in Whisper's window of 30 s."""

_BLOCK = 10
"""Frames whose product with 128 bands OpenBLAS takes for too small to share: m n k below 2^18."""

_SILENCE = -10.0
"""Logarithm to base 10 of the least power that Whisper tells from none (Whisper, audio.py)."""


@lru_cache(maxsize=2)
def mel_filters(n_mels: int) -> NDArray[np.float32]:
    """Give Slaney's mel filter bank as librosa makes it, shape (n_mels, 201).

    Linear to 1 kHz at 200/3 Hz a mel, logarithmic above with 27 steps to 6.4 kHz (Slaney, Auditory
    Toolbox, 1998); triangles of equal area.
    """
    top_mel = 15.0 + 27.0 * np.log(SAMPLE_RATE_HZ / 2 / 1000.0) / np.log(6.4)
    mels = np.linspace(0.0, top_mel, n_mels + 2)
    corners = np.where(mels < 15.0, mels * 200.0 / 3, 1000.0 * np.exp(np.log(6.4) / 27.0 * (mels - 15.0)))
    bins = np.fft.rfftfreq(N_FFT, 1.0 / SAMPLE_RATE_HZ)
    slopes = corners[:, np.newaxis] - bins
    widths = np.diff(corners)[:, np.newaxis]
    rising = -slopes[:-2] / widths[:-1]
    falling = slopes[2:] / widths[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    filters: NDArray[np.float32] = (triangles * (2.0 / (corners[2:] - corners[:-2]))[:, np.newaxis]).astype(
        np.float32
    )
    return filters


def log_mel(samples: Samples, n_mels: int) -> NDArray[np.float32]:
    """Compute Whisper's features of some sound.

    Args:
        samples: Mono sound at 16 kHz.
        n_mels: Bands that the model was trained on: 80, or 128 from large-v3 on.

    Returns:
        Shape (n_mels, len(samples) // HOP), scaled to about -1 to 1.
    """
    half = N_FFT // 2
    padded = np.pad(samples, half, mode="reflect" if len(samples) > half else "constant")
    frames = sliding_window_view(padded, N_FFT)[::HOP][:-1]
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    spectrum: NDArray[Any] = np.fft.rfft(frames * window, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    logs = np.log10(np.maximum(_in_bands(power, n_mels), 10.0**_SILENCE))
    logs = np.maximum(logs, logs.max(initial=_SILENCE) - 8.0)
    scaled: NDArray[np.float32] = ((logs + 4.0) / 4.0).astype(np.float32)
    return scaled


def _in_bands(power: NDArray[np.float32], n_mels: int) -> NDArray[np.float32]:
    """Sum the power of each frame in mel bands: shape (n_mels, frames).

    A few frames at a time: OpenBLAS deals larger products out to all cores, whose threads then go on waiting
    for more in a loop. That was as dear as half of the encoder.
    """
    bands = np.empty((n_mels, len(power)), dtype=np.float32)
    filters = mel_filters(n_mels)
    for start in range(0, len(power), _BLOCK):
        np.matmul(filters, power[start : start + _BLOCK].T, out=bands[:, start : start + _BLOCK])
    return bands


def window(samples: Samples, n_mels: int, frames: int = MAX_FRAMES) -> NDArray[np.float32]:
    """Compute the features of some sound and of silence behind it: shape (n_mels, frames).

    Whisper appends zero samples, whose features all lie at the floor of the spectrogram: 8 below its
    maximum, and never below 1e-10. Writing that floor costs nothing; an FFT of zeros would. Only the
    frames that reach from the sound into the silence need its samples.

    Args:
        samples: Mono sound at 16 kHz. What does not fit is left out.
        n_mels: Bands that the model was trained on.
        frames: Length of the window, 10 ms each.
    """
    sound = samples[: frames * HOP]
    heard = log_mel(np.pad(sound, (0, min(N_FFT, frames * HOP - len(sound)))), n_mels)
    result = np.full((n_mels, frames), floor(heard), dtype=np.float32)
    result[:, : heard.shape[1]] = heard
    return result


def floor(mel: NDArray[np.float32]) -> float:
    """Give the features of the silence behind a sound that has these."""
    return max(float(mel.max()) - 2.0, (_SILENCE + 4.0) / 4.0)
