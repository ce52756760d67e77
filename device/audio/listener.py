"""When to record: from just before the button's press to a little after its release."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from device.audio.recording import PreRoll, Recorder, Recording
from device.audio.sound import WINDOW_MS

if TYPE_CHECKING:
    from device.audio.sound import Samples
    from device.ports import SpeechDetector
    from device.settings import Settings

SILENT_MS = 3 * WINDOW_MS
"""Who lets go after so much silence has no syllable under way."""

_LATE = 3
"""Windows that may be under way in the sound system when the button comes up: what was said is in them."""


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
        self._tail = math.ceil(settings.microphone.tail_ms / WINDOW_MS)
        self._recorder: Recorder | None = None
        self._after: int | None = None  # windows heard since the release
        self.hit_limit = False

    @property
    def listening(self) -> bool:
        """Whether the user is being recorded: not any more when only the tail still comes in."""
        return self._recorder is not None and self._after is None

    @property
    def recording(self) -> bool:
        """Whether sound is still being recorded, the tail included."""
        return self._recorder is not None

    @property
    def duration_s(self) -> float:
        """How much is recorded so far, in seconds."""
        return self._recorder.windows * WINDOW_MS / 1000 if self._recorder else 0.0

    @property
    def quiet_ms(self) -> float:
        """How long nobody has spoken, in milliseconds, since somebody did; 0 before anybody did."""
        return self._recorder.quiet_ms if self._recorder else 0.0

    @property
    def unspoken(self) -> bool:
        """Whether the user is being recorded, and nobody has spoken, nor begun to."""
        return self._recorder is not None and self._after is None and self._recorder.is_unspoken

    @property
    def silent(self) -> bool:
        """Whether the button is up, and nobody has spoken for `SILENT_MS`: it seems that all is said."""
        return self._after is not None and self.quiet_ms >= SILENT_MS

    def so_far(self) -> Recording:
        """Give what is recorded now as if it ended here."""
        return self._recorder.so_far() if self._recorder else Recording(np.zeros(0, np.float32), ())

    def begin(self) -> Recording | None:
        """Begin a recording; give the one before when its tail was still coming in."""
        before = self._finish()
        before_press = self._pre_roll.take()
        room = max(self._limit, len(before_press)) + self._tail + 1
        self._recorder = Recorder(self._detector, self._settings.speech, room)
        self._after, self.hit_limit = None, False
        for window in before_press:
            self._recorder.hear(window)
        return before

    def end(self) -> Recording | None:
        """Note the release; give the recording if there is no tail.

        Else there are a few windows more, since people let go with the last syllable: until they are silent,
        at most as long as is set.
        """
        self._after = 0
        return self._finish() if self._is_over else None

    def hear(self, window: Samples) -> Recording | None:
        """Take the next window of sound; give the recording that it completed, if any."""
        if self._recorder is None:
            self._pre_roll.hear(window)
            return None
        self._recorder.hear(window)
        if self._after is not None:
            self._after += 1
        elif self._recorder.windows >= self._limit:
            self.hit_limit = True
            return self._finish()
        return self._finish() if self._is_over else None

    def cut_short(self) -> Recording | None:
        """End the recording now, as when the microphone is lost; give what was heard, if anything."""
        self._pre_roll.take()  # what comes next does not follow on it
        return self._finish()

    @property
    def _is_over(self) -> bool:
        if self._after is None:
            return False
        return self._after >= self._tail or (self._after >= _LATE and self.silent)

    def _finish(self) -> Recording | None:
        recorder, self._recorder, self._after = self._recorder, None, None
        return recorder.so_far() if recorder else None
