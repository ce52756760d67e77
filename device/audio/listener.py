"""When to record: from just before a press to a little after its release, or while somebody speaks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from device.audio.recording import PreRoll, Recorder, Recording
from device.audio.sound import WINDOW, WINDOW_MS

if TYPE_CHECKING:
    from device.audio.onset import Onset
    from device.audio.sound import Samples
    from device.ports import SpeechDetector
    from device.settings import Settings

SILENT_MS = 3 * WINDOW_MS
"""Who lets go after so much silence has no syllable under way."""

_LATE = 3
"""Windows that may be under way in the sound system when the button comes up: what was said is in them."""

_OVERLAP = 8
"""Windows of the silence behind a recording that are before the next one, too: it may begin softly."""


class Listener:
    """Takes every window of sound, and records those that belong to a dictation.

    Time is counted in windows, not by the clock: sound that was still under way in the sound system when
    the button came up is recorded like any other.

    Attributes:
        hit_limit: The last recording ended because it was as long as is allowed.
        by_itself: What is being recorded, or was last, began without a press, and ends by silence.
    """

    def __init__(self, detector: SpeechDetector, settings: Settings) -> None:
        self._detector = detector
        self._settings = settings
        self._pre_roll = PreRoll(settings.microphone.pre_roll_ms)
        self._limit = math.ceil(1000 * settings.microphone.max_recording_s / WINDOW_MS)
        self._tail = math.ceil(settings.microphone.tail_ms / WINDOW_MS)
        self._silence_ms = settings.hands_free.silence_ms
        self._onset: Onset | None = None
        self._recorder: Recorder | None = None
        self._after: int | None = None  # windows heard since the release
        self.hit_limit = self.by_itself = False

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

    def watch(self, onset: Onset | None) -> None:
        """Begin recordings by themselves from now on, or no more. One that runs goes on.

        Args:
            onset: Says when; `None` is no more.
        """
        for each in (self._onset, onset) if self._recorder is None else ():
            if each:
                each.reset([])  # while it is recorded, there is nothing to forget
        self._onset = onset

    def begin(self) -> Recording | None:
        """Begin a recording; give the one before when its tail was still coming in, or it began by itself."""
        before = self._finish()
        self._record(self._pre_roll.take(), by_itself=False)
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
            before = self._onset.hear(window) if self._onset else None
            if before is not None:
                self._pre_roll.take()
                self._record(before, by_itself=True)
            return None
        self._recorder.hear(window)
        if self._after is not None:
            self._after += 1
        elif self._is_said:
            return self._finish(overlap=_OVERLAP)
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

    @property
    def _is_said(self) -> bool:
        """Whether a recording that began by itself is over: nobody speaks, not any more or not at all."""
        if not (self.by_itself and self._recorder and self._onset):
            return False
        if self._recorder.is_unspoken:
            return self._recorder.windows * WINDOW_MS >= self._onset.wait_ms
        return self._recorder.quiet_ms >= self._silence_ms

    def _record(self, before: list[Samples], *, by_itself: bool) -> None:
        """Begin a recording with the windows just before."""
        room = max(self._limit, len(before)) + self._tail + 1
        self._recorder = Recorder(self._detector, self._settings.speech, room)
        self._after, self.hit_limit, self.by_itself = None, False, by_itself
        for window in before:
            self._recorder.hear(window)

    def _finish(self, overlap: int = 0) -> Recording | None:
        """End the recording; so many windows of its end may be the beginning of the next one, too."""
        recorder, self._recorder, self._after = self._recorder, None, None
        if recorder is None:
            return None
        recording = recorder.so_far()
        if self._onset:
            windows = recording.samples.reshape(-1, WINDOW)
            self._onset.reset(list(windows[len(windows) - overlap :]))
        return recording
