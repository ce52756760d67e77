"""How loud the user speaks, and by how much the microphone is to be turned up or down for it."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import numpy as np

from device.audio.sound import seconds

if TYPE_CHECKING:
    from device.audio.recording import Recording

LOW_DBFS, HIGH_DBFS = -12.0, -6.0
"""Between these the peaks of speech are well: above noise, and with room for a loud word."""

_AIM_DBFS = (LOW_DBFS + HIGH_DBFS) / 2

_ENOUGH = 3
"""So many dictations are judged together: one may be whispered, or shouted from the door."""

_SHORTEST_S = 0.5
"""Of speech in one that counts."""

_BRIEF = 0.0005
"""The part of the samples that does not count: the click of the button takes a millisecond or so."""

_FULL_SCALE, _CLIPPED, _DOWN_DB = 0.99, 3, -6.0
"""Samples at full scale of which one may be chance; how far beyond speech was is not known then."""


class Loudness:
    """Judges one dictation after another, at one setting of the microphone."""

    def __init__(self) -> None:
        self._peaks_dbfs: list[float] = []

    def change_db(self, recording: Recording) -> float:
        """Give by how much to turn the microphone up from now on, in dB; down is below 0.

        Args:
            recording: A dictation.
        """
        passages = [recording.samples[each.start : each.end] for each in recording.passages]
        if seconds(sum(each.spoken for each in recording.passages)) < _SHORTEST_S:
            return 0.0
        speech = np.abs(np.concatenate(passages))
        if np.count_nonzero(speech >= _FULL_SCALE) >= _CLIPPED:
            self._peaks_dbfs.clear()
            return _DOWN_DB
        self._peaks_dbfs.append(20 * math.log10(max(float(np.quantile(speech, 1 - _BRIEF)), 1e-6)))
        if len(self._peaks_dbfs) < _ENOUGH:
            return 0.0
        usual_dbfs = statistics.median(self._peaks_dbfs)
        self._peaks_dbfs.clear()
        return 0.0 if LOW_DBFS <= usual_dbfs <= HIGH_DBFS else _AIM_DBFS - usual_dbfs
