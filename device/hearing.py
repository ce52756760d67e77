"""From the microphone to what is recorded: it listens, is muted, or is open for hands-free dictation."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from device.events import MicrophoneClosed, MicrophoneLost, MicrophoneReady, SoundDropped, SoundHeard
from device.hands_free import HandsFree
from device.mute import MicrophoneSwitch

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.events import Post
    from device.mute import Mute
    from device.ports import Parts
    from device.progress import Progress
    from device.recordings import Recordings
    from device.settings import Settings
    from device.transcriber import Transcriber
    from device.understanding import Understanding

log = logging.getLogger(__name__)

Told = SoundHeard | SoundDropped | MicrophoneReady | MicrophoneLost

_SOUND_WITHIN_S = 5.0
"""A microphone delivers every 32 ms, or says within a second that it is lost."""

_MUTED = "the microphone was muted"


class Hearing:
    """Takes what the microphone tells. Used on the event loop only.

    Attributes:
        is_ready: The microphone listens, has been found missing, or is muted.
        fault: Why it does not listen, in one sentence for the user; empty while it does.
        sound_dropped: How often the sound system lost sound before it reached us.
    """

    def __init__(  # noqa: PLR0913  it stands between all of these
        self,
        recordings: Recordings,
        understanding: Understanding,
        transcriber: Transcriber,
        parts: Parts,
        settings: Settings,
        *,
        mute: Mute,
        progress: Progress,
        post: Post,
    ) -> None:
        """Leave the microphone closed until `start`.

        Args:
            recordings: Take the sound.
            understanding: Has them recognised.
            transcriber: Tries again what failed, when a dictation begins by itself.
            parts: Of them, the microphone, and what begins dictations by themselves.
            settings: What the user wants.
            mute: Whether the microphone is muted.
            progress: Is told when sound is to be expected.
            post: Puts on the queue what the microphone tells.
        """
        self.is_ready = False
        self.fault = ""
        self.sound_dropped = 0
        self._recordings = recordings
        self._understanding = understanding
        self._transcriber = transcriber
        self._hands_free = HandsFree(recordings, parts, settings)
        self._mute = mute
        self._progress = progress
        self._microphone = MicrophoneSwitch(parts.microphone, mute, post)
        self._tell_ready: Callable[[], object] = lambda: None

    @property
    def is_muted(self) -> bool:
        """Whether the microphone is muted."""
        return self._mute.is_on

    @property
    def is_hands_free(self) -> bool:
        """Whether dictations begin by themselves."""
        return self._hands_free.is_open

    @property
    def hint(self) -> str:
        """What the user does to begin one, in a sentence for displays; empty where a press begins it."""
        return self._hands_free.hint if self._hands_free.is_open else ""

    @property
    def is_unspoken(self) -> bool:
        """Whether nothing was said with a press that goes on."""
        return self._recordings.unspoken or bool(self.fault) or not self.is_ready or self.is_muted

    def start(self, ready: Callable[[], object]) -> None:
        """Open the microphone, unless it is muted.

        Args:
            ready: Called once, when the microphone listens, has been found missing, or is muted.
        """
        self._tell_ready = cache(ready)  # once
        self._microphone.start()
        if self.is_muted:
            self._ready()

    async def stop(self) -> None:
        """Close the microphone for good."""
        await self._microphone.stop()

    def take(self, event: Told | MicrophoneClosed) -> str:
        """Act on what the microphone tells; what it told before it was muted counts no more.

        Returns:
            Why what was being said ends here, or nothing.
        """
        if isinstance(event, MicrophoneClosed):
            self._microphone.closed()
            if self.is_muted:
                self.fault = event.reason
        elif self._microphone.is_open:
            return self._unless_it_fails(lambda: self._listen(event))
        return ""

    def record(self, *, in_doubt: bool) -> str:
        """Begin a recording, as `Recordings.begin`; give why that failed, or nothing."""

        def begin() -> None:
            self._understanding.recognise(self._recordings.begin(in_doubt=in_doubt))
            self._understanding.begin()

        return self._unless_it_fails(begin)

    def turn_mute(self, *, on: bool) -> bool:
        """Mute the microphone, or end that; say whether that is a change."""
        if on == self.is_muted:
            return False
        self.is_ready = False  # until the microphone is open again
        if on:
            self._hush()
            self._ready()
        self._microphone.turn(on=on)
        log.info("the microphone is %s", "muted" if on else "not muted any more")
        return True

    async def until_closed(self) -> None:
        """Return when a microphone that is being closed is closed."""
        await self._microphone.until_closed()

    def open_hands_free(self) -> None:
        """Let dictations begin by themselves."""
        self._hands_free.open()
        log.info("dictations begin by themselves")

    def close_hands_free(self) -> bool:
        """Have no dictation begin by itself any more; say whether any could before."""
        was_open = self._hands_free.is_open
        if was_open:
            self._understanding.recognise(self._hands_free.close())
            self._understanding.type_what_seems_all()
            log.info("dictations begin by a press alone")
        return was_open

    def _listen(self, event: Told) -> None:
        match event:
            case SoundHeard(samples):
                self._progress.expect("microphone", _SOUND_WITHIN_S)
                was_recording = self._recordings.recording
                self._understanding.recognise(self._recordings.hear(samples))
                if self._recordings.by_itself and not was_recording:
                    self._transcriber.retry()
                self._understanding.look()
                if self._hands_free.heard():
                    self.close_hands_free()
            case SoundDropped():
                self.sound_dropped += 1
                log.warning("the sound system lost some sound (%d times so far)", self.sound_dropped)
            case MicrophoneReady(name):
                self.fault = ""
                log.info("microphone: %s", name)
                self._ready()
            case MicrophoneLost(reason):
                self._progress.rest("microphone")
                self.fault = reason
                log.warning("%s", reason)
                self.close_hands_free()
                self._understanding.recognise(self._recordings.cut_short())
                self._ready()

    def _unless_it_fails(self, listen: Callable[[], object]) -> str:
        """Listen. Where the detector or the wake word fails, what was heard before counts as all."""
        try:
            listen()
        except Exception as error:  # noqa: BLE001  whatever comes up, the next press may succeed
            reason = f"what is said cannot be followed ({type(error).__name__}): press the button again"
            log.error("%s", reason)  # noqa: TRY400  a traceback might hold what was said
            self._understanding.recognise(self._recordings.cut_short())
            self.close_hands_free()
            return reason
        return ""

    def _ready(self) -> None:
        self.is_ready = True
        self._tell_ready()

    def _hush(self) -> None:
        """Keep nothing of what was heard, but for what was said before the button came up."""
        self._understanding.recognise(self._recordings.settle())
        if self._recordings.listening:
            self._understanding.drop(_MUTED)
        else:
            self._understanding.recognise(self._recordings.cut_short())
        self._understanding.forget_what_is_over()
        self.close_hands_free()
        self._progress.rest("microphone")
        self.fault = ""
