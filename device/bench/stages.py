"""How long each stage takes for speech of several lengths, by the code that the daemon runs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import samples_in, seconds
from device.demo import RECORDING
from device.errors import ModelError
from device.memory import give_back
from device.speech import features
from device.speech.pieces import cut
from device.speech.recogniser import BEAM_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from device.audio.recording import Recording
    from device.audio.sound import Samples
    from device.ports import Recogniser, SpeechDetector
    from device.settings import Settings
    from device.speech.engine import Engine

ENOUGH_S = 40.0
"""No round begins after so long: a slow board has told enough by then."""

_SHORT_MS = 1_800
"""The recording up to the end of a word."""

_PAUSE_MS = 400


@dataclass(slots=True)
class Times:
    """What stages took, round by round, in milliseconds.

    Attributes:
        duration_s: Length of the sound, in seconds.
        stages: The times of each stage, by its name.
    """

    duration_s: float
    stages: dict[str, list[float]] = field(default_factory=dict)

    def median(self, stage: str) -> float:
        """Give the median of a stage."""
        return median(self.stages[stage])

    def slowest(self, stage: str) -> float:
        """Give the slowest round of a stage."""
        return max(self.stages[stage])

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the block's time as one round of a stage."""
        began = time.perf_counter()
        yield
        self.stages.setdefault(stage, []).append(1000 * (time.perf_counter() - began))


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured.

    Attributes:
        detector: Listens to the sound.
        engine: Encodes and decodes what is heard.
        recogniser: The daemon's, on the same engine.
        settings: What the user wants.
        n_mels: Bands that the model takes.
    """

    detector: SpeechDetector
    engine: Engine
    recogniser: Recogniser
    settings: Settings
    n_mels: int

    def measure(self, rounds: int, progress: Callable[[float], object]) -> tuple[Times, ...]:
        """Measure every length in turn, round by round.

        Args:
            rounds: How many, at most: fewer on a slow board.
            progress: Called with the share that is done, up to 1.

        Returns:
            The times by length: of `STAGES` each. The whole sentence, the second, also has `EXTRAS`.

        Raises:
            ModelError: The model cannot be run, or the detector hears no speech.
        """
        lengths = sounds()
        times = tuple(Times(seconds(len(sound))) for sound in lengths)
        began = time.monotonic()
        for number in range(rounds):
            for index, (sound, taken) in enumerate(zip(lengths, times, strict=True)):
                progress((number + index / len(lengths)) / rounds)
                recording = self._stages(sound, taken)
                if index == SENTENCE:
                    self._extras(recording, taken)
            if time.monotonic() - began > ENOUGH_S:
                break
        progress(1.0)
        return times

    def _stages(self, sound: Samples, times: Times) -> Recording:
        """Take a sound through the stages once, as the daemon does where it is not in doubt."""
        with times.time("detect"):
            recording = record(sound, self.detector, self.settings.speech)
        speech = self._speech(recording)
        with times.time("features"):
            features.log_mel(speech, self.n_mels)
        with times.time("recognise"):
            with times.time("encode"):
                memory = self.engine.encode(speech)
            with times.time("decode"):
                self._decode(memory, speech, self.settings.recognition.beam_size)
        give_back()  # as the daemon does after each dictation
        return recording

    def _extras(self, recording: Recording, times: Times) -> None:
        speech = self._speech(recording)
        with times.time("after release"):
            self.recogniser.recognise(recording)
        self.recogniser.anticipate(recording)
        with times.time("after pause"):
            self.recogniser.recognise(recording)
        with times.time("whole"):
            memory = self.engine.encode(speech, whole=True)
            self._decode(memory, speech, self.settings.recognition.beam_size)
        with times.time("doubt"):
            self._decode(memory, speech, BEAM_SIZE)
        give_back()

    def _speech(self, recording: Recording) -> Samples:
        pieces = cut(recording)
        if not pieces:
            raise ModelError(
                "The detector hears no speech in the recording that ships with Saykey: "
                "set [speech] back to the defaults, or install Saykey again."
            )
        return pieces[0].sound(recording.samples)

    def _decode(self, memory: object, speech: Samples, beam_size: int) -> None:
        self.engine.decode(memory, seconds(len(speech)), beam_size=beam_size)


STAGES = ("detect", "features", "encode", "decode", "recognise")
"""Listening to the sound, its log-mel spectrogram, the encoder (which makes that again), the decoder, and
the last two together."""

EXTRAS = ("after release", "after pause", "whole", "doubt")
"""All that the recogniser does once the button is up, when it did nothing before and when it did it before;
the same without our short window; and what a second look costs that searches wider."""

SENTENCE = 1
"""The length that has the extras."""


def sounds() -> list[Samples]:
    """Give the recording that ships with Saykey: its beginning, all of it, twice, and nearly four times."""
    sentence = read(RECORDING)
    beginning, pause = sentence[: samples_in(_SHORT_MS)], np.zeros(samples_in(_PAUSE_MS), np.float32)
    twice = np.concatenate((sentence, pause, sentence))
    return [beginning, sentence, twice, np.concatenate((twice, pause, sentence, pause, beginning))]
