"""A recogniser whose text has the owner's words in it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.audio.recording import Recording
    from device.ports import Recogniser
    from device.speech.transcript import Transcript

log = logging.getLogger(__name__)


class RepairedRecogniser:
    """The `Recogniser` port, with each segment's text repaired."""

    def __init__(self, recogniser: Recogniser, repair: Callable[[str, str], str]) -> None:
        """Wrap a recogniser.

        Args:
            recogniser: What recognises.
            repair: Gives a text in a language with the owner's words in it.
        """
        self._recogniser = recogniser
        self._repair = repair

    def cost_ms(self, duration_s: float) -> float:
        """Guess how long it takes to recognise so much speech."""
        return self._recogniser.cost_ms(duration_s)

    def anticipate(self, recording: Recording) -> Transcript:
        """Recognise a recording that may go on.

        Raises:
            SaykeyError: When it cannot be recognised.
        """
        return self._repaired(self._recogniser.anticipate(recording))

    def recognise(
        self, recording: Recording, report: Callable[[Transcript], object] = lambda _: None
    ) -> Transcript:
        """Recognise a finished recording.

        Raises:
            SaykeyError: When it cannot be recognised.
        """

        def tell(transcript: Transcript) -> None:
            report(self._repaired(transcript))

        return self._repaired(self._recogniser.recognise(recording, tell))

    def _repaired(self, transcript: Transcript) -> Transcript:
        try:
            segments = [
                replace(each, text=self._repair(each.text, each.language)) for each in transcript.segments
            ]
        except Exception as error:  # noqa: BLE001  whatever comes up, what was said is typed
            # A traceback might hold what was said.
            log.error("your words are not looked for in the text: %s", type(error).__name__)  # noqa: TRY400
            return transcript
        return replace(transcript, segments=tuple(segments))
