"""The dictations that are under way. What is understood of them goes into the outbox as soon as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.outbox import Entry
from device.speech.transcript import Transcript
from device.text.body import Act
from device.utterance import Utterance
from device.wording import understand, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.last import Last
    from device.outbox import Outbox
    from device.settings import Settings
    from device.text.body import Body


class Utterances:
    """From a recording that was made to text that is typed. Used on the event loop only."""

    def __init__(
        self,
        outbox: Outbox,
        last: Last,
        settings: Settings,
        *,
        over: Callable[[Utterance], None],
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin with none.

        Args:
            outbox: Takes the text.
            last: Knows what the text is joined to, and whether it was taken back.
            settings: How text is written.
            over: Called with each dictation of which nothing more is to come.
            refused: Called with the reason why what was said is not done.
        """
        self._outbox = outbox
        self._last = last
        self._settings = settings
        self._over = over
        self._refused = refused
        self._count = 0
        self._under_way: dict[int, Utterance] = {}

    def __len__(self) -> int:
        """Give how many are under way."""
        return len(self._under_way)

    @property
    def without_text(self) -> list[Utterance]:
        """Those of which nothing is understood so far."""
        return [utterance for utterance in self._under_way.values() if not utterance.text]

    @property
    def unrecognised(self) -> bool:
        """Whether any is not all recognised."""
        return any(not utterance.is_recognised for utterance in self._under_way.values())

    def begin(self) -> Utterance:
        """Give the next one its number."""
        self._count += 1
        utterance = self._under_way[self._count] = Utterance(self._count)
        return utterance

    def understood(
        self,
        number: int,
        transcript: Transcript,
        *,
        is_all: bool,
        is_certain: bool = True,
        is_open: bool = False,
    ) -> None:
        """Have what is known of a dictation typed and done, and what is not so any more taken back.

        Args:
            number: The dictation's.
            transcript: What was recognised so far, from the beginning.
            is_all: Nothing follows.
            is_certain: It stays as it is. Until then nothing is done that cannot be taken back.
            is_open: More may follow the last word without a pause.
        """
        utterance = self._under_way[number]
        language = transcript.language
        reading = understand(transcript.segments, language, self._settings, is_open=is_open)
        utterance.words = reading.body.words
        if reading.acts and not utterance.has_acted:
            if not is_certain:
                return
            self._act(utterance, reading.acts)
        body = reading.body if is_all else reading.body.until_key
        text = write(body, self._last.before, self._settings)
        is_more = len(transcript.segments) > len(utterance.transcript.segments)  # which may take text back
        if not (is_all or is_more) and utterance.text.startswith(text):
            return  # nothing new, as when a recognition begins again: what is typed stays
        utterance.is_recognised = is_all
        if utterance.entry:
            utterance.recognised(transcript, text)
            utterance.entry.speak(language)
            self._last.amend(utterance.entry, body, text, is_open=not is_all)
        elif text:
            utterance.recognised(transcript, text)
            self._put(utterance, Entry(number, text, language=language, is_open=not is_all), body)
        elif is_all:
            utterance.transcript, utterance.is_typed = transcript, True
            if utterance.undone and not utterance.has_acted:
                utterance.undone = False  # it is no text: what the user saw last is the one before
                self._act(utterance, (Act.UNDO,))
        self._end_when_over(utterance)

    def nothing_heard(self, number: int, duration_s: float) -> None:
        """Note that there was no speech in a recording."""
        self.understood(number, Transcript((), duration_s), is_all=True)

    def failed(self, number: int, reason: str) -> None:
        """Note that a dictation is given up. What was understood of it before stays."""
        utterance = self._under_way[number]
        utterance.failure, utterance.is_recognised = reason, True
        if utterance.entry:
            self._last.close(utterance.entry)
        else:
            utterance.is_typed = True
        self._end_when_over(utterance)

    def typed(self, entry: Entry) -> None:
        """Note that nothing more is typed of an entry."""
        if utterance := self._under_way.get(entry.dictation):
            utterance.typed(entry)
            self._end_when_over(utterance)

    def _act(self, utterance: Utterance, acts: Sequence[Act]) -> None:
        """Do what the beginning of a dictation says, once, and not if the user took that back."""
        utterance.has_acted = True
        if utterance.entry:  # it seemed to be text
            utterance.undone = self._last.withdraw(utterance.entry)
            utterance.entry, utterance.text, utterance.is_typed = None, "", False
        if utterance.undone:
            return
        earlier = [each for each in self.without_text if each.number < utterance.number]
        for act in acts:
            do = self._last.undo if act is Act.UNDO else self._last.again
            if reason := do(earlier, by_press=False):
                self._refused(reason)

    def _put(self, utterance: Utterance, entry: Entry, said: Body) -> None:
        utterance.entry = entry
        self._last.remember(entry, said, undone=utterance.undone)
        if utterance.undone:
            utterance.is_typed = True
        else:
            self._outbox.put(entry)

    def _end_when_over(self, utterance: Utterance) -> None:
        if utterance.is_recognised and utterance.is_typed:
            del self._under_way[utterance.number]
            self._over(utterance)
