"""The recording of one dictation, and the sound just before it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from device.audio.endpointing import Endpoint, Passage, close, pad, step
from device.audio.sound import WINDOW, WINDOW_MS

if TYPE_CHECKING:
    from device.audio.sound import Samples
    from device.ports import SpeechDetector
    from device.settings import SpeechSettings


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording.

    Attributes:
        samples: All of it, the pre-roll included.
        passages: Where there is speech, padded by `speech_pad_ms`. Between them were the user's pauses.
    """

    samples: Samples
    passages: tuple[Passage, ...]


class PreRoll:
    """The last windows of sound before the button is pressed, so that the first syllable is whole."""

    def __init__(self, pre_roll_ms: float) -> None:
        self._windows: deque[Samples] = deque(maxlen=math.ceil(pre_roll_ms / WINDOW_MS))

    def hear(self, window: Samples) -> None:
        """Keep a window, and forget the oldest."""
        self._windows.append(window)

    def take(self) -> list[Samples]:
        """Give the windows in order, and forget them: no sound shall open two recordings."""
        windows = list(self._windows)
        self._windows.clear()
        return windows


class Recorder:
    """A recording that grows window by window, while the detector listens along."""

    def __init__(self, detector: SpeechDetector, settings: SpeechSettings) -> None:
        detector.reset()
        self._detector = detector
        self._settings = settings
        self._windows: list[Samples] = []
        self._passages: list[Passage] = []
        self._endpoint = Endpoint()

    @property
    def windows(self) -> int:
        """How many windows were heard."""
        return len(self._windows)

    def hear(self, window: Samples) -> None:
        """Add a window."""
        self._windows.append(window)
        self._endpoint, passage = step(self._endpoint, self._detector.probability(window), self._settings)
        if passage:
            self._passages.append(passage)

    def finish(self) -> Recording:
        """End the recording."""
        last = close(self._endpoint, self._settings)
        passages = [*self._passages, last] if last else self._passages
        samples = np.concatenate(self._windows) if self._windows else np.zeros(0, dtype=np.float32)
        return Recording(samples, pad(passages, len(samples), self._settings.speech_pad_ms))


def record(samples: Samples, detector: SpeechDetector, settings: SpeechSettings) -> Recording:
    """Make the recording of a whole file, the last window filled up with silence."""
    recorder = Recorder(detector, settings)
    for start in range(0, len(samples), WINDOW):
        window = samples[start : start + WINDOW]
        recorder.hear(np.pad(window, (0, WINDOW - len(window))))
    return recorder.finish()
