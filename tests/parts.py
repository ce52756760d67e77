"""Parts for the path, each under the test's control, and a desk on which they are put together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

import numpy as np
from msgspec.structs import replace

from device.app import host_described
from device.audio.sound import WINDOW, seconds
from device.dictation import Dictation
from device.events import (
    ButtonMoved,
    DecisionDue,
    MicrophoneLost,
    MicrophoneReady,
    SoundDropped,
    SoundHeard,
    StopRequested,
)
from device.hosts import OneHost
from device.mute import Mute
from device.ports import Parts, State
from device.settings import ButtonSettings, MicrophoneSettings, Settings
from device.simulation.scripted_button import ScriptedButton
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard
from device.speech.transcript import Segment, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    import pytest

    from device.audio.recording import Recording
    from device.audio.sound import Samples
    from device.corrections.keeper import Corrections
    from device.events import Post
    from device.keyboard.reports import Report
    from device.utterance import Utterance

PATIENCE_S = 60
"""A test that waits so long has failed."""

SETTINGS = Settings(
    button=ButtonSettings(debounce_ms=0, double_press="none", triple_press="none"),
    microphone=MicrophoneSettings(pre_roll_ms=96, tail_ms=64),
)
"""A button that does not bounce, pressed as fast as a test likes; three windows of pre-roll, two of tail."""

PRE_ROLL, TAIL = 3, 2

SPOKEN = 10
"""Windows of speech that are enough to be taken for speech."""


Line = str | BaseException | tuple[str | BaseException, ...]
"""What comes of one recording: see `ScriptedRecogniser`."""


def window(number: int, *, speech: bool) -> Samples:
    """Give a window that is like no other; it says by its sign whether it is speech."""
    samples = number + 1 + np.arange(WINDOW, dtype=np.float32) / 1024
    return samples if speech else -samples


def transcript(text: str, duration_s: float = 1.0) -> Transcript:
    """Give a transcript of one segment, or of none when there is no text."""
    return Transcript((Segment(0.0, duration_s, text, -0.1, 0.01),) if text else (), duration_s)


class SignDetector:
    """Hears speech in positive samples."""

    def __init__(self) -> None:
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def probability(self, window: Samples) -> float:
        return float(window[0] > 0)


class ScriptedRecogniser:
    """Gives texts, or raises errors, in the order in which it got them. `gate` holds it up while it is clear.

    A tuple of texts is what is recognised of one recording in pieces: each waits for a release of
    `next_piece` before it begins, the first one excepted. An error in it is raised when its turn comes.

    Attributes:
        recordings: What it was given.
        anticipated: What it was given before its end.
        ahead: What it understands before the end, or raises; nothing when it is empty.
        ahead_gate: Holds that up while it is clear.
        done: How many recognitions have begun and ended.
        pieces: How many pieces were recognised.
    """

    def __init__(self, *script: Line) -> None:
        self._script = list(script)
        self.recordings: list[Recording] = []
        self.anticipated: list[Recording] = []
        self.ahead: list[str | BaseException] = []
        self.done = self.pieces = 0
        self.gate, self.ahead_gate = threading.Event(), threading.Event()
        self.gate.set()
        self.ahead_gate.set()
        self.next_piece = threading.Semaphore(0)
        self.tell: Callable[[], None] = lambda: None

    def anticipate(self, recording: Recording) -> Transcript:
        self.anticipated.append(recording)
        line = self.ahead.pop(0) if self.ahead else ""
        self.tell()
        assert self.ahead_gate.wait(PATIENCE_S)
        if isinstance(line, BaseException):
            raise line
        return transcript(line, seconds(len(recording.samples)))

    def cost_ms(self, duration_s: float) -> float:
        return 0.0

    def recognise(
        self, recording: Recording, report: Callable[[Transcript], object] = lambda _: None
    ) -> Transcript:
        self.recordings.append(recording)
        line = self._script.pop(0)
        self.tell()
        assert self.gate.wait(PATIENCE_S)
        self.done += 1
        *earlier, last = line if isinstance(line, tuple) else (line,)
        segments: tuple[Segment, ...] = ()
        duration_s = seconds(len(recording.samples))
        for piece in earlier:
            segments += self._segments(piece)
            report(Transcript(segments, duration_s))
            self.pieces += 1
            self.tell()
            assert self.next_piece.acquire(timeout=PATIENCE_S)
        segments += self._segments(last)
        self.pieces += 1
        return Transcript(segments, duration_s)

    def let_go(self) -> None:
        """Hold nothing up any more."""
        self.gate.set()
        self.ahead_gate.set()
        self.next_piece.release(100)

    def _segments(self, piece: str | BaseException) -> tuple[Segment, ...]:
        if isinstance(piece, BaseException):
            raise piece
        return transcript(piece).segments


class HandMicrophone:
    """A microphone that hears what the test says, one window after another, each different.

    Attributes:
        heard: Every window.
        history: "open" and "close", each time that it was opened and closed.
        closing: Holds its closing up while it is clear.
        is_fast: It is open at once, not only when it is told to `come_back`.
    """

    def __init__(self) -> None:
        self.history: list[str] = []
        self.closing = threading.Event()
        self.closing.set()
        self.heard: list[Samples] = []
        self.present = self.is_fast = True
        self._post: Post | None = None

    def start(self, post: Post) -> None:
        self.history.append("open")
        self._post = post
        if not self.present:
            self.lose()
        elif self.is_fast:
            self.come_back()

    def stop(self) -> None:
        assert self.closing.wait(PATIENCE_S)
        self.history.append("close")
        self._post = None

    def hear(self, windows: int, *, speech: bool = False) -> None:
        for _ in range(windows):
            self.heard.append(window(len(self.heard), speech=speech))
            self._tell(SoundHeard(self.heard[-1]))

    def speak(self, windows: int = SPOKEN) -> None:
        self.hear(windows, speech=True)

    def drop(self) -> None:
        self._tell(SoundDropped())

    def lose(self) -> None:
        self._tell(MicrophoneLost("the microphone is unplugged"))

    def come_back(self) -> None:
        self._tell(MicrophoneReady("hand-held"))

    def _tell(self, event: object) -> None:
        assert self._post is not None
        self._post(event)  # type: ignore[arg-type]


class BrakedKeyboard(VirtualKeyboard):
    """A keyboard on which a report can be held up on its way to the host."""

    def __init__(self, host: VirtualHost) -> None:
        super().__init__(host)
        self._left: int | None = None
        self._go = asyncio.Event()
        self.tell: Callable[[], None] = lambda: None
        self.braked = False
        self.unplugged = False
        self.closed = False

    def brake_after(self, reports: int) -> None:
        """Hold up the report that follows so many others."""
        self._left = reports
        self._go.clear()

    def unplug(self) -> None:
        super().unplug()
        self.unplugged = True
        self.tell()

    def go_on(self) -> None:
        self._left = None
        self._go.set()

    async def send(self, report: Report) -> None:
        if self._left == 0:
            self.braked = True
            self.tell()
            await self._go.wait()
            self.braked = False
        elif self._left:
            self._left -= 1
        await super().send(report)
        self.tell()

    def close(self) -> None:
        self.closed = True


class TimedButton(ScriptedButton):
    """A button on a clock of its own, which stands still until the test says how long something took.

    It is so far ahead that no timer of the path comes in between.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now_s = time.monotonic() + 100_000

    def press(self, after_s: float = 1.0) -> None:
        self._tell(ButtonMoved(pressed=True, at_s=self._pass(after_s)))

    def release(self, held_s: float = 1.0) -> None:
        self._tell(ButtonMoved(pressed=False, at_s=self._pass(held_s)))

    def tap(self, after_s: float = 1.0) -> None:
        self.press(after_s)
        self.release(0.1)

    def taps(self, count: int) -> None:
        self.tap()
        for _ in range(count - 1):
            self.tap(0.1)

    def rest(self, for_s: float = 1.0) -> None:
        """Let time pass without a move."""
        self._tell(DecisionDue(self._pass(for_s)))

    def _pass(self, seconds: float) -> float:
        self._now_s += seconds
        return self._now_s

    def _tell(self, event: ButtonMoved | DecisionDue) -> None:
        assert self._post is not None
        if isinstance(event, ButtonMoved):
            self._is_pressed = event.pressed
        self._post(event)


