"""The one form that sound has inside Saykey: mono float32 at 16 kHz, in -1 to 1."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono samples at `SAMPLE_RATE_HZ`, shape (n,), in -1 to 1."""

SAMPLE_RATE_HZ = 16_000
"""What Whisper and Silero were trained on."""

WINDOW = 512
"""Samples in one window: 32 ms, the only length that Silero's 16 kHz model takes."""

WINDOW_MS = 1000 * WINDOW / SAMPLE_RATE_HZ
"""Length of one window in milliseconds."""


def seconds(samples: int) -> float:
    """Give the length of so many samples in seconds."""
    return samples / SAMPLE_RATE_HZ


def samples_in(milliseconds: float) -> int:
    """Give the number of samples in so many milliseconds."""
    return round(milliseconds * SAMPLE_RATE_HZ / 1000)
