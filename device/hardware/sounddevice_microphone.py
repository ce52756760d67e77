"""The microphone, through sounddevice and PortAudio."""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from device.audio.convert import Converter
from device.audio.sound import SAMPLE_RATE_HZ, WINDOW
from device.errors import SoundError
from device.events import MicrophoneLost, MicrophoneReady, SoundDropped, SoundHeard
from device.hardware.portaudio_callbacks import open_input

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from device.events import Event, Post
    from device.hardware.capture_gain import CaptureGain
    from device.settings import MicrophoneSettings

    Block = tuple[NDArray[np.float32], bool]
    """Frames of shape (n, channels), and whether sound was lost just before them."""

_log = logging.getLogger(__name__)

_FIRST_SOUND_S = 3.0
"""How long an opened microphone may take to its first sound: a sound server may have to wake it."""

_SILENT_S = 1.0
"""After so long without sound, not even silence, a microphone counts as lost."""

_RETRY_S = 1.0
"""Time between two tries to open it."""

_STOP_S = 0.9
"""How long `stop` waits for PortAudio."""


def load_sounddevice() -> Any:
    """Give the sounddevice module.

    Raises:
        SoundError: The PortAudio library that it needs is not installed.
    """
    try:
        import sounddevice  # it fails where PortAudio is missing, and that is no reason to end
    except OSError as error:
        raise SoundError("PortAudio is missing; run: apt install libportaudio2") from error
    return sounddevice


def list_inputs() -> list[tuple[str, int, int]]:
    """Give the name, the default rate in Hz and the number of channels of every input device.

    Raises:
        SoundError: PortAudio is missing or does not start.
    """
    sounddevice = load_sounddevice()
    try:
        devices = _inputs(sounddevice)
    except sounddevice.PortAudioError as error:
        raise SoundError(f"the sound system does not answer: {error}") from error
    return [
        (device["name"], round(device["default_samplerate"]), device["max_input_channels"])
        for device in devices
    ]


