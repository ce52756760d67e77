"""The gain of a microphone: set when it is opened, corrected after dictations, kept for each by its name."""

from __future__ import annotations

import json
import logging
import math
import re
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from device.audio.loudness import Loudness
from device.errors import SoundError
from device.hardware.mixer import AlsaMixer, Mixer
from device.models.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from device.audio.recording import Recording
    from device.hardware.mixer import Volume
    from device.settings import Gain

log = logging.getLogger(__name__)

FILE = "gain.json"
"""In the state folder: decibels by the microphone's name."""

_FIRST_DB, _FIRST_PERCENT = 12.0, 75
"""How far a microphone is turned up that was never heard, in decibels where it has so many, and else as a
part of its range: what alsa-utils' init/default has."""

_STEP_DB = 0.5
"""Smaller changes are not worth it: few mixers have finer steps."""

_LEAST_PERCENT = 5
"""Below it many microphones are mute, and nobody is heard any more by whose voice it is turned up again."""

_MOST_WAITING = 4
"""Recordings that are kept for a mixer that hangs."""

_CLOSE_S = 1.0
"""How long `close` waits for a mixer."""

_DEVICE = re.compile(r"\s*\(hw:(\d+),\d+\)\Z")
"""What PortAudio puts behind the name of a device (pa_linux_alsa.c): its card's number, which is chance."""


class CaptureGain:
    """Turns microphones up and down, as `microphone.gain` says. Nothing that it does is ever an error."""

    def __init__(self, gain: Gain, file: Path, mixer: Mixer | None = None) -> None:
        """Begin without a microphone.

        Args:
            gain: The setting.
            file: Where it is kept, by the microphone.
            mixer: What is turned.
        """
        self._gain = gain
        self._file = file
        self._mixer = mixer or AlsaMixer()
        self._name = ""
        self._loudness = Loudness()
        # A mixer may be behind USB or a sound server and hang, and dictations end on the event loop.
        self._heard: SimpleQueue[tuple[str, Recording] | None] = SimpleQueue()
        self._worker: Thread | None = None
        self._is_closed = False

    def opened(self, name: str) -> None:
        """Set the gain of a microphone that is being opened.

        Args:
            name: PortAudio's name of it.
        """
        self._name = name
        self._loudness = Loudness()
        if self._gain == "leave":
            return
        try:
            if isinstance(self._gain, int):
                self._mixer.set_percent(card_of(name), self._gain)
            elif (kept := self._kept().get(name_of(name))) is not None:
                self._turn(card_of(name), kept)
            else:
                self._set_first(card_of(name))
            volume = self._mixer.volume(card_of(name))
            log.info("microphone: %s", describe(volume))
        except Exception as error:  # noqa: BLE001  whatever comes up, the microphone is opened
            self._left(error)

    def heard(self, recording: Recording) -> None:
        """Learn from a dictation that is over how loud the user speaks; turn the microphone for the next."""
        if self._gain != "auto" or not self._name or self._is_closed or self._heard.qsize() >= _MOST_WAITING:
            return
        self._heard.put((self._name, recording))
        if self._worker is None:
            worker = Thread(target=self._work, name="gain", daemon=True)
            with suppress(RuntimeError):  # there is no memory for another thread
                worker.start()
                self._worker = worker

    def close(self) -> None:
        """Return when all is done, or within a second where a mixer hangs."""
        self._is_closed = True
        self._heard.put(None)
        if self._worker:
            self._worker.join(_CLOSE_S)

    def _work(self) -> None:
        while heard := self._heard.get():
            try:
                self._correct(*heard)
            except Exception as error:  # noqa: BLE001  as above
                self._left(error)

    def _left(self, error: Exception) -> None:
        why = str(error) if isinstance(error, SoundError | OSError) else type(error).__name__
        log.info("the gain is left as it is: %s", why)

    def _turn(self, card: str, db: float) -> None:
        self._mixer.set_db(card, db)
        if self._mixer.volume(card).percent < _LEAST_PERCENT:
            self._mixer.set_percent(card, _LEAST_PERCENT)

    def _set_first(self, card: str) -> None:
        volume = self._mixer.volume(card)
        if volume.low_db <= _FIRST_DB <= volume.high_db:
            self._mixer.set_db(card, _FIRST_DB)
        else:
            self._mixer.set_percent(card, _FIRST_PERCENT)

    def _correct(self, name: str, recording: Recording) -> None:
        change_db = self._loudness.change_db(recording)
        if not change_db:
            return
        before = self._mixer.volume(card_of(name))
        wanted_db = min(max(before.db + change_db, before.low_db), before.high_db)
        is_least = change_db < 0 and before.percent <= _LEAST_PERCENT
        if is_least or abs(wanted_db - before.db) < _STEP_DB:
            log.info("speech is %+.0f dB from where it should be, but %s", -change_db, describe(before))
            return
        self._turn(card_of(name), wanted_db)
        now = self._mixer.volume(card_of(name))
        log.info("speech was %+.0f dB from where it should be; now %s", -change_db, describe(now))
        self._keep(name_of(name), max(wanted_db, now.db))

    def _kept(self) -> dict[str, float]:
        try:
            kept = json.loads(self._file.read_bytes())
            return {str(name): float(db) for name, db in kept.items() if math.isfinite(db)}
        except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return {}  # as good as none: it is found again in a few dictations

    def _keep(self, name: str, db: float) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        kept = json.dumps(self._kept() | {name: round(db, 2)}, ensure_ascii=False)
        replace_file(self._file, f"{kept}\n".encode())


def card_of(name: str) -> str:
    """Give ALSA's name of the mixer of a microphone, by PortAudio's name of it: "hw:1", or "default"."""
    found = _DEVICE.search(name)
    return f"hw:{found[1]}" if found else "default"


def name_of(name: str) -> str:
    """Give the name of a microphone that it has whichever number its card gets."""
    return _DEVICE.sub("", name)


def describe(volume: Volume) -> str:
    """Say how far a microphone is turned up."""
    span = f"{volume.low_db:.0f} to {volume.high_db:.0f}"
    return f"{volume.name} is at {volume.percent} %, {volume.db:.1f} dB of {span}"