class TellingIndicator(SilentIndicator):
    """Says when it is told something."""

    def __init__(self) -> None:
        super().__init__()
        self.tell: Callable[[], None] = lambda: None

    @property
    def states(self) -> list[State]:
        return [state for state, _ in self.shown]

    def show(self, state: State, detail: str = "") -> None:
        super().show(state, detail)
        self.tell()


class Desk:
    """The whole path on fake parts, running inside `async with`."""

    def __init__(
        self,
        *script: Line,
        settings: Settings = SETTINGS,
        button: ScriptedButton | None = None,
        present: bool = True,
        mute: Mute | None = None,
        corrections: Corrections | None = None,
    ) -> None:
        self.settings = settings
        self.host = VirtualHost.described_by(settings.keyboard)
        self.keyboard = BrakedKeyboard(self.host)
        self.button = button or ScriptedButton()
        self.microphone = HandMicrophone()
        self.microphone.present = present
        self.detector = SignDetector()
        self.recogniser = ScriptedRecogniser(*script)
        self.indicator = TellingIndicator()
        self.finished: list[Utterance] = []
        self._changed = asyncio.Event()
        self.keyboard.tell = self.indicator.tell = self._changed.set
        self.mute = mute or Mute()
        self.dictation = Dictation(
            self.parts, settings, mute=self.mute, corrections=corrections, finished=self._finish
        )

    @property
    def parts(self) -> Parts:
        return Parts(
            self.button,
            self.microphone,
            self.detector,
            self.recogniser,
            self.keyboard,
            OneHost(host_described(self.settings, self.settings.keyboard)),
            self.indicator,
        )

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.recogniser.tell = lambda: loop.call_soon_threadsafe(self._changed.set) and None
        self.start(self.dictation.run(ready=self._changed.set))
        await self.until(lambda: self.indicator.shown and self.indicator.states[-1] is not State.STARTING)
        if self.indicator.states[0] is State.STARTING:
            del self.indicator.shown[0]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.recogniser.let_go()
        self.keyboard.go_on()
        self.dictation.post(StopRequested())
        await self.stopped()

    def start(self, running) -> None:
        self.task = asyncio.create_task(running)
        self.task.add_done_callback(lambda _: self._changed.set())

    async def stopped(self) -> None:
        """Wait until the path has come to its end."""
        async with asyncio.timeout(PATIENCE_S):
            await self.task
        assert not self.host.keys_down
        assert self.keyboard.closed

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                if self.task.done():
                    self.task.result()
                    raise AssertionError("the dictation has ended")
                self._changed.clear()
                await self._changed.wait()

    async def until_shown(self, state: State) -> None:
        await self.until(lambda: self.indicator.shown[-1][0] is state)

    async def until_finished(self, count: int) -> None:
        await self.until(lambda: len(self.finished) == count)

    async def until_typed(self, text: str) -> None:
        await self.until(lambda: self.host.text == text)

    async def until_recognising(self, count: int) -> None:
        await self.until(lambda: len(self.recogniser.recordings) == count)

    async def until_braked(self) -> None:
        await self.until(lambda: self.keyboard.braked)

    async def acted(self) -> None:
        """Wait until everything that was posted so far has been acted on."""
        before = self.dictation.sound_dropped
        self.microphone.drop()
        async with asyncio.timeout(PATIENCE_S):
            while self.dictation.sound_dropped == before:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0)

    async def recognised(self) -> None:
        """Wait until everything that was posted was acted on, and what was to be recognised is, too."""
        await self.acted()
        async with asyncio.timeout(PATIENCE_S):
            while not self.dictation._transcriber.is_idle:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0)
        await self.acted()

    def say(self) -> None:
        """Press, speak, release, and let the tail pass."""
        self.button.press()
        self.microphone.speak()
        self.button.release()
        self.microphone.hear(TAIL + 1)

    def tap(self) -> None:
        self.button.press()
        self.button.release()

    async def say_and_finish(self, count: int) -> None:
        """Say something, and wait until so many dictations are over."""
        self.say()
        await self.until_finished(count)

    async def dictate(self) -> Utterance:
        """Say something, and wait for what comes of it."""
        await self.say_and_finish(len(self.finished) + 1)
        return self.finished[-1]

    def _finish(self, utterance: Utterance) -> None:
        self.finished.append(utterance)
        self._changed.set()


def with_button(settings: Settings = SETTINGS, **changes: object) -> Settings:
    return replace(settings, button=replace(settings.button, **changes))


def with_microphone(settings: Settings = SETTINGS, **changes: object) -> Settings:
    return replace(settings, microphone=replace(settings.microphone, **changes))


class ServiceManager:
    """The end of systemd's notification socket at which systemd listens."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)  # noqa: FBT003

    async def next(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode()

    def drain(self) -> list[str]:
        """Give what has arrived and was not read yet."""
        messages = []
        with contextlib.suppress(BlockingIOError):
            while True:
                messages.append(self._socket.recv(4096).decode())
        return messages

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def service_manager(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceManager]:
    """Have a service manager that is told of readiness and progress."""
    manager = ServiceManager(str(folder / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    try:
        yield manager
    finally:
        manager.close()
