"""One dictation: a press of the button and all that comes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from device.keyboard.record import Record
from device.speech.transcript import Transcript

if TYPE_CHECKING:
    from device.outbox import Entry


@dataclass(slots=True)
class Utterance:
    """One dictation.

    Attributes:
        number: Counts from 1.
        released_s: When the button came up, on the clock of `time.monotonic`; 0 while it is down.
        transcript: What was recognised so far; empty while nothing is, and when nothing was said.
        is_recognised: Nothing more is to come of it.
        text: What is to be typed.
        entry: Its entry of the outbox, once there is text.
        is_typed: The entry is done with.
        record: What became of the text, and the times of each stage.
        failure: Why it could not be recognised; empty when it could.
        undone: The user took it back before all of it was typed. Its record then ends there.
        has_acted: What it says is to be done with the dictation before is done.
        words: What was said that is to be typed, as the model wrote it; empty where a command was among it.
    """

    number: int
    released_s: float = 0.0
    transcript: Transcript = field(default_factory=lambda: Transcript((), 0.0))
    is_recognised: bool = False
    text: str = field(default="", repr=False)  # no log and no traceback shall show it
    entry: Entry | None = None
    is_typed: bool = False
    record: Record = field(default_factory=Record)
    failure: str = ""
    undone: bool = False
    has_acted: bool = False
    words: str = field(default="", repr=False)

    def recognised(self, transcript: Transcript, text: str) -> None:
        """Note what was said, and what of it is to be typed."""
        if text != self.text:
            self._note_time("release_to_text", time.monotonic())
        self.transcript, self.text = transcript, text

    def typed(self, entry: Entry) -> None:
        """Note that its entry of the outbox is done with."""
        self.is_typed = True
        entry.record.times_ms.update(self.record.times_ms)
        self.record = entry.record
        self.undone = entry.is_open or entry.done < entry.record.asked
        self._note_time("release_to_first_key", entry.first_key_s)
        self._note_time("release_to_last_key", entry.last_key_s)

    def summary(self) -> str:
        """Give a line for the log, without a word of what was said."""
        counts = (
            f"{self.record.typed} typed, {self.record.substituted} substituted, {self.record.refused} refused"
        )
        return f"dictation {self.number}: {self.transcript.duration_s:.1f} s, characters: {counts}"

    def _note_time(self, stage: str, at_s: float | None) -> None:
        if at_s is not None and self.released_s:
            self.record.times_ms[stage] = 1000 * (at_s - self.released_s)