class SoundDeviceMicrophone:
    """A microphone that PortAudio knows. Looks for it again, once a second, whenever it is lost.

    Everything runs in a thread of its own, in which PortAudio may hang without harm to the rest.
    """

    def __init__(
        self,
        settings: MicrophoneSettings,
        load: Callable[[], Any] = load_sounddevice,
        gain: CaptureGain | None = None,
    ) -> None:
        self._wanted = settings.device
        self._load = load
        self._gain = gain
        self._sounddevice: Any = None
        self._stopping = threading.Event()
        self._blocks: SimpleQueue[Block | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._hung: threading.Thread | None = None
        self._is_lost = self._was_stopped = False

    def prepare(self) -> None:
        """Begin to load PortAudio, which looks at all devices, and return at once. Never raises."""
        self._thread = threading.Thread(target=self._prepare, name="PortAudio", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        with contextlib.suppress(Exception):  # whatever comes up, `start` meets it again and tells of it
            self._load()

    def start(self, post: Post) -> None:
        """Begin to deliver sound, or to look for a microphone that is not there yet.

        Raises:
            RuntimeError: There is no memory for another thread.
        """
        self._stopping, self._is_lost = threading.Event(), False
        self._thread = None  # one that was never started cannot be waited for
        thread = threading.Thread(
            target=self._run, args=(post, self._stopping, self._hung), name="microphone", daemon=True
        )
        thread.start()
        self._thread = thread

    def stop(self) -> None:
        """Close the microphone, within a second even if PortAudio hangs. No event is posted afterwards."""
        self._stopping.set()
        self._was_stopped = True
        self._blocks.put(None)
        if self._thread is None:
            return
        self._thread.join(_STOP_S)
        if self._thread.is_alive():
            self._hung = self._thread
            _log.warning("PortAudio hangs; the microphone is left as it is")
            if self._sounddevice is not None:
                # At exit sounddevice would wait for the same stream for ever.
                atexit.unregister(self._sounddevice._exit_handler)  # noqa: SLF001

    def _run(self, post: Post, stopping: threading.Event, hung: threading.Thread | None) -> None:
        def tell(event: Event) -> None:
            if not stopping.is_set():
                post(event)

        if hung and hung.is_alive():  # two threads at once are more than PortAudio can take
            self._lose("the sound system hangs; plug the microphone in again, or restart Saykey", tell)
            hung.join()
        while not stopping.is_set():
            try:
                self._listen(tell, stopping)
            except SoundError as error:
                self._lose(str(error), tell)
            except Exception as error:  # noqa: BLE001  whatever comes up, this thread must go on
                self._lose(f"the microphone failed ({type(error).__name__}); it is tried again", tell)
            stopping.wait(_RETRY_S)

    def _lose(self, reason: str, tell: Post) -> None:
        if not self._is_lost:
            tell(MicrophoneLost(reason))
        self._is_lost = True

    def _listen(self, tell: Post, stopping: threading.Event) -> None:
        """Deliver sound until it ends or `stop` is called."""
        sounddevice = self._sounddevice = self._load()
        try:
            if self._is_lost or self._was_stopped:
                _look_again(sounddevice)
            device = _choose(_inputs(sounddevice), self._wanted, sounddevice)
            if stopping.is_set():  # to look takes seconds on a slow board, and it may be muted meanwhile
                return
            blocks = self._blocks = SimpleQueue()
            stream, converter = _open(sounddevice, device, blocks, stopping)
            if self._gain:
                self._gain.opened(device["name"])
            with stream:
                reason = self._deliver(device["name"], converter, blocks, tell, stopping)
                # Before the stream is closed, since that may hang when its device is gone.
                self._lose(f"{device['name']}: {reason}", tell)
        except sounddevice.PortAudioError as error:
            raise SoundError(f"the microphone cannot be opened: {error}") from error

    def _deliver(
        self,
        name: str,
        converter: Converter,
        blocks: SimpleQueue[Block | None],
        tell: Post,
        stopping: threading.Event,
    ) -> str:
        """Post what is heard; return why it ended."""
        patience_s = _FIRST_SOUND_S
        while not stopping.is_set():
            try:
                block = blocks.get(timeout=patience_s)
            except Empty:
                return "no sound arrives; is it plugged in?"
            if block is None:
                return "it stopped; was it unplugged?"
            frames, was_lost = block
            if patience_s == _FIRST_SOUND_S:
                patience_s = _SILENT_S
                self._is_lost = False
                tell(MicrophoneReady(name))
            elif was_lost:
                tell(SoundDropped())
            for window in converter.push(frames):
                tell(SoundHeard(window))
        return "it is closed"


def _look_again(sounddevice: Any) -> None:
    # PortAudio sees the devices that there were when it was initialised, and no others. There is no
    # public way to do it again (python-sounddevice#125). It closes what is open: nothing is, here.
    with contextlib.suppress(sounddevice.PortAudioError):
        sounddevice._terminate()  # noqa: SLF001
    sounddevice._initialize()  # noqa: SLF001


def _inputs(sounddevice: Any) -> list[dict[str, Any]]:
    return [device for device in sounddevice.query_devices() if device["max_input_channels"]]


def _choose(inputs: list[dict[str, Any]], wanted: str, sounddevice: Any) -> dict[str, Any]:
    if not inputs:
        raise SoundError("there is no microphone; plug one in")
    if not wanted:
        default: dict[str, Any] = sounddevice.query_devices(kind="input")
        return default
    matches = [device for device in inputs if wanted.casefold() in device["name"].casefold()]
    if not matches:
        names = ", ".join(device["name"] for device in inputs)
        raise SoundError(f"microphone.device: no microphone is called {wanted!r}; there are: {names}")
    exact = [device for device in matches if device["name"].casefold() == wanted.casefold()]
    chosen = (exact + matches)[0]
    if len(matches) > 1:
        _log.info("%d microphones are called %r: %s is taken", len(matches), wanted, chosen["name"])
    return chosen


def _open(
    sounddevice: Any, device: dict[str, Any], blocks: SimpleQueue[Block | None], stopping: threading.Event
) -> tuple[Any, Converter]:
    """Open at 16 kHz, or at what the device prefers if it cannot do that."""

    def open_at(rate_hz: float) -> tuple[Any, Converter]:
        stream = open_input(
            sounddevice,
            # One that hangs while it is closed may go on hearing, and nobody takes it.
            lambda frames, was_lost: None if stopping.is_set() else blocks.put((frames, was_lost)),
            lambda: blocks.put(None),
            device=device["index"],
            # Asked for one channel of a stereo device, PortAudio gives the left, which may be dead.
            channels=min(2, device["max_input_channels"]),
            samplerate=rate_hz,
            blocksize=round(WINDOW * rate_hz / SAMPLE_RATE_HZ),
        )
        return stream, Converter(rate_hz)

    try:
        return open_at(SAMPLE_RATE_HZ)
    except sounddevice.PortAudioError:
        return open_at(device["default_samplerate"])
