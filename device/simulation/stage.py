"""Recordings spoken to a virtual host, one dictation after another, through the whole path."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from device.app import assemble
from device.audio.sound import seconds
from device.dictation import Dictation
from device.events import StopRequested
from device.simulation.scripted_button import ScriptedButton
from device.simulation.virtual_host import VirtualHost
from device.simulation.wav_microphone import WavMicrophone

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from device.audio.sound import Samples
    from device.events import Then
    from device.ports import Indicator, Keyboard
    from device.settings import Settings
    from device.utterance import Utterance


_RETRY_S = 1.0
"""What could not be recognised is tried again so soon, as a user's next press would."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What came of one recording.

    Attributes:
        utterance: The dictation, with its times.
        typed: What the host received because of it.
        reports: How many reports that took.
    """

    utterance: Utterance
    typed: str
    reports: int


class Stage:
    """A simulated button, microphone, keyboard and host around the real path, model included.

    Attributes:
        host: The virtual host, with the text of all dictations.
    """

    def __init__(
        self,
        settings: Settings,
        indicator: Indicator,
        keyboard_of: Callable[[VirtualHost], Keyboard],
        *,
        fast: bool,
    ) -> None:
        """Load the model and set the stage.

        Args:
            settings: What the user wants.
            indicator: Shows the states.
            keyboard_of: Makes the keyboard of the host.
            fast: Give the sound as fast as it is taken, instead of in real time.

        Raises:
            ModelError: The model cannot be loaded.
        """
        self.host = VirtualHost.described_by(settings.keyboard)
        button = ScriptedButton()
        self._microphone = WavMicrophone(settings, button, fast=fast)
        self.parts = assemble(
            settings,
            button=button,
            microphone=self._microphone,
            keyboard=keyboard_of(self.host),
            indicator=indicator,
        )
        # With sound faster than real time, every press would be as short as one of a double press.
        button_settings = replace(settings.button, double_press="none", triple_press="none")
        self._settings = replace(settings, button=button_settings)

    async def perform(
        self, recordings: Iterable[Samples], *, held: Callable[[Samples], int] = len
    ) -> AsyncGenerator[Scene, None]:
        """Speak each recording when the one before is done; give what came of it.

        Args:
            recordings: The recordings.
            held: Says how many samples of a recording are heard before the button is let go.
        """
        finished: asyncio.Queue[Utterance] = asyncio.Queue()
        dictation = Dictation(self.parts, self._settings, finished=finished.put_nowait)
        running = asyncio.create_task(dictation.run())
        try:
            for samples in recordings:
                typed, reports = len(self.host.text), self.host.received
                self._microphone.play(samples, held(samples))
                utterance = await _next(finished, dictation, running)
                yield Scene(utterance, self.host.text[typed:], self.host.received - reports)
        finally:
            dictation.post(StopRequested())
            await running


def long_enough(settings: Settings, samples: Samples) -> Settings:
    """Give settings under which the whole recording fits into one dictation."""
    needed_s = math.ceil(seconds(len(samples))) + 2
    limit_s = max(settings.microphone.max_recording_s, needed_s)
    return replace(settings, microphone=replace(settings.microphone, max_recording_s=limit_s))


async def _next(
    finished: asyncio.Queue[Utterance], dictation: Dictation, running: asyncio.Task[Then]
) -> Utterance:
    """Wait for the next dictation; raise what the path raised if it ends instead."""
    next_one = asyncio.create_task(finished.get())
    while not next_one.done() and not running.done():
        await asyncio.wait((next_one, running), timeout=_RETRY_S, return_when=asyncio.FIRST_COMPLETED)
        dictation.retry()
    if running.done() and not next_one.done():
        next_one.cancel()
        running.result()
    return next_one.result()
