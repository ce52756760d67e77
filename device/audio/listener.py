"""When to record: from just before the button's press to a little after its release."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from device.audio.recording import PreRoll, Recorder
from device.audio.sound import WINDOW_MS

if TYPE_CHECKING:
    from device.audio.recording import Recording
    from device.audio.sound import Samples
    from device.ports import SpeechDetector
    from device.settings import Settings


class Listener:
    """Takes every window of sound, and records those that belong to a dictation.

    Time is counted in windows, not by the clock: sound that was still under way in the sound system when
    the button came up is recorded like any other.

    Attributes:
        hit_limit: The last recording ended because it was as long as is allowed.
    """

    def __init__(self, detector: SpeechDetector, settings: Settings) -> None:
        self._detector = detector
        self._settings = settings
        self._pre_roll = PreRoll(settings.microphone.pre_roll_ms)
        self._limit = math.ceil(1000 * settings.microphone.max_recording_s / WINDOW_MS)
        self._recorder: Recorder | None = None
        self._tail: int | None = None  # windows still to come after the release
        self.hit_limit = False

    @property
    def listening(self) -> bool:
        """Whether the user is being recorded: not any more when only the tail still comes in."""
        return self._recorder is not None and self._tail is None

    @property
    def recording(self) -> bool:
        """Whether sound is still being recorded, the tail included."""
        return self._recorder is not None

    def begin(self) -> Recording | None:
        """Begin a recording; give the one before when its tail was still coming in."""
        before = self._finish()
        self._recorder = Recorder(self._detector, self._settings.speech)
        self._tail, self.hit_limit = None, False
        for window in self._pre_roll.take():
            self._recorder.hear(window)
        return before

    def end(self) -> None:
        """Note the release: a few windows more, since people let go with the last syllable."""
        self._tail = math.ceil(self._settings.microphone.tail_ms / WINDOW_MS)

    def hear(self, window: Samples) -> Recording | None:
        """Take the next window of sound; give the recording that it completed, if any."""
        if self._recorder is None:
            self._pre_roll.hear(window)
            return None
        if self._tail == 0:
            recording = self._finish()
            self._pre_roll.hear(window)
            return recording
        self._recorder.hear(window)
        if self._tail is not None:
            self._tail -= 1
        elif self._recorder.windows >= self._limit:
            self.hit_limit = True
            return self._finish()
        return self._finish() if self._tail == 0 else None

    def cut_short(self) -> Recording | None:
        """End the recording now, as when the microphone is lost; give what was heard, if anything."""
        self._pre_roll.take()  # what comes next does not follow on it
        return self._finish()

    def _finish(self) -> Recording | None:
        recorder, self._recorder, self._tail = self._recorder, None, None
        return recorder.finish() if recorder else None
