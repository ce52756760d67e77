"""How speech becomes keys: the one loop that acts on everything that happens.

    button -> microphone -> speech detector -> recogniser -> formatter -> outbox -> typist -> keyboard

What stands left of the outbox may fail without anything being typed, what stands right of it without
anything being lost.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

from device.computers import Computers
from device.corrections.keeper import Corrections
from device.errors import ControlError
from device.events import (
    Anticipated,
    ButtonMoved,
    DecisionDue,
    FurtherButtonMoved,
    HostsChanged,
    KeyboardTried,
    MicrophoneClosed,
    MicrophoneLost,
    MicrophoneReady,
    ModelChosen,
    Recognised,
    RecognitionFailed,
    SoundDropped,
    SoundHeard,
    StopRequested,
    Then,
    TypingChanged,
)
from device.gestures import Gesture
from device.hearing import Hearing
from device.keyboard.typist import Typist
from device.languages import Languages
from device.last import Last
from device.mute import Mute
from device.outbox import Outbox
from device.ports import State
from device.presses import FurtherPresses, Presses
from device.preview import Preview
from device.progress import Progress, WatchedKeyboard
from device.recordings import Recordings
from device.settings import CorrectionsSettings
from device.status import Facts, Status
from device.switching import Switching
from device.transcriber import Transcriber
from device.understanding import Understanding
from device.utterances import Utterances

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Event
    from device.outbox import Entry
    from device.ports import Parts
    from device.settings import Settings
    from device.utterance import Utterance

log = logging.getLogger(__name__)

STOP_GRACE_S = 5.0
"""How long what was said may still be typed after a request to stop."""


_IN_SILENCE = {
    Gesture.HANDS_FREE_IN_SILENCE: Gesture.HANDS_FREE,
    Gesture.FORGET_IN_SILENCE: Gesture.FORGET_CORRECTIONS,
}
"""What a long press asks for with which nothing is said."""


class Dictation:
    """The whole path. `post` is for every thread; all else belongs to the event loop.

    Attributes:
        languages: Those that the user speaks.
        progress: Whether every stage at work gets on with it.
    """

    def __init__(
        self,
        parts: Parts,
        settings: Settings,
        *,
        mute: Mute | None = None,
        corrections: Corrections | None = None,
        finished: Callable[[Utterance], None] = lambda _: None,
    ) -> None:
        """Put the path together, on the running event loop; nothing moves before `run`.

        Args:
            parts: What it is built from.
            settings: What the user wants.
            mute: Whether the microphone is muted; by default it is not.
            corrections: Keep what was taken back and spoken again; without, nothing is kept.
            finished: Called on the event loop after each dictation, whatever came of it.
        """
        self.progress = Progress()
        self._parts = parts
        self._settings = settings
        self._finished = finished
        # From the beginning, since what comes before `run` is acted on in it: a signal comes when it likes.
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._was_open = False  # for hands-free, until the first press of the latest ones closed it
        self._is_early = False  # the latest press came before the microphone was open
        self._wanted: Then | None = None  # what comes after, once it may
        self._resumes = False  # typing may go on once the latest press is no double press
        self._keyboard_fault = ""  # with which the user may speak: Bluetooth types it, or it waits
        self._presses = Presses(settings.button, self.post)
        self._further_presses = FurtherPresses(settings.button, self.post)
        self.languages = parts.languages or Languages(settings.recognition)
        self._recordings = Recordings(parts.detector, settings, lambda: self.languages.chosen)
        self._transcriber = Transcriber(parts.recogniser, self.post, self.progress)
        self._outbox = Outbox()
        self._typist = Typist(
            WatchedKeyboard(parts.keyboard, self.progress),
            parts.hosts,
            self._outbox,
            report_change=lambda: self.post(TypingChanged()),
            finished=self._typed,
        )
        self._last = Last(self._outbox, self._typist, parts.keyboard, settings, finished=self._typed)
        self._utterances = Utterances(self._outbox, self._last, settings, over=self._over, refused=self._tell)
        self._understanding = Understanding(
            self._recordings,
            self._transcriber,
            self._utterances,
            parts,
            types_ahead=settings.recognition.type_while_speaking,
        )
        self._corrections = corrections or Corrections(CorrectionsSettings())
        self._last.taken_back = self._corrections.taken_back
        self._last.brought_back = self._corrections.brought_back
        self._understanding.recorded = self._corrections.recorded
        self._status = Status(parts.indicator)
        self._preview = Preview(
            parts.display,
            parts.hosts,
            self._outbox,
            self.languages,
            shows_text=settings.display.preview,
        )
        self._computers = Computers(parts.hosts)
        self._hearing = Hearing(
            self._recordings,
            self._understanding,
            self._transcriber,
            parts,
            settings,
            mute=mute or Mute(),
            progress=self.progress,
            post=self.post,
        )
        self._switching = Switching(
            parts,
            self._computers,
            self.languages,
            self._corrections,
            self._status,
            show=self._show,
            post=self.post,
        )
        self._chosen = {
            Gesture.NEXT_HOST: self._switching.next_host,
            Gesture.NEXT_LANGUAGE: self._switching.next_language,
            Gesture.NEXT_MODEL: self._switching.next_model,
            Gesture.HANDS_FREE: self._toggle_hands_free,
            Gesture.FORGET_CORRECTIONS: self._switching.forget_corrections,
        }

    def post(self, event: Event) -> None:
        """Put an event on the queue, from any thread. What comes after the end is ignored."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def run(self, *, ready: Callable[[], object] = lambda: None) -> Then:
        """Dictate until `StopRequested`; give what comes after.

        Args:
            ready: Called once, when the microphone listens or has been found missing.

        Raises:
            SaykeyError: The button cannot be watched, or the keyboard is broken, not only away.
        """
        typing = asyncio.create_task(self._typist.run())
        recognising = asyncio.create_task(self._transcriber.run())
        acting = asyncio.create_task(self._act_on_events())
        try:
            self._parts.button.start(self.post)
            self._hearing.start(ready)
            self._show()
            done, _ = await asyncio.wait((acting, recognising, typing), return_when=asyncio.FIRST_COMPLETED)
            if done == {acting} and not acting.exception():
                return await self._finish_what_was_said(acting.result())
        finally:
            await self._stop(acting, recognising, typing)
        return Then.STOP

    def retry(self) -> None:
        """Try again what could not be recognised, as the user's next press does."""
        self._transcriber.retry()

    def speak(self, language: str) -> None:
        """Take this language, or "auto", for the one that is spoken from now on.

        Raises:
            SettingsError: It is none of those that the settings name.
        """
        self._switching.speak(language)
        self._show()

    async def mute(self, *, on: bool) -> None:
        """Mute the microphone, or end that; return when it is closed, or is being opened."""
        self._turn_mute(on=on)
        await self._hearing.until_closed()

    @property
    def sound_dropped(self) -> int:
        """How often the sound system lost sound before it reached us."""
        return self._hearing.sound_dropped

    @property
    def is_hands_free(self) -> bool:
        """Whether dictations begin by themselves."""
        return self._hearing.is_hands_free

    def hands_free(self, *, on: bool) -> None:
        """Open the microphone for dictations that begin by themselves, or end that.

        Raises:
            ControlError: It cannot be opened.
        """
        if on:
            self._gesture(Gesture.SETTLE)
        if reason := self._turn_hands_free(on=on):
            raise ControlError(f"Dictations do not begin by themselves: {reason}.")
        self._show()

    async def forget_corrections(self) -> int:
        """Delete all corrections that are kept, and those that may come of what is held; say how many.

        Raises:
            CorrectionError: They cannot be deleted.
        """
        return await self._corrections.forget()

    async def _act_on_events(self) -> Then:
        while True:
            event = await self._events.get()
            if not isinstance(event, StopRequested):
                self._act(event)
            elif event.then is Then.STOP or self._wanted is not Then.DRIVE:
                self._wanted = event.then
            if self._wanted:
                self._hearing.close_hands_free()
                if self._transcriber.failure:
                    self._transcriber.retry()  # or what was said behind it would be lost with it
                if self._may_end(self._wanted):
                    return self._wanted
            self._show()
            await asyncio.sleep(0)  # a queue that is never empty must not starve the typist

    def _act(self, event: Event) -> None:
        match event:
            case ButtonMoved() | DecisionDue() | FurtherButtonMoved():
                self._read(event)
            case SoundHeard() | SoundDropped() | MicrophoneReady() | MicrophoneLost() | MicrophoneClosed():
                self._tell(self._hearing.take(event))
                if self._is_early and self._hearing.is_ready:
                    self._record_late()
            case Anticipated():
                self._understanding.anticipated(event)
            case ModelChosen():
                self._switching.model_chosen(event)
            case Recognised(number, transcript, is_all):
                self.languages.heard = transcript.language or self.languages.heard
                self._utterances.understood(number, transcript, is_all=is_all)
            case RecognitionFailed(number, reason, again):
                self._not_recognised(number, reason, again=again)
            case HostsChanged() | KeyboardTried():
                self._hosts_changed(event)

    # From the microphone: see `device.hearing`.

    def _turn_mute(self, *, on: bool) -> None:
        if self._hearing.turn_mute(on=on):
            self._is_early = False
            self._status.clear_notice()
            self._show()

    def _turn_hands_free(self, *, on: bool) -> str:
        """Let dictations begin by themselves, or end that; give why not, or nothing."""
        if not on:
            self._hearing.close_hands_free()
        elif self._hearing.is_muted:
            return "the microphone is muted"
        elif not self._hearing.is_ready:
            return "the microphone is not open yet"
        elif self._hearing.fault:
            return self._hearing.fault
        elif self._wanted:
            return "Saykey begins anew, or as a drive, once all is typed"
        elif self._computers.window.asking:
            return "a computer asks to pair, which the next press answers"
        elif not self._hearing.is_hands_free:
            self._last.release()  # as at a press: into the host that is there now
            self._hearing.open_hands_free()
            self._status.clear_notice()
        return ""

    # From the button to a recording.

    def _read(self, event: ButtonMoved | DecisionDue | FurtherButtonMoved) -> None:
        if not isinstance(event, ButtonMoved):
            for asked_for in self._further_presses.read(event):
                self._gesture(Gesture.SETTLE)  # what was said just before counts as said
                self._was_open = False
                self._gesture(asked_for)
        if isinstance(event, FurtherButtonMoved):
            return
        for move in self._presses.debounced(event):
            # What began by itself is ended by what a press means, like any other that begins anew.
            listening = self._recordings.listening and not self._recordings.by_itself
            # Who speaks does not look at the question, and only ends the recording.
            asked = not listening and self._computers.asks(move.at_s)
            for gesture in self._presses.read(move, recording=listening, asked=asked):
                self._gesture(gesture)
        self._resumes &= self._presses.in_doubt  # what the press meant is done

    def _gesture(self, gesture: Gesture) -> None:
        match gesture:
            case Gesture.START:
                self._start()
            case Gesture.END:
                self._understanding.recognise(self._recordings.end())
                self._understanding.type_what_seems_all()
            case Gesture.SETTLE:
                self._settle()
            case Gesture.UNDO | Gesture.AGAIN:
                act = self._last.undo if gesture is Gesture.UNDO else self._last.again
                self._instead_of_recording(lambda: act(self._utterances.without_text))
            case Gesture.HANDS_FREE_IN_SILENCE | Gesture.FORGET_IN_SILENCE:
                if self._hearing.is_unspoken:  # else that is a dictation
                    self._recordings.drop()
                    self._instead_of_recording(self._chosen[_IN_SILENCE[gesture]])
            case Gesture.PAIR:
                self._pair()
            case Gesture.CONFIRM:
                self._computers.confirm()
            case Gesture.MUTE:
                self._turn_mute(on=not self._hearing.is_muted)
            case _:
                self._instead_of_recording(self._chosen[gesture])

    def _settle(self) -> None:
        if self._resumes:
            self._last.release()
        self._understanding.recognise(self._recordings.settle())

    def _hosts_changed(self, event: HostsChanged | KeyboardTried) -> None:
        if isinstance(event, KeyboardTried):
            self._keyboard_fault = event.reason
        elif news := self._computers.changed(event):
            self._status.notice(*news)
        if self._computers.window.asking:
            self._hearing.close_hands_free()  # the next press is the answer, and would not close it

    def _instead_of_recording(self, act: Callable[[], str]) -> None:
        self._is_early = False
        self._recordings.forget()
        self._understanding.forget_what_is_over()
        self._tell(act())

    def _toggle_hands_free(self) -> str:
        """Do what the gesture asks for, of whose presses the first one may have closed it already."""
        return self._turn_hands_free(on=not (self._hearing.is_hands_free or self._was_open))

    def _pair(self) -> None:
        """Let a host pair, if nothing was said with the long press: else that is a dictation."""
        if self._hearing.is_unspoken and self._computers.pair():
            self._is_early = False
            self._status.clear_notice()
            self._recordings.drop()
            self._understanding.forget_what_is_over()

    def _start(self) -> None:
        """Do what a press means now: stop the typing, or resume it, or record."""
        several, self._resumes, self._is_early = self._presses.several, False, False
        if not several:
            self._was_open = self._hearing.close_hands_free()
        is_held = self._settings.button.mode == "hold"
        if self._typing:
            self._typist.stop()
            if not several:
                return
        elif self._outbox.held and not (self._typist.host_away or is_held or several):
            # A tap would leave a recording open that nobody meant to begin. Held, the button does both.
            self._resume()
            return
        self._status.clear_notice()
        self._transcriber.retry()
        self._resume()
        if self._was_open and not (is_held or several):
            return  # for the same reason
        if self._hearing.is_muted:
            self._status.notice(State.MUTED, "nothing is recorded")
        elif not self._hearing.is_ready:
            self._is_early = True
            self._status.notice(State.STARTING)
        elif self._hearing.fault:
            self._status.notice(State.ERROR, self._hearing.fault)
        else:
            self._record()

    def _record(self) -> None:
        self._tell(self._hearing.record(in_doubt=self._presses.in_doubt))

    def _record_late(self) -> None:
        """Now that the microphone is open, or missing, listen to who holds the button still."""
        self._is_early = False
        self._status.clear_notice()
        if self._presses.is_down and not self._hearing.fault:
            self._record()

    def _resume(self) -> None:
        """Type what waits, at once or when the press is certain not to take it back or elsewhere."""
        self._resumes = self._presses.several or self._presses.may_switch_host
        if not self._resumes:
            self._last.release()

    # From a recording to text in the outbox: see `device.understanding` and `device.utterances`.

    def _not_recognised(self, number: int, reason: str, *, again: bool) -> None:
        log.error("dictation %d could not be recognised: %s", number, reason)
        self._status.notice(State.ERROR, reason)
        if not again:
            self._utterances.failed(number, reason)

    def _tell(self, reason: str) -> None:
        """Show why something is not done, if there is such a reason."""
        if reason:
            self._status.notice(State.ERROR, reason)

    # From the outbox to the keyboard: see `device.keyboard.typist`.

    def _typed(self, entry: Entry) -> None:
        self._last.settled(entry)
        if entry.record.refused:
            self._status.notice(State.ERROR, f"{entry.record.refused} characters cannot be typed")
        self._utterances.typed(entry)

    def _over(self, utterance: Utterance) -> None:
        heard = utterance.text or utterance.failure or utterance.has_acted
        # Who is being recorded would take it for what he says now; hands-free, nobody has asked.
        if not (heard or self._recordings.listening or self._hearing.is_hands_free or self._was_open):
            self._status.notice(State.NOTHING_HEARD)
        log.info("%s", utterance.summary())
        words = "" if utterance.failure else utterance.words  # where it failed, the sound says more
        self._corrections.typed(utterance.number, words, is_pure=not utterance.has_acted)
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
            starting=not self._hearing.is_ready,
            muted=self._hearing.is_muted,
            listening=self._recordings.listening,
            hands_free=self._hearing.hint,
            typing=self._typing,
            recognising=self._recordings.recording or (self._utterances.unrecognised and not failure),
            fault=self._hearing.fault
            or (failure and f"not recognised ({failure}): press the button to try again")
            or self._keyboard_fault,
            host_away=self._typist.host_away or self._computers.is_away,
            waiting=self._outbox.pending if self._waits else 0,
            host=self._computers.name,
            pairing_as=self._settings.bluetooth.name if self._computers.window.is_open else "",
            asking=self._computers.window.asking,
        )
        self._status.update(facts)
        self._preview.update(typing=facts.typing)

    # The end.

    def _may_end(self, then: Then) -> bool:
        """Say whether what comes after may come now: a command can wait until what is being said is typed."""
        if then is Then.STOP:
            return True
        is_said = not (self._recordings.recording or self._recordings.undecided)
        # What waits for the user or the host would be lost: a new model can wait, too. A drive is wanted now.
        is_typed = not self._outbox.pending or (self._waits and then is Then.DRIVE)
        return is_said and is_typed and not self._utterances.unrecognised

    async def _finish_what_was_said(self, then: Then) -> Then:
        """Type what is on its way, unless it waits for the user's press or the host anyway.

        Returns:
            What comes after: what was asked for, unless it was asked to stop meanwhile.
        """
        self._understanding.recognise(self._recordings.settle() + self._recordings.cut_short())
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_GRACE_S):
                while (self._utterances or self._outbox.pending) and not self._waits:
                    self._show()
                    self._transcriber.retry()
                    event = await self._events.get()
                    if isinstance(event, StopRequested) and event.then is Then.STOP:
                        then = Then.STOP
                        break
                    self._act(event)
                    await asyncio.sleep(0)
        if self._utterances:
            log.warning("stopped before all was typed; dictations lost: %d", len(self._utterances))
        return then

    async def _stop(self, *tasks: asyncio.Task[Any]) -> None:
        self._preview.close()
        for task in tasks:
            task.cancel()
        async with AsyncExitStack() as stack:  # from its end, and all of it, whatever raises
            stack.push_async_callback(self._switching.stop)
            stack.push_async_callback(self._corrections.stop)
            stack.callback(self._parts.keyboard.close)
            if self._parts.gain:
                stack.push_async_callback(asyncio.to_thread, self._parts.gain.close)
            stack.push_async_callback(self._hearing.stop)
            stack.callback(self._parts.button.stop)
            # First of all the keys go up: a key that stays down repeats.
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result
