"""From a recording to text in the outbox: what is recognised when, and what of it is typed already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.foresight import Foresight

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Anticipated
    from device.ports import Parts
    from device.recordings import Recorded, Recordings
    from device.speech.transcript import Transcript
    from device.transcriber import Transcriber
    from device.utterance import Utterance
    from device.utterances import Utterances


class Understanding:
    """Has recordings recognised, while they grow and when they are over. Used on the event loop only.

    Attributes:
        recorded: Called with the number of a dictation and its recording before that is recognised.
    """

    def __init__(
        self,
        recordings: Recordings,
        transcriber: Transcriber,
        utterances: Utterances,
        parts: Parts,
        *,
        types_ahead: bool,
    ) -> None:
        """Begin with nothing recorded.

        Args:
            recordings: What the user records.
            transcriber: Recognises it.
            utterances: Take what is understood.
            parts: Of them, the recogniser knows what recognition costs, and the gain learns how loud the user
                speaks.
            types_ahead: Text is typed while the user still speaks, not only when all seems said.
        """
        self.recorded: Callable[[int, Recorded], object] = lambda _number, _recorded: None
        self._recordings = recordings
        self._transcriber = transcriber
        self._utterances = utterances
        self._gain = parts.gain
        self._types_ahead = types_ahead
        self._foresight = Foresight(recordings, transcriber, parts.recogniser, in_speech=types_ahead)
        self._ahead: Utterance | None = None  # of what is being recorded, once there is text of it

    def recognise(self, recorded: list[Recorded]) -> None:
        """Have recordings recognised that are over."""
        for each in recorded:
            utterance = self._ahead or self._utterances.begin()
            self._ahead = None
            utterance.released_s = each.released_s
            if self._gain and not self._recordings.recording:  # never while the user speaks
                self._gain.heard(each.recording)
            if each.recording.passages:
                self.recorded(utterance.number, each)
                self._transcriber.put(utterance.number, each.recording)
            else:
                self._utterances.nothing_heard(utterance.number, each.duration_s)
        self.forget_what_is_over()

    def begin(self) -> None:
        """Note that another recording begins."""
        self._foresight.begin()

    def look(self) -> None:
        """Have what was said so far recognised, if that is due, and typed, if it seems to be all."""
        self._foresight.look()
        self.type_what_seems_all()

    def anticipated(self, event: Anticipated) -> None:
        """Take what was understood of a recording that may go on."""
        stable = self._foresight.take(event)
        if self._types_ahead:
            self._type_ahead(event.transcript.beginning(len(stable.split())), is_open=True)
        self.type_what_seems_all()

    def type_what_seems_all(self) -> None:
        """Once the user has let go and is silent, wait no more for sound that may still be under way."""
        transcript = self._foresight.all_said
        if transcript and self._recordings.silent:
            self._type_ahead(transcript, is_open=False)

    def drop(self, reason: str) -> None:
        """Throw away what is being recorded; what is typed of it stays.

        Args:
            reason: Why, in one sentence for the user.
        """
        self._recordings.drop()
        if self._ahead:
            self._utterances.failed(self._ahead.number, reason)
            self._ahead = None

    def forget_what_is_over(self) -> None:
        """Expect no text of a recording any more that is over."""
        if not self._recordings.recording:
            self._foresight.begin()

    def _type_ahead(self, said: Transcript, *, is_open: bool) -> None:
        overtakes = self._utterances.unrecognised and not self._ahead  # what was kept aside until just now
        if said.text and self._recordings.is_certain and not overtakes:
            self._ahead = self._ahead or self._utterances.begin()
            if not self._recordings.listening:
                self._ahead.released_s = self._recordings.released_s
            self._utterances.understood(
                self._ahead.number, said, is_all=False, is_certain=False, is_open=is_open
            )
