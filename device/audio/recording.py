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
    """A recording, or the beginning of one.

    Attributes:
        samples: All of it, the pre-roll included.
        passages: Where there is speech, padded by `speech_pad_ms`. Between them were the user's pauses.
        language: Code of the language that is spoken, or "auto"; empty where it is that of the settings.
    """

    samples: Samples
    passages: tuple[Passage, ...]
    language: str = ""


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

    def __init__(self, detector: SpeechDetector, settings: SpeechSettings, room: int) -> None:
        """Begin with nothing heard.

        Args:
            detector: Listens along.
            settings: When it is believed.
            room: Windows that there may be. Those that do not come take no memory, only addresses.
        """
        detector.reset()
        self._detector = detector
        self._settings = settings
        self._samples = np.empty(room * WINDOW, dtype=np.float32)
        self._length = 0
        self._passages: list[Passage] = []
        self._endpoint = Endpoint()

    @property
    def windows(self) -> int:
        """How many windows were heard."""
        return self._length // WINDOW

    @property
    def is_unspoken(self) -> bool:
        """Whether nobody has spoken, nor begun to."""
        return not (self._passages or self._endpoint.speaking)

    @property
    def quiet_ms(self) -> float:
        """How long nobody has spoken, in milliseconds, since somebody did; 0 before anybody did."""
        if self._endpoint.speaking:
            since = self._endpoint.quiet_since
        else:
            since = self._passages[-1].speech_end // WINDOW if self._passages else None
        return 0.0 if since is None else (self._endpoint.window - since) * WINDOW_MS

    def hear(self, window: Samples) -> None:
        """Add a window."""
        end = self._length + WINDOW
        self._samples[self._length : end] = window
        self._length = end
        self._endpoint, passage = step(self._endpoint, self._detector.probability(window), self._settings)
        if passage:
            self._passages.append(passage)

    def so_far(self) -> Recording:
        """Give the recording as if it ended now. It may go on: samples that were given do not change."""
        last = close(self._endpoint, self._settings)
        passages = [*self._passages, last] if last else self._passages
        return Recording(
            self._samples[: self._length], pad(passages, self._length, self._settings.speech_pad_ms)
        )


def record(samples: Samples, detector: SpeechDetector, settings: SpeechSettings) -> Recording:
    """Make the recording of a whole file, the last window filled up with silence."""
    recorder = Recorder(detector, settings, math.ceil(len(samples) / WINDOW))
    for start in range(0, len(samples), WINDOW):
        window = samples[start : start + WINDOW]
        recorder.hear(np.pad(window, (0, WINDOW - len(window))))
    return recorder.so_far()
