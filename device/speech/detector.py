"""Silero's speech detector, run by onnxruntime on one window of sound at a time."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from device.audio.sound import SAMPLE_RATE_HZ
from device.errors import ModelError

if TYPE_CHECKING:
    from device.audio.sound import Samples

_CONTEXT = 64
"""Samples of the window before that the 16 kHz model wants in front of each (silero-vad, OnnxWrapper)."""

_STATE_SHAPE = (2, 1, 128)
"""Shape of the recurrent state (silero-vad, OnnxWrapper.reset_states)."""

_ONNX_FILE = "silero_vad_16k_op15.onnx"
"""The model without its 8 kHz half: the same probabilities from 6 MB less."""


def silero_path() -> Path:
    """Find the model in the silero-vad package without importing it: importing it would import torch.

    Raises:
        ModelError: The package or the file in it is missing.
    """
    try:
        files = distribution("silero-vad").files or ()
    except PackageNotFoundError:
        files = ()
    for file in files:
        if file.name == _ONNX_FILE:
            return Path(str(file.locate()))
    raise ModelError(
        f"The speech detector is missing: install the package silero-vad, which has {_ONNX_FILE}."
    )


class SileroDetector:
    """The `SpeechDetector` port on Silero VAD 5 and 6 (github.com/snakers4/silero-vad).

    Raises:
        ModelError: The model is missing or cannot be loaded.
    """

    def __init__(self, path: Path | None = None) -> None:
        options = onnxruntime.SessionOptions()
        # One window is far too little work to share: more threads only cost their waking.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        file = path or silero_path()
        try:
            self._session = onnxruntime.InferenceSession(
                str(file), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's classes, one a cause, have no root of their own
            raise ModelError(
                f"The speech detector {file} cannot be loaded: install silero-vad again."
            ) from error
        self._rate = np.array(SAMPLE_RATE_HZ, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: a new recording begins."""
        self._state = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._context = np.zeros(_CONTEXT, dtype=np.float32)

    def probability(self, window: Samples) -> float:
        """Give the probability, 0 to 1, that the next `WINDOW` samples of the recording hold speech."""
        sound = np.concatenate((self._context, window))[np.newaxis]
        output, self._state = self._session.run(
            None, {"input": sound, "state": self._state, "sr": self._rate}
        )
        self._context = window[-_CONTEXT:]
        return float(output[0, 0])
