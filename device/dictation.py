"""How speech becomes keys: the one loop that acts on everything that happens.

    button -> microphone -> speech detector -> recogniser -> formatter -> outbox -> typist -> keyboard

What stands left of the outbox may fail without anything being typed, what stands right of it without
anything being lost.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from device.computers import Computers
from device.events import (
    Anticipated,
    ButtonMoved,
    DecisionDue,
    HostsChanged,
    MicrophoneLost,
    MicrophoneReady,
    Recognised,
    RecognitionFailed,
    SoundDropped,
    SoundHeard,
    StopRequested,
    TypingChanged,
)
from device.foresight import Foresight
from device.gestures import Gesture
from device.keyboard.typist import Typist
from device.last import Last
from device.outbox import Outbox
from device.ports import State
from device.presses import Presses
from device.progress import Progress, WatchedKeyboard
from device.recordings import Recordings
from device.status import Facts, Status
from device.transcriber import Transcriber
from device.utterances import Utterances

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Event
    from device.outbox import Entry
    from device.ports import Parts
    from device.recordings import Recorded
    from device.settings import Settings
    from device.speech.transcript import Transcript
    from device.utterance import Utterance

log = logging.getLogger(__name__)

STOP_GRACE_S = 5.0
"""How long what was said may still be typed after a request to stop."""

_SOUND_WITHIN_S = 5.0
"""A microphone delivers every 32 ms, or says within a second that it is lost."""


class Dictation:
    """The whole path. `post` is for every thread; all else belongs to the event loop.

    Attributes:
        progress: Whether every stage at work gets on with it.
        sound_dropped: How often the sound system lost sound before it reached us.
    """

    def __init__(
        self, parts: Parts, settings: Settings, *, finished: Callable[[Utterance], None] = lambda _: None
    ) -> None:
        """Put the path together; nothing moves before `run`.

        Args:
            parts: What it is built from.
            settings: What the user wants.
            finished: Called on the event loop after each dictation, whatever came of it.
        """
        self.progress = Progress()
        self.sound_dropped = 0
        self._parts = parts
        self._settings = settings
        self._finished = finished
        self._loop: asyncio.AbstractEventLoop | None = None
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._presses = Presses(settings.button, self.post)
        self._recordings = Recordings(parts.detector, settings)
        self._resumes = False  # typing may go on once the latest press is no double press
        self._transcriber = Transcriber(parts.recogniser, self.post, self.progress)
        self._types_ahead = settings.recognition.type_while_speaking
        self._foresight = Foresight(
            self._recordings, self._transcriber, parts.recogniser, in_speech=self._types_ahead
        )
        self._ahead: Utterance | None = None  # of what is being recorded, once there is text of it
        self._outbox = Outbox()
        self._typist = Typist(
            WatchedKeyboard(parts.keyboard, self.progress),
            parts.hosts,
            self._outbox,
            report_change=lambda: self.post(TypingChanged()),
            finished=self._typed,
        )
        self._last = Last(self._outbox, self._typist, parts.keyboard, settings.text, finished=self._typed)
        self._utterances = Utterances(self._outbox, self._last, settings.text, over=self._over)
        self._status = Status(parts.indicator)
        self._computers = Computers(parts.hosts)
        self._fault = ""
        self._tell_ready: Callable[[], object] = lambda: None

    def post(self, event: Event) -> None:
        """Put an event on the queue, from any thread. What comes after the end is ignored."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def run(self, *, ready: Callable[[], object] = lambda: None) -> None:
        """Dictate until `StopRequested`.

        Args:
            ready: Called once, when the microphone listens or has been found missing.

        Raises:
            SaykeyError: The button cannot be watched, or the keyboard is broken, not only away.
        """
        self._loop = asyncio.get_running_loop()
        self._tell_ready = cache(ready)  # once
        typing = asyncio.create_task(self._typist.run())
        recognising = asyncio.create_task(self._transcriber.run())
        acting = asyncio.create_task(self._act_on_events())
        try:
            self._parts.button.start(self.post)
            self._parts.microphone.start(self.post)
            self._show()
            done, _ = await asyncio.wait((acting, recognising, typing), return_when=asyncio.FIRST_COMPLETED)
            if done == {acting} and not acting.exception():
                await self._finish_what_was_said()
        finally:
            await self._stop(acting, recognising, typing)

    def retry(self) -> None:
        """Try again what could not be recognised, as the user's next press does."""
        self._transcriber.retry()

    async def _act_on_events(self) -> None:
        while not isinstance(event := await self._events.get(), StopRequested):
            self._act(event)
            self._show()
            await asyncio.sleep(0)  # a queue that is never empty must not starve the typist

    def _act(self, event: Event) -> None:
        match event:
            case ButtonMoved() | DecisionDue():
                self._read(event)
            case SoundHeard(samples):
                self.progress.expect("microphone", _SOUND_WITHIN_S)
                self._recognise(self._recordings.hear(samples))
                self._foresight.look()
                self._type_what_seems_all()
            case SoundDropped():
                self.sound_dropped += 1
                log.warning("the sound system lost some sound (%d times so far)", self.sound_dropped)
            case MicrophoneReady(name):
                self._fault = ""
                log.info("microphone: %s", name)
                self._tell_ready()
            case MicrophoneLost(reason):
                self.progress.rest("microphone")
                self._fault = reason
                log.warning("%s", reason)
                self._recognise(self._recordings.cut_short())
                self._tell_ready()
            case Anticipated():
                self._anticipated(event)
            case Recognised(number, transcript, is_all):
                self._utterances.understood(number, transcript, transcript.text, is_all=is_all)
            case RecognitionFailed(number, reason, again):
                self._not_recognised(number, reason, again=again)
            case HostsChanged():
                self._hosts_changed(event)

    # From the button to a recording.

    def _read(self, event: ButtonMoved | DecisionDue) -> None:
        listening = self._recordings.listening
        # Who speaks does not look at the question, and only ends the recording.
        asked = not listening and self._computers.asks(event.at_s)
        for gesture in self._presses.read(event, recording=listening, asked=asked):
            self._gesture(gesture)

    def _gesture(self, gesture: Gesture) -> None:
        match gesture:
            case Gesture.START:
                self._start()
            case Gesture.END:
                self._recognise(self._recordings.end())
                self._type_what_seems_all()
            case Gesture.SETTLE:
                if self._resumes:
                    self._last.release()
                self._recognise(self._recordings.settle())
            case Gesture.UNDO | Gesture.AGAIN:
                act = self._last.undo if gesture is Gesture.UNDO else self._last.again
                self._instead_of_recording(lambda: act(self._utterances.without_text))
            case Gesture.NEXT_HOST:
                self._instead_of_recording(self._turn_to_next_host)
            case Gesture.PAIR:
                self._pair()
            case Gesture.CONFIRM:
                self._computers.confirm()

    def _hosts_changed(self, event: HostsChanged) -> None:
        if news := self._computers.changed(event):
            self._status.notice(*news)

    def _instead_of_recording(self, act: Callable[[], str]) -> None:
        self._recordings.forget()
        self._forget_what_is_over()
        if reason := act():
            self._status.notice(State.ERROR, reason)

    def _turn_to_next_host(self) -> str:
        """Type into the next host, where what waits is typed at the press; give why not, or nothing."""
        if reason := self._computers.next():
            return reason
        self._status.notice(State.IDLE, f"types into {self._parts.hosts.name}")
        return ""

    def _pair(self) -> None:
        """Let a host pair, if nothing was said with the long press: else that is a dictation."""
        if (self._recordings.unspoken or self._fault) and self._computers.pair():
            self._status.clear_notice()
            self._recordings.drop()
            self._forget_what_is_over()

    def _start(self) -> None:
        """Do what a press means now: stop the typing, or resume it, or record."""
        several, self._resumes = self._presses.several, False
        if self._typing:
            self._typist.stop()
            if not several:
                return
        elif self._outbox.held and not (
            self._typist.host_away or self._settings.button.mode == "hold" or several
        ):
            # A tap would leave a recording open that nobody meant to begin. Held, the button does both.
            self._resume()
            return
        self._status.clear_notice()
        self._transcriber.retry()
        self._resume()
        if self._fault:
            self._status.notice(State.ERROR, self._fault)
        else:
            self._recognise(self._recordings.begin(in_doubt=self._presses.in_doubt))
            self._foresight.begin()

    def _resume(self) -> None:
        """Type what waits, at once or when the press is certain not to take it back or elsewhere."""
        self._resumes = self._presses.several or self._presses.may_switch_host
        if not self._resumes:
            self._last.release()

    # From a recording to text in the outbox: see `device.utterances`.

    def _recognise(self, recorded: list[Recorded]) -> None:
        for each in recorded:
            utterance = self._ahead or self._utterances.begin()
            self._ahead = None
            utterance.released_s = each.released_s
            if each.recording.passages:
                self._transcriber.put(utterance.number, each.recording)
            else:
                self._utterances.nothing_heard(utterance.number, each.duration_s)
        self._forget_what_is_over()

    def _forget_what_is_over(self) -> None:
        if not self._recordings.recording:
            self._foresight.begin()

    def _anticipated(self, event: Anticipated) -> None:
        stable = self._foresight.take(event)
        if self._types_ahead:
            self._type_ahead(event.transcript, stable)
        self._type_what_seems_all()

    def _type_what_seems_all(self) -> None:
        """Once the user has let go and is silent, wait no more for sound that may still be under way."""
        transcript = self._foresight.all_said
        if transcript and self._recordings.silent:
            self._type_ahead(transcript, transcript.text)

    def _type_ahead(self, transcript: Transcript, said: str) -> None:
        overtakes = self._utterances.unrecognised and not self._ahead  # what was kept aside until just now
        if said and self._recordings.is_certain and not overtakes:
            self._ahead = self._ahead or self._utterances.begin()
            if not self._recordings.listening:
                self._ahead.released_s = self._recordings.released_s
            self._utterances.understood(self._ahead.number, transcript, said, is_all=False)

    def _not_recognised(self, number: int, reason: str, *, again: bool) -> None:
        log.error("dictation %d could not be recognised: %s", number, reason)
        self._status.notice(State.ERROR, reason)
        if not again:
            self._utterances.failed(number, reason)

    # From the outbox to the keyboard: see `device.keyboard.typist`.

    def _typed(self, entry: Entry) -> None:
        self._last.settled(entry)
        if entry.record.refused:
            self._status.notice(State.ERROR, f"{entry.record.refused} characters cannot be typed")
        self._utterances.typed(entry)

    def _over(self, utterance: Utterance) -> None:
        heard = utterance.text or utterance.failure
        if not (heard or self._recordings.listening):  # then, it would seem to be about what is said now
            self._status.notice(State.NOTHING_HEARD)
        log.info("%s", utterance.summary())
        self._finished(utterance)

    @property
    def _waits(self) -> bool:
        return self._outbox.held or self._typist.host_away

    @property
    def _typing(self) -> bool:
        return self._typist.typing or bool(self._outbox.pending and not self._waits)

    def _show(self) -> None:
        failure = self._transcriber.failure
        facts = Facts(
            listening=self._recordings.listening,
            typing=self._typing,
            recognising=self._recordings.recording or (self._utterances.unrecognised and not failure),
            fault=self._fault or (failure and f"not recognised ({failure}): press the button to try again"),
            host_away=self._typist.host_away or self._computers.is_away,
            waiting=self._outbox.pending if self._waits else 0,
            host=self._computers.name,
            pairing_as=self._settings.bluetooth.name if self._computers.window.is_open else "",
            asking=self._computers.window.asking,
        )
        self._status.update(facts)

    # The end.

    async def _finish_what_was_said(self) -> None:
        """Type what is on its way, unless it waits for the user's press or the host anyway."""
        self._recognise(self._recordings.settle() + self._recordings.cut_short())
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_GRACE_S):
                while (self._utterances or self._outbox.pending) and not self._waits:
                    self._show()
                    self._transcriber.retry()
                    if isinstance(event := await self._events.get(), StopRequested):
                        break
                    self._act(event)
                    await asyncio.sleep(0)
        if self._utterances:
            log.warning("stopped before all was typed; dictations lost: %d", len(self._utterances))

    async def _stop(self, *tasks: asyncio.Task[None]) -> None:
        for task in tasks:
            task.cancel()
        # First of all the keys go up: a key that stays down repeats.
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self._parts.button.stop()
        await asyncio.to_thread(self._parts.microphone.stop)
        self._parts.keyboard.close()
        for result in results:
            if isinstance(result, Exception):
                raise result
