"""The microphone: whether there is one, whether it delivers, and how loud."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import WINDOW, samples_in
from device.doctor.finding import Finding, fault, ok, warning
from device.errors import SoundError
from device.events import MicrophoneLost, MicrophoneReady, SoundDropped, SoundHeard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from device.audio.sound import Samples
    from device.events import Event
    from device.ports import Microphone

LISTEN_MS = 1000
"""How much sound is judged."""

LOUD_FLOOR_DBFS = -40.0
"""A quiet room is 20 dB below this; speech at a hand's breadth is not 20 dB above it."""

_SETTLING_MS = 300
"""Many microphones begin with a crack, or with zeros."""

_PATIENCE_S = 10.0
"""More than a microphone takes that works, or that knows it does not."""

_FULL_SCALE = 0.99
_CLIPPED = 3
"""Samples at full scale: one may be chance."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a microphone delivered.

    Attributes:
        name: The sound system's name of the microphone.
        samples: What it heard.
        dropped: How often the sound system lost sound.
    """

    name: str
    samples: Samples
    dropped: int = 0


def microphone(
    inputs: Callable[[], list[tuple[str, int, int]]],
    chosen: Microphone,
    gain: Callable[[str], str] = lambda _name: "",
    listen_ms: float = LISTEN_MS,
) -> Iterator[Finding]:
    """List the inputs, and listen for a moment to the one that the settings choose.

    Args:
        inputs: Gives name, rate in Hz and channels of each.
        chosen: The one that is listened to.
        gain: Says how far a microphone is turned up, by its name. What it raises is no fault of dictation.
        listen_ms: For how long.
    """
    try:
        devices = [
            f"{name} ({rate_hz} Hz, {channels} channel{'s' * (channels > 1)})"
            for name, rate_hz, channels in inputs()
        ]
        if devices:
            yield ok(f"inputs: {', '.join(devices)}")
        heard = listen(chosen, listen_ms)
        yield judge(heard)
        with suppress(SoundError):
            if gained := gain(heard.name):
                yield ok(gained)
    except SoundError as error:
        found, _, advice = str(error).partition("; ")
        yield fault(found, advice or "close other programs that record, and plug the microphone in again")


def listen(microphone: Microphone, listen_ms: float = LISTEN_MS) -> Heard:
    """Hear some sound.

    Raises:
        SoundError: None comes.
    """
    events: SimpleQueue[Event] = SimpleQueue()
    name, dropped, windows = "", 0, [np.zeros(0, np.float32)]
    microphone.start(events.put)
    try:
        while WINDOW * len(windows) < samples_in(_SETTLING_MS + listen_ms):
            match events.get(timeout=_PATIENCE_S):
                case MicrophoneReady(ready):
                    name = ready
                case MicrophoneLost(reason):
                    raise SoundError(reason)
                case SoundDropped():
                    dropped += 1
                case SoundHeard(samples):
                    windows.append(samples)
    except Empty:
        raise SoundError("the sound system does not answer; restart it, or the machine") from None
    finally:
        microphone.stop()
    return Heard(name, np.concatenate(windows)[samples_in(_SETTLING_MS) :], dropped)


def judge(heard: Heard) -> Finding:
    """Judge a second of sound in which nobody need speak."""
    peak = float(np.abs(heard.samples).max())
    if peak == 0:
        return fault(
            f"{heard.name} delivers only zeros: muted?",
            "look for a switch on it, or unmute it with alsamixer (F4 shows the inputs)",
        )
    # The quietest tenth: the user may be talking meanwhile.
    powers = (
        np.square(heard.samples[: heard.samples.size // WINDOW * WINDOW]).reshape(-1, WINDOW).mean(axis=1)
    )
    floor_dbfs = dbfs(math.sqrt(np.quantile(powers, 0.1)))
    rms_dbfs = dbfs(math.sqrt(np.square(heard.samples).mean()))
    found = f"{heard.name} hears: peak {dbfs(peak):.0f} dBFS, RMS {rms_dbfs:.0f} dBFS"
    if np.count_nonzero(np.abs(heard.samples) >= _FULL_SCALE) >= _CLIPPED:
        return warning(f"{found}: it clips", "lower microphone.gain, or its gain in alsamixer (F4)")
    if floor_dbfs > LOUD_FLOOR_DBFS:
        return warning(
            f"{found}: never below {floor_dbfs:.0f} dBFS, which is loud for a background",
            "lower microphone.gain, or move it away from fans and the like",
        )
    if heard.dropped:
        return warning(
            f"{found}: some sound was lost", "stop what keeps this machine busy, or use another USB port"
        )
    return ok(found)


def dbfs(amplitude: float) -> float:
    """Give a level in decibels below full scale, where a constant 1 is 0. Silence is -120."""
    return 20 * math.log10(max(amplitude, 1e-6))
