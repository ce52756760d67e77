"""What begins a dictation by itself: somebody speaks, or says the wake word."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from device.audio.endpointing import Endpoint, step
from device.audio.recording import PreRoll
from device.audio.sound import WINDOW_MS

if TYPE_CHECKING:
    from device.audio.sound import Samples
    from device.ports import SpeechDetector, WakeWord
    from device.settings import SpeechSettings

BEFORE_MS = 500.0
"""So much sound from before speech was noticed belongs to the dictation.

The detector, which begins anew with each recording, notices it again in that. What is recognised of it is
`speech_pad_ms`.
"""

LOOK_BACK_MS = 3_000.0
"""So much sound is kept at most, until it is certain that somebody speaks."""


class Onset(Protocol):
    """Listens between dictations for the beginning of the next one.

    Attributes:
        wait_ms: How long a dictation that it has begun waits for the first word.
    """

    wait_ms: float

    def reset(self, before: list[Samples]) -> None:
        """Forget what was heard, and begin anew.

        Args:
            before: The windows just before, in which nobody spoke.
        """

    def hear(self, window: Samples) -> list[Samples] | None:
        """Take the next window; give the windows with which a dictation begins now, if one does."""


class SpeechOnset:
    """Somebody speaks: as soon as what was heard is long enough to be speech in any dictation."""

    wait_ms = LOOK_BACK_MS

    def __init__(self, detector: SpeechDetector, settings: SpeechSettings) -> None:
        """Begin with nothing heard.

        Args:
            detector: Is not used otherwise between dictations.
            settings: When it is believed.
        """
        self._detector = detector
        self._settings = settings
        self._heard = PreRoll(LOOK_BACK_MS)
        self._endpoint = Endpoint()

    def reset(self, before: list[Samples]) -> None:
        """Begin anew, with what was heard just before as the sound before the first word."""
        self._detector.reset()
        self._endpoint = Endpoint()
        self._heard.take()
        for window in before:
            self._heard.hear(window)

    def hear(self, window: Samples) -> list[Samples] | None:
        """Take the next window; give those from `BEFORE_MS` before the first word, once somebody speaks."""
        self._heard.hear(window)
        probability = self._detector.probability(window)
        self._endpoint, _ = step(self._endpoint, probability, self._settings)
        start = self._endpoint.start
        if start is None or self._endpoint.spoken * WINDOW_MS < self._settings.min_speech_duration_ms:
            return None
        since = self._endpoint.window - start + math.ceil(BEFORE_MS / WINDOW_MS)
        return self._heard.take()[-since:]


class WakeWordOnset:
    """Somebody says the wake word. It is no part of the dictation, so nothing from before it is kept."""

    wait_ms = 5_000.0

    def __init__(self, wake_word: WakeWord) -> None:
        """Begin with nothing heard."""
        self._wake_word = wake_word

    def reset(self, before: list[Samples]) -> None:  # noqa: ARG002  see above
        """Begin anew."""
        self._wake_word.reset()

    def hear(self, window: Samples) -> list[Samples] | None:
        """Take the next window; give no windows when the wake word is over with it, else `None`."""
        return [] if self._wake_word.heard(window) else None
