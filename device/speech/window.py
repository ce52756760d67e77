"""The encoder of one model, run over the speech instead of over 30 s.

Nearly all that a short utterance costs is the encoding of silence behind it. But Whisper's decoder was
trained on the encoder's output for 30 s: from less it loops and drops words. So what the encoder makes of
silence, which is known beforehand, is set behind what it makes of the speech.

On 307 utterances, tiny.en read greedily makes 6.4 % word errors this way and 6.3 % from the whole window,
for a twentieth of the encoder's time. Every second state for silence would do there too, but of a sentence
that is said three times it makes four. Silence at the spectrogram's floor is better than zeros in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np

from device.errors import ModelError
from device.speech import features

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from device.audio.sound import Samples

MARGIN = 100
"""Frames of silence that are encoded with the speech, so that it ends in them as in a whole window: 1 s."""

SHORT_MARGIN = 50
"""The same for a model that was trained to decode from short windows: 0.5 s."""

_FRAMES_PER_STATE = 2
"""Stride of the encoder's second convolution (Whisper, model.py)."""


_STATES = features.MAX_FRAMES // _FRAMES_PER_STATE


def load_model(folder: Path, threads: int = 0, compute_type: str = "int8") -> Any:
    """Load a model as a `ctranslate2.models.Whisper`.

    Args:
        folder: Where it is.
        threads: How many cores it uses; 0 lets CTranslate2 choose.
        compute_type: CTranslate2's name of the type that its matrices are multiplied in. The device has no
            other than int8; the trainer compares.

    Raises:
        ModelError: It cannot be loaded.
    """
    try:
        return ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type=compute_type, intra_threads=threads
        )
    except Exception as error:  # damage surfaces as whatever C++ stumbled over: IndexError, MemoryError
        raise ModelError(
            f"The model {folder} cannot be loaded ({error}): run saykey model verify."
        ) from error


class Window:
    """The encoder of one model."""

    def __init__(self, model: Any, *, short: bool = False, silence: Path | None = None) -> None:
        """Get ready to encode.

        Args:
            model: A `ctranslate2.models.Whisper`.
            short: The model was trained to decode from the states of the speech alone.
            silence: Where what `silence_states` gave for this model may be kept, as numpy's file. Where it is
                not, it is made, which takes as long as to encode 30 s.
        """
        self._model = model
        self._margin = SHORT_MARGIN if short else MARGIN
        self._silence = None if short else _kept(silence) if silence else None
        if not short and self._silence is None:
            self._silence = silence_states(model)

    def encode(self, samples: Samples) -> Any:
        """Give the states for up to 30 s of speech, and of silence behind it where the model needs that."""
        frames = self._frames(len(samples))
        spoken = _states(self._model, samples, frames + frames % _FRAMES_PER_STATE)
        if self._silence is not None:
            spoken = np.concatenate((spoken, self._silence[:, spoken.shape[1] :]), axis=1)
        return ctranslate2.StorageView.from_array(spoken)

    def heard(self, memory: Any, length: int) -> Any:
        """Give the states of the speech alone, out of those that `encode` gave.

        Args:
            memory: What `encode` or `encode_whole` gave.
            length: Samples of the speech.
        """
        states = np.asarray(memory)[:, : -(-self._frames(length) // _FRAMES_PER_STATE)]
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(states))

    def encode_whole(self, samples: Samples) -> Any:
        """Give the states for up to 30 s of sound and of silence up to 30 s, as Whisper was trained."""
        return ctranslate2.StorageView.from_array(_states(self._model, samples, features.MAX_FRAMES))

    def _frames(self, length: int) -> int:
        """Give how many frames are encoded for so many samples of speech."""
        return min(features.MAX_FRAMES, length // features.HOP + self._margin)


def silence_states(model: Any) -> NDArray[np.float32]:
    """Give what the encoder makes of 30 s of digital silence: shape (1, 1500, width).

    Args:
        model: A `ctranslate2.models.Whisper`.
    """
    return _states(model, np.zeros(0, dtype=np.float32), features.MAX_FRAMES)


def _kept(file: Path) -> NDArray[np.float32] | None:
    """Read kept states; `None` where there are none that can be."""
    try:
        states: NDArray[np.float32] = np.load(file)
    except Exception:  # noqa: BLE001  damage surfaces as whatever numpy stumbled over, MemoryError among it
        return None
    fits = states.dtype == np.float32 and states.ndim == 3 and states.shape[:2] == (1, _STATES)
    return states if fits and np.isfinite(states).all() else None


def _states(model: Any, samples: Samples, frames: int) -> NDArray[np.float32]:
    mel = features.window(samples, model.n_mels, frames)
    view = ctranslate2.StorageView.from_array(mel[np.newaxis])
    return np.asarray(model.encode(view, to_cpu=False))
