"""What the user records. What may turn out to be a double press is kept aside until that is decided."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from device.audio.listener import Listener
from device.audio.sound import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.audio.onset import Onset
    from device.audio.recording import Recording
    from device.audio.sound import Samples
    from device.ports import SpeechDetector
    from device.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recording that is over.

    Attributes:
        recording: Its sound.
        released_s: When the user ended it, on the clock of `time.monotonic`.
    """

    recording: Recording
    released_s: float

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return seconds(len(self.recording.samples))


class Recordings:
    """Listens, and gives every recording as soon as it is over and certain to be a dictation."""

    def __init__(
        self, detector: SpeechDetector, settings: Settings, language: Callable[[], str] = lambda: ""
    ) -> None:
        """Begin with nothing recorded.

        Args:
            detector: Listens along.
            settings: What the user wants.
            language: Gives the language that is spoken, as in `Recording`.
        """
        self._language = language
        self._listener = Listener(detector, settings)
        self._released_s = 0.0
        self._in_doubt = False
        self._aside: list[Recorded] = []

    @property
    def listening(self) -> bool:
        """Whether the user is being recorded."""
        return self._listener.listening

    @property
    def recording(self) -> bool:
        """Whether sound is still being recorded, a recording's tail included."""
        return self._listener.recording

    @property
    def by_itself(self) -> bool:
        """Whether the user is being recorded because of what was heard, not because of a press."""
        return self._listener.listening and self._listener.by_itself

    @property
    def is_certain(self) -> bool:
        """Whether what is being recorded is a dictation, and all before it is on its way."""
        return not (self._in_doubt or self._aside)

    @property
    def undecided(self) -> bool:
        """Whether a recording is kept aside, which may or may not be a dictation."""
        return bool(self._aside)

    @property
    def silent(self) -> bool:
        """Whether the button is up and the user silent, so that it seems that all is said."""
        return self._listener.silent

    @property
    def unspoken(self) -> bool:
        """Whether the user is being recorded, and has not said anything so far."""
        return self._listener.unspoken

    @property
    def released_s(self) -> float:
        """When the user ended the latest recording, on the clock of `time.monotonic`."""
        return self._released_s

    @property
    def duration_s(self) -> float:
        """How much is recorded so far, in seconds."""
        return self._listener.duration_s

    @property
    def quiet_ms(self) -> float:
        """How long nobody has spoken, in milliseconds, since somebody did; 0 before anybody did."""
        return self._listener.quiet_ms

    def so_far(self) -> Recording:
        """Give what is recorded now as if it ended here."""
        return self._spoken(self._listener.so_far())

    def begin(self, *, in_doubt: bool) -> list[Recorded]:
        """Begin a recording.

        Args:
            in_doubt: It is kept aside until `settle` or `forget`.
        """
        before = self._over(self._listener.begin())
        self._in_doubt = in_doubt
        return before

    def watch(self, onset: Onset | None) -> None:
        """Begin recordings by themselves from now on, or no more. One that runs goes on.

        Args:
            onset: Says when; `None` is no more.
        """
        self._listener.watch(onset)

    def end(self) -> list[Recorded]:
        """End the recording, but for its tail."""
        self._released_s = time.monotonic()
        return self._over(self._listener.end())

    def hear(self, samples: Samples) -> list[Recorded]:
        """Take the next window of sound."""
        was_listening = self._listener.listening
        recording = self._listener.hear(samples)
        if recording and was_listening:  # it ended without a release
            self._released_s = time.monotonic()
        if not was_listening and self.by_itself:  # what a press began is over before
            self._in_doubt = False
        if recording and self._listener.hit_limit:
            log.warning("the recording ended at its limit (microphone.max_recording_s)")
        return self._over(recording)

    def cut_short(self) -> list[Recorded]:
        """End the recording now, without its tail."""
        if self._listener.listening:
            self._released_s = time.monotonic()
        return self._over(self._listener.cut_short())

    def settle(self) -> list[Recorded]:
        """Give what was kept aside, and keep nothing aside that is recorded now."""
        recorded, self._aside, self._in_doubt = self._aside, [], False
        return recorded

    def forget(self) -> None:
        """Throw away what is kept aside, unless the user is still being recorded."""
        self._aside.clear()
        if self._in_doubt and not self._listener.listening:
            self._listener.cut_short()

    def drop(self) -> None:
        """Throw away what is being recorded."""
        self._listener.cut_short()

    def _over(self, recording: Recording | None) -> list[Recorded]:
        if recording is None:
            return []
        recorded = Recorded(self._spoken(recording), self._released_s)
        if self._in_doubt:
            self._aside.append(recorded)
            return []
        return [recorded]

    def _spoken(self, recording: Recording) -> Recording:
        """Note the language that counts when it ends: who speaks may still notice that it is another one."""
        return replace(recording, language=self._language())
