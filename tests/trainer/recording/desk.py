"""A desk on which the owner follows a script: what is said into the microphone, and which keys are hit."""

from __future__ import annotations

import io
from collections import deque

import numpy as np
from rich.console import Console

from device.audio.sound import WINDOW
from device.errors import SoundError
from device.events import MicrophoneLost, MicrophoneReady, SoundDropped, SoundHeard
from trainer.recording.screen import Screen
from trainer.recording.sound import Ear
from trainer.recording.studio import Desk

HISS = 0.001
"""The noise of the room: -60 dB."""


def quiet(windows=12):
    """Give the noise of the room."""
    chance = np.random.default_rng(windows)
    return (HISS * chance.choice([-1.0, 1.0], windows * WINDOW)).astype(np.float32)


def voice(windows=50, amplitude=0.3):
    """Give what the detector takes for speech: 1.6 s without being told otherwise."""
    return amplitude * np.sin(np.arange(windows * WINDOW, dtype=np.float32))


def spoken(**options):
    """Give a take as it should be."""
    return np.concatenate([quiet(), voice(**options), quiet()])


class LoudnessDetector:
    """Takes for speech whatever is well above the room's noise."""

    def reset(self):
        pass

    def probability(self, window):
        return float(np.abs(window).max() > 3 * HISS)


class Loudspeaker:
    """Remembers what it played."""

    def __init__(self, error=None):
        self.error = error
        self.played = []
        self.is_playing = False

    def play(self, samples):
        if self.error:
            raise SoundError(self.error)
        self.played.append(samples)
        self.is_playing = True

    def stop(self):
        self.is_playing = False


class Owner:
    """The keys and the microphone, by one script. Its steps are keys, sound, events, or calls.

    A step is taken each time the keys are looked at; at the end of the script the owner quits.
    """

    def __init__(self, *steps, room=None):
        room = quiet(64) if room is None else room
        self.steps = deque([room, *steps])
        self.post = None

    def start(self, post):
        self.post = post
        post(MicrophoneReady("the script"))

    def stop(self):
        self.post = None

    def hit(self):
        step = self.steps.popleft() if self.steps else "q"
        if isinstance(step, str):
            self.post(SoundHeard(quiet(1)))  # sound never ends, and nobody waits for it
            return step
        if isinstance(step, np.ndarray):
            for window in step.reshape(-1, WINDOW):
                self.post(SoundHeard(window))
        elif isinstance(step, (SoundDropped, MicrophoneLost, MicrophoneReady)):
            self.post(step)
        else:
            step()
            self.post(SoundHeard(quiet(1)))
        return ""


class Scene:
    """A desk, and what came of it."""

    def __init__(self, *steps, room=None, speaker_error=None, terminal=False):
        self.owner = Owner(*steps, room=room)
        self.loudspeaker = Loudspeaker(speaker_error)
        self.shown = io.StringIO()
        console = Console(file=self.shown, width=200, force_terminal=terminal, legacy_windows=False)
        ear = Ear(self.owner)
        ear.open()
        self.desk = Desk(
            ear=ear,
            player=self.loudspeaker,
            detector=LoudnessDetector(),
            keys=self.owner,
            screen=Screen(console),
        )

    @property
    def text(self):
        return self.shown.getvalue()
