"""Silero's speech detector: the model as its package brings it, one window of sound at a time."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from device.errors import ModelError
from device.speech.onnx import read_weights
from device.speech.silero import CONTEXT, Silero

if TYPE_CHECKING:
    from device.audio.sound import Samples

_ONNX_FILE = "silero_vad_16k_op15.onnx"
"""The model without its 8 kHz half: the same probabilities from half the file."""


def silero_path() -> Path:
    """Find the model in the silero-vad package without importing it: importing it would import torch.

    Raises:
        ModelError: The package or the file in it is missing.
    """
    package = find_spec("silero_vad")
    if package is not None and package.origin is not None:
        file = Path(package.origin).parent / "data" / _ONNX_FILE
        if file.is_file():
            return file
    raise ModelError(
        f"The speech detector is missing: install the package silero-vad, which has {_ONNX_FILE}."
    )


class SileroDetector:
    """The `SpeechDetector` port on Silero VAD.

    Raises:
        ModelError: The model is missing or cannot be loaded.
    """

    def __init__(self, path: Path | None = None) -> None:
        file = path or silero_path()
        try:
            self._network = Silero(read_weights(file))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"The speech detector {file} cannot be loaded: install silero-vad again."
            ) from error
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: a new recording begins."""
        self._network.reset()
        self._context = np.zeros(CONTEXT, dtype=np.float32)

    def probability(self, window: Samples) -> float:
        """Give the probability, 0 to 1, that the next `WINDOW` samples of the recording hold speech."""
        sound = np.concatenate((self._context, window))
        self._context = window[-CONTEXT:]
        return self._network.probability(sound)
