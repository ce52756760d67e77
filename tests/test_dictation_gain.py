"""When the microphone is turned up or down: after dictations, and never while the user speaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from device.dictation import Dictation
from tests.parts import SETTINGS, SPOKEN, TAIL, Desk


class FakeGain:
    """Notes what it hears, and whether the user was being recorded then."""

    def __init__(self):
        self.heard_recordings = []
        self.while_recording = []
        self.closed = 0
        self.is_recording = lambda: False

    def heard(self, recording):
        self.heard_recordings.append(recording)
        self.while_recording.append(self.is_recording())

    def close(self):
        self.closed += 1


class GainDesk(Desk):
    def __init__(self, *script, settings=SETTINGS):
        self.gain = FakeGain()
        super().__init__(*script, settings=settings)
        self.dictation = Dictation(replace(self.parts, gain=self.gain), settings, finished=self._finish)
        self.gain.is_recording = lambda: self.dictation._recordings.recording


async def test_each_dictation_is_heard_once_it_is_over_and_the_end_waits_for_it():
    async with GainDesk("One.", "Two.") as desk:
        await desk.dictate()
        await desk.dictate()
    given = [recording.samples for recording in desk.gain.heard_recordings]
    for heard, recognised in zip(given, desk.recogniser.recordings, strict=True):
        np.testing.assert_array_equal(heard, recognised.samples)
    assert desk.gain.while_recording == [False, False]
    assert desk.gain.closed == 1


async def test_who_goes_on_speaking_is_not_turned_up_or_down_meanwhile():
    async with GainDesk("One.", "Two.") as desk:
        desk.button.press()
        desk.microphone.speak()
        desk.button.release()
        desk.button.press()  # before the tail is over
        desk.microphone.speak(SPOKEN)
        await desk.acted()
        assert desk.gain.heard_recordings == []
        desk.button.release()
        desk.microphone.hear(TAIL + 1)
        await desk.until_finished(2)
    assert len(desk.gain.heard_recordings) == 1
    assert desk.gain.while_recording == [False]
