"""Recordings through the device's own path: detector, recogniser, text as it would be typed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import seconds
from device.text.format import format_text
from trainer.evaluation.noise import mix
from trainer.evaluation.results import CLEAN, Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from device.audio.sound import Samples
    from device.ports import Recogniser, SpeechDetector
    from device.settings import Settings
    from trainer.evaluation.noise import Noises
    from trainer.evaluation.trials import Trial
    from trainer.progress import Report

WHAT = "Recognising"
"""What the report is told."""


class Bench:
    """What hears: the device's detector, and the models' recognisers side by side."""

    def __init__(
        self,
        detector: SpeechDetector,
        recognisers: Mapping[str, Recogniser],
        settings: Settings,
        noises: Noises,
    ) -> None:
        """Get ready.

        Args:
            detector: Says where there is speech, once for all models.
            recognisers: The models by their names.
            settings: The device's.
            noises: What is mixed in.
        """
        self._detector = detector
        self._recognisers = recognisers
        self._settings = settings
        self._noises = noises

    def measure(self, trials: Sequence[Trial], report: Report) -> list[Result]:
        """Recognise every recording in every tier with every model, one model right after the other.

        So the models hear the same sound, and what else the computer does slows all of them down alike.

        Raises:
            SaykeyError: A file cannot be read, there is no noise in the noise, or a model cannot be run.
        """
        results: list[Result] = []
        report(WHAT, 0.0)
        for done, trial in enumerate(trials, 1):
            for tier, sound in self._sounds(trial):
                results += self._heard(trial, tier, sound)
            report(WHAT, done / len(trials))
        return results

    def _sounds(self, trial: Trial) -> Iterator[tuple[str, Samples]]:
        sound = read(trial.utterance.path)
        yield CLEAN, sound
        if trial.tiers_db:
            noise = self._noises.under(trial.utterance.id, len(sound))
            active = self._active(sound)
            for snr_db in trial.tiers_db:
                yield str(snr_db), mix(sound, noise, active, snr_db)

    def _active(self, sound: Samples) -> NDArray[np.bool_]:
        """Give which samples hold speech, as far as the device's detector hears it, without its margins."""
        unpadded = msgspec.structs.replace(self._settings.speech, speech_pad_ms=0)
        active = np.zeros(len(sound), dtype=np.bool_)
        for passage in record(sound, self._detector, unpadded).passages:
            active[passage.start : passage.end] = True
        return active

    def _heard(self, trial: Trial, tier: str, sound: Samples) -> Iterator[Result]:
        utterance = trial.utterance
        began = time.perf_counter()
        recording = record(sound, self._detector, self._settings.speech)
        detecting_s = time.perf_counter() - began
        for model, recogniser in self._recognisers.items():
            began = time.perf_counter()
            transcript = recogniser.recognise(recording)
            text = format_text(transcript.text, "", self._settings.text, transcript.language)
            yield Result(
                model=model,
                set=utterance.set,
                role=trial.role,
                tier=tier,
                id=utterance.id,
                # The report may be written from elsewhere; a path need not be Unicode, what is kept must.
                audio=str(utterance.path.absolute()).encode("utf-8", "backslashreplace").decode(),
                speaker=utterance.speaker,
                reference=utterance.text,
                text=text,
                duration_s=seconds(len(sound)),
                seconds=detecting_s + time.perf_counter() - began,
            )
