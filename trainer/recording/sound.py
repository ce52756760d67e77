"""The desk's sound: the microphone as a queue of events, takes out of it, and the loudspeaker."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import soxr

from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ, samples_in
from device.errors import SoundError
from device.events import Event, MicrophoneLost
from device.hardware.sounddevice_microphone import load_sounddevice
from device.settings import SpeechSettings
from trainer.recording.levels import EDGE_MS, Fault, faults, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.audio.sound import Samples
    from device.ports import Microphone, SpeechDetector
    from trainer.recording.levels import Levels

_MARGIN_MS = 150
"""What is kept before and after the speech, beyond `EDGE_MS`: the keys that frame a take click outside."""

_WAIT_S = 0.1
"""How long to wait for sound before the keyboard is looked at again."""

_FIRST_EVENT_S = 10.0
"""How long a microphone may take to say that it is there or not."""


class Player(Protocol):
    """Lets the owner listen to a take."""

    def play(self, samples: Samples) -> None:
        """Begin to play, instead of what is still playing, and return at once.

        Raises:
            SoundError: It cannot be played.
        """

    def stop(self) -> None:
        """Be quiet."""


class SoundDevicePlayer:
    """The default loudspeaker, through PortAudio."""

    def __init__(self, load: Callable[[], Any] = load_sounddevice) -> None:
        self._load = load

    def play(self, samples: Samples) -> None:
        """Begin to play at the rate that the loudspeaker prefers."""
        sounddevice = self._load()
        try:
            rate_hz = sounddevice.query_devices(kind="output")["default_samplerate"]
            sounddevice.play(soxr.resample(samples, SAMPLE_RATE_HZ, rate_hz), rate_hz)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise SoundError(f"nothing can be played: {error}") from error

    def stop(self) -> None:
        """Be quiet."""
        self._load().stop()


class Ear:
    """A microphone whose events wait until they are asked for."""

    def __init__(self, microphone: Microphone) -> None:
        self._microphone = microphone
        self._events: SimpleQueue[Event] = SimpleQueue()

    def open(self) -> None:
        """Start the microphone.

        Raises:
            SoundError: There is none, or not the one that is wanted.
        """
        self._microphone.start(self._events.put)
        try:
            first = self._events.get(timeout=_FIRST_EVENT_S)
        except Empty:
            first = MicrophoneLost("the sound system does not answer")
        if isinstance(first, MicrophoneLost):
            self.close()
            reason = first.reason.replace("microphone.device", "--device")
            raise SoundError(f"{reason} (--device NAME takes another; --long takes a file instead)")

    def close(self) -> None:
        """Stop the microphone."""
        self._microphone.stop()

    def events(self) -> list[Event]:
        """Give all that happened since the last call; wait a moment where nothing did."""
        events = []
        with suppress(Empty):
            events.append(self._events.get(timeout=_WAIT_S))
            while True:
                events.append(self._events.get_nowait())
        return events


@dataclass(frozen=True, slots=True)
class Finished:
    """A take that is over.

    Attributes:
        samples: What is kept of it.
        levels: How loud it is.
        faults: What is wrong with it, the worst first.
    """

    samples: Samples
    levels: Levels
    faults: tuple[Fault, ...]


class Take:
    """One recording of a prompt, window by window."""

    def __init__(self) -> None:
        self._windows: list[Samples] = []
        self._was_lost = False

    def hear(self, window: Samples) -> None:
        """Add a window."""
        self._windows.append(window)

    def lose(self) -> None:
        """Note that some sound did not arrive."""
        self._was_lost = True

    def finish(self, text: str, detector: SpeechDetector, room_db: float) -> Finished:
        """Judge the take, and cut off what is before and after the speech.

        Args:
            text: What was to be read.
            detector: Finds the speech.
            room_db: The noise of the room.
        """
        samples = np.concatenate([*self._windows, np.zeros(0, np.float32)])
        passages = record(samples, detector, SpeechSettings(speech_pad_ms=EDGE_MS)).passages
        levels = measure(samples, passages, room_db)
        found = [Fault.LOST] * self._was_lost + faults(levels, passages, len(samples), text)
        if passages:
            margin = samples_in(_MARGIN_MS)
            samples = samples[max(0, passages[0].start - margin) : passages[-1].end + margin]
        return Finished(samples, levels, tuple(found))
