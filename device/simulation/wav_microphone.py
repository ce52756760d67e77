"""A microphone that hears recordings, and a script that presses the button around each of them."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import WINDOW, WINDOW_MS, samples_in
from device.events import MicrophoneLost, MicrophoneReady, SoundHeard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from device.audio.sound import Samples
    from device.events import Event, Post
    from device.settings import Settings
    from device.simulation.scripted_button import ScriptedButton

_NAME = "simulated microphone"

_STOP_S = 0.9
"""How long `stop` waits for a post that is under way."""


class WavMicrophone:
    """Hears what it is told to `play`, between digital silence: noise would be an invention of ours.

    One thread posts the sound and moves the button, so that their order is the same on every run.
    `lose` and `bring_back` may be called from any thread, also from within the post.

    Args:
        settings: How long the pre-roll and the tail are, and how the button is understood.
        button: Is pressed for each recording. It is started and stopped by whoever made it.
        fast: Give a recording as fast as it is taken, and only the silence between them in real time.
            The windows are slices of the recording: a queue full of them costs little more memory.
    """

    def __init__(self, settings: Settings, button: ScriptedButton, *, fast: bool = False) -> None:
        self._microphone = settings.microphone
        self._mode = settings.button.mode
        # So that no move of the button is taken for a bounce, nor, in mode "both", a hold for a tap.
        is_tapped = self._mode == "both"
        self._settle_s = (2 * settings.button.debounce_ms + is_tapped * settings.button.tap_ms) / 1000
        self._button = button
        self._fast = fast
        self._waiting: SimpleQueue[tuple[Samples, int]] = SimpleQueue()
        self._stopping = threading.Event()
        self._ordered = threading.RLock()
        self._is_lost = False
        self._due_s = 0.0
        self._post: Post | None = None
        self._thread: threading.Thread | None = None

    def start(self, post: Post) -> None:
        """Begin to deliver sound: silence, until something is played."""
        with self._ordered:
            self._post = post
            self._stopping.clear()
            self._tell_state()
        self._due_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="wav microphone", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, in the middle of a recording if need be. No event is posted afterwards."""
        self._stopping.set()
        if self._thread:
            self._thread.join(_STOP_S)

    def play(self, samples: Samples, held: int | None = None) -> None:
        """Perform one dictation, after those that are still waiting: silence, press, sound, release, silence.

        The silence before it is as long as the pre-roll and the one after it longer than the tail.

        Args:
            samples: The sound.
            held: So many samples of it are heard before the release; all, when not given.
        """
        self._waiting.put((samples, len(samples) if held is None else held))

    def lose(self) -> None:
        """Unplug the microphone. The performance goes on unheard."""
        self._plug(is_lost=True)

    def bring_back(self) -> None:
        """Plug the microphone in again."""
        self._plug(is_lost=False)

    def _plug(self, *, is_lost: bool) -> None:
        with self._ordered:
            if self._is_lost is not is_lost:
                self._is_lost = is_lost
                self._tell_state()

    def _tell_state(self) -> None:
        self._tell(MicrophoneLost(f"the {_NAME} is unplugged") if self._is_lost else MicrophoneReady(_NAME))

    def _tell(self, event: Event) -> None:
        if self._post is not None and not self._stopping.is_set():
            self._post(event)

    def _run(self) -> None:
        silence = np.zeros(WINDOW, np.float32)
        while not self._stopping.is_set():
            try:
                samples, held = self._waiting.get_nowait()
            except Empty:
                self._hear(silence, in_time=True)
            else:
                self._dictate(samples[:held], samples[held:])

    def _dictate(self, samples: Samples, after: Samples) -> None:
        self._hear_all(np.zeros(samples_in(self._microphone.pre_roll_ms), np.float32))
        self._begin_or_end(self._button.press)
        self._hear_all(samples)
        self._begin_or_end(self._button.release)
        tail = np.zeros(samples_in(self._microphone.tail_ms) + WINDOW, np.float32)
        self._hear_all(np.concatenate((after, tail)))

    def _begin_or_end(self, move: Callable[[], None]) -> None:
        moves = (self._button.press, self._button.release) if self._mode == "toggle" else (move,)
        for each in moves:
            if not self._stopping.is_set():
                each()
            self._stopping.wait(self._settle_s)

    def _hear_all(self, samples: Samples) -> None:
        for window in _windows(samples):
            self._hear(window, in_time=not self._fast)

    def _hear(self, window: Samples, *, in_time: bool) -> None:
        if in_time:
            self._stopping.wait(max(0.0, self._due_s - time.monotonic()))
            self._due_s += WINDOW_MS / 1000
        else:
            self._due_s = time.monotonic()
        with self._ordered:
            if not self._is_lost:
                self._tell(SoundHeard(window))


def _windows(samples: Samples) -> Iterator[Samples]:
    for start in range(0, samples.size, WINDOW):
        window = samples[start : start + WINDOW]
        # No sample is lost: the last window is filled up.
        yield window if window.size == WINDOW else np.pad(window, (0, WINDOW - window.size))
