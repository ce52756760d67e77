"""When to recognise what the user has said so far, while more may come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.speech.live import Agreement, is_due
from device.speech.pieces import HANGOVER_MS

if TYPE_CHECKING:
    from device.audio.recording import Recording
    from device.events import Anticipated
    from device.ports import Recogniser
    from device.recordings import Recordings
    from device.speech.transcript import Transcript
    from device.transcriber import Transcriber

_OFTEN_S = 1.0
"""Text that is typed while the user speaks is looked for so often, on a machine that is fast enough."""

_LONGEST_S = 30.0
"""What lies further back is recognised already."""

_SHARE = 4
"""Of the time in which the user speaks, one part in so many is spent on that."""


class Foresight:
    """Looks at the recording after each window of sound. Used on the event loop only.

    Attributes:
        all_said: What was understood of the recording, while nobody has spoken since; else `None`.
    """

    all_said: Transcript | None

    def __init__(
        self, recordings: Recordings, transcriber: Transcriber, recogniser: Recogniser, *, in_speech: bool
    ) -> None:
        """Begin with nothing recorded.

        Args:
            recordings: What the user records.
            transcriber: Recognises it when it has nothing else to do.
            recogniser: Knows what that costs.
            in_speech: Recognise in mid-speech too, not only when the user falls silent.
        """
        self._recordings = recordings
        self._transcriber = transcriber
        self._recogniser = recogniser
        self._in_speech = in_speech
        self.begin()

    def begin(self) -> None:
        """Forget what was recorded: another recording begins, or this one is over."""
        self.all_said = None
        self._asked: Recording | None = None
        self._asked_s = 0.0  # how long it was when it was last recognised
        self._asked_all = False  # that was in this silence
        self._agreement = Agreement()

    def look(self) -> None:
        """Have what was said so far recognised, if that is due."""
        quiet_ms = self._recordings.quiet_ms
        if quiet_ms < HANGOVER_MS:
            self._asked_all, self.all_said = False, None
        if self._transcriber.is_idle and self._is_due(quiet_ms):
            self._asked_all = quiet_ms >= HANGOVER_MS
            self._asked_s = self._recordings.duration_s
            self._asked = self._recordings.so_far()
            self._transcriber.anticipate(self._asked)

    def take(self, event: Anticipated) -> str:
        """Take what was understood; give the beginning of it that will hardly be understood otherwise."""
        if event.recording is not self._asked or not self._recordings.recording:
            return ""
        if self._asked_all:
            self.all_said = event.transcript
        return self._agreement.take(event.transcript.text)

    def _is_due(self, quiet_ms: float) -> bool:
        duration_s = self._recordings.duration_s
        cost_ms = self._recogniser.cost_ms(min(duration_s, _LONGEST_S))
        if quiet_ms >= HANGOVER_MS:
            return not self._asked_all and is_due(quiet_ms, cost_ms)
        if not (self._in_speech and self._recordings.listening):
            return False
        return duration_s - self._asked_s >= max(_OFTEN_S, _SHARE * cost_ms / 1000)
