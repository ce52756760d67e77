"""Sound of any rate and any number of channels becomes windows of mono 16 kHz, as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import soxr

from device.audio.sound import SAMPLE_RATE_HZ, WINDOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from device.audio.sound import Samples

_NOTHING: Samples = np.empty(0, np.float32)


class Resampler:
    """Turns blocks of frames into mono 16 kHz. The result does not depend on how the frames are cut.

    Channels are averaged. One may be dead, as with a single I2S microphone on a stereo bus: half its
    loudness is lost, which neither Whisper nor Silero minds, while choosing one channel could choose
    the dead one.
    """

    def __init__(self, rate_hz: float) -> None:
        is_ours = rate_hz == SAMPLE_RATE_HZ
        self._stream = None if is_ours else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")

    def push(self, frames: NDArray[np.float32]) -> Samples:
        """Give the samples that are ready once these frames, of shape (n, channels), have arrived."""
        return self._resampled(frames.mean(axis=1, dtype=np.float32))

    def flush(self) -> Samples:
        """Give the samples that were still held back. The sound ends here."""
        return self._resampled(_NOTHING, last=True)

    def _resampled(self, samples: Samples, *, last: bool = False) -> Samples:
        if self._stream is None:
            return samples
        resampled: Samples = self._stream.resample_chunk(samples, last)
        return resampled


class Converter:
    """Turns blocks of frames into windows of exactly `WINDOW` samples, mono, 16 kHz, in -1 to 1."""

    def __init__(self, rate_hz: float) -> None:
        self._resampler = Resampler(rate_hz)
        self._rest = _NOTHING

    def push(self, frames: NDArray[np.float32]) -> list[Samples]:
        """Give the windows that are full once these frames, of shape (n, channels), have arrived."""
        return self._windows(self._resampler.push(frames))

    def flush(self) -> list[Samples]:
        """Give what was still held back, the last window filled up with zeros. The sound ends here."""
        last = self._windows(self._resampler.flush())
        if self._rest.size:
            last += self._windows(np.zeros(WINDOW - self._rest.size, np.float32))
        return last

    def _windows(self, samples: Samples) -> list[Samples]:
        # Resampling overshoots a little where the sound is at full scale.
        held = np.concatenate((self._rest, np.clip(samples, -1, 1)))
        whole = held.size - held.size % WINDOW
        self._rest = held[whole:]
        return list(held[:whole].reshape(-1, WINDOW))
