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
    from device.transcriber import Transcriber

_OFTEN_S = 1.0
"""Text that is typed while the user speaks is looked for so often, on a machine that is fast enough."""

_LONGEST_S = 30.0
"""What lies further back is recognised already."""

_SHARE = 4
"""Of the time in which the user speaks, one part in so many is spent on that."""


class Foresight:
    """Looks at the recording after each window of sound. Used on the event loop only."""

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
        """Note that another recording begins."""
        self._asked: Recording | None = None
        self._asked_s = 0.0  # how long it was when it was last recognised
        self._is_known = False  # all that was said before this silence
        self._agreement = Agreement()

    def look(self) -> None:
        """Have what was said so far recognised, if that is due."""
        quiet_ms = self._recordings.quiet_ms
        if quiet_ms < HANGOVER_MS:
            self._is_known = False
        if self._transcriber.is_idle and self._is_due(quiet_ms):
            self._is_known = quiet_ms >= HANGOVER_MS
            self._asked_s = self._recordings.duration_s
            self._asked = self._recordings.so_far()
            self._transcriber.anticipate(self._asked)

    def stable(self, event: Anticipated) -> str:
        """Give what was said so far of this recording as far as it will hardly be understood otherwise."""
        if event.recording is not self._asked or not self._recordings.recording:
            return ""
        return self._agreement.take(event.transcript.text)

    def _is_due(self, quiet_ms: float) -> bool:
        duration_s = self._recordings.duration_s
        cost_ms = self._recogniser.cost_ms(min(duration_s, _LONGEST_S))
        if quiet_ms >= HANGOVER_MS:
            return not self._is_known and is_due(quiet_ms, cost_ms)
        return self._in_speech and duration_s - self._asked_s >= max(_OFTEN_S, _SHARE * cost_ms / 1000)
