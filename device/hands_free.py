"""Hands-free: while the microphone is open for it, dictations begin and end by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.audio.onset import SpeechOnset, WakeWordOnset
from device.audio.sound import WINDOW_MS

if TYPE_CHECKING:
    from device.audio.onset import Onset
    from device.ports import Parts
    from device.recordings import Recorded, Recordings
    from device.settings import Settings


class HandsFree:
    """Whether the microphone is open for that: not before the user asks for it, at each start.

    Time is counted in windows of sound. Used on the event loop only.

    Attributes:
        is_open: Whether it is.
        hint: What the user does now, in a sentence for displays.
    """

    def __init__(self, recordings: Recordings, parts: Parts, settings: Settings) -> None:
        """Leave it closed.

        Args:
            recordings: What begins and ends.
            parts: Of them, the detector and the wake word listen.
            settings: What the user wants.
        """
        self.is_open = False
        self._recordings = recordings
        self._limit = settings.hands_free.minutes * 60_000 / WINDOW_MS
        self._quiet = 0  # windows since somebody was recorded
        self._onset: Onset
        if parts.wake_word:
            self._onset = WakeWordOnset(parts.wake_word)
            self.hint = f"say {settings.hands_free.wake_word.replace('_', ' ')}"
        else:
            self._onset = SpeechOnset(parts.detector, settings.speech)
            self.hint = "say something"

    def open(self) -> None:
        """Let dictations begin by themselves."""
        self.is_open, self._quiet = True, 0
        self._recordings.watch(self._onset)

    def close(self) -> list[Recorded]:
        """Let none begin any more. The one that runs ends here; give it, if it has no tail."""
        if not self.is_open:
            return []
        self.is_open = False
        self._recordings.watch(None)
        return self._recordings.end() if self._recordings.by_itself else []

    def heard(self) -> bool:
        """Take note that a window of sound was heard; say whether nobody has spoken for too long."""
        self._quiet = 0 if self._recordings.recording else self._quiet + 1
        return self.is_open and self._quiet >= self._limit
