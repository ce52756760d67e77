"""Speech as if recorded elsewhere: another way in every epoch, and the same with the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.augmentation import effects, library

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from trainer.augmentation.library import Sound
    from trainer.augmentation.settings import AugmentSettings, Range, Share


@dataclass(frozen=True, slots=True)
class Microphone:
    """What a microphone lets through: see `effects.filter_response`."""

    low_cut_hz: float
    high_cut_hz: float
    gains_db: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to one utterance, in this order; what is `None` is not done."""

    pitch_semitones: float | None = None
    speed: float | None = None
    room: Sound | None = None
    noise: Sound | None = None
    noise_at: float = 0.0
    snr_db: float = 0.0
    microphone: Microphone | None = None
    gain: float | None = None

    def __str__(self) -> str:
        parts = (
            self.pitch_semitones is not None and f"pitch {self.pitch_semitones:+.1f} semitones",
            self.speed is not None and f"speed {self.speed:.2f}",
            self.room is not None and self.room.name,
            self.noise is not None and f"{self.noise.name} at {self.snr_db:.0f} dB",
            self.microphone is not None
            and f"microphone {self.microphone.low_cut_hz:.0f} to {self.microphone.high_cut_hz:.0f} Hz",
            self.gain is not None and f"gain {self.gain:.2f}",
        )
        return ", ".join(part for part in parts if part) or "nothing"


class Augmenter:
    """Changes utterances by chance that depends on nothing but the seed, their names and the epoch.

    All sound that it needs is read when it is made; after that it has no state. So utterances may come in any
    order and from any process.
    """

    def __init__(
        self, settings: AugmentSettings, noises: Sequence[Path], rooms: Sequence[Path], seed: int
    ) -> None:
        """Read or make the noises and rooms.

        Args:
            settings: What is done how often.
            noises: Sound files of noise; where there are none, noise is made.
            rooms: Sound files of rooms' impulse responses; where there are none, they are made.
            seed: All chance comes from it.

        Raises:
            DataError: The noises or a room are silent.
            SoundError: A file cannot be read.
        """
        self._settings = settings
        self._seed = seed
        chance = np.random.default_rng(seed)
        self._noises = library.read_noises(noises) if noises else library.made_noises(chance)
        self._rooms = library.read_rooms(rooms) if rooms else library.made_rooms(chance)

    def __call__(self, samples: Samples, id: str, epoch: int) -> Samples:  # noqa: A002  # as an utterance has it
        """Give an utterance as it is to be heard in an epoch: itself, or changed and within full scale.

        Args:
            samples: The utterance.
            id: Its name.
            epoch: Counts from anywhere.
        """
        return apply(self.change(id, epoch), samples)

    def change(self, id: str, epoch: int) -> Change:  # noqa: A002  # as an utterance has it
        """Give what is done to an utterance in an epoch."""
        name = hashlib.sha256(f"{self._seed} {epoch} {id}".encode()).digest()
        chance = np.random.default_rng(int.from_bytes(name))
        settings = self._settings
        if chance.random() < settings.clean_share:
            return Change()
        has_room = chance.random() < settings.room_share
        has_noise = chance.random() < settings.noise_share
        return Change(
            pitch_semitones=_drawn(chance, settings.pitch_share, settings.pitch_semitones),
            speed=_drawn(chance, settings.speed_share, settings.speed),
            room=self._rooms[chance.integers(len(self._rooms))] if has_room else None,
            noise=self._noises[chance.integers(len(self._noises))] if has_noise else None,
            noise_at=chance.random(),
            snr_db=chance.uniform(*settings.snr_db),
            microphone=_microphone(chance) if chance.random() < settings.microphone_share else None,
            gain=chance.uniform(*settings.gain),
        )


def apply(change: Change, samples: Samples) -> Samples:
    """Do to an utterance what was drawn for it; where that is nothing, it is given back itself."""
    if change == Change() or not samples.size:
        return samples
    if change.pitch_semitones is not None:
        samples = effects.shift_pitch(samples, change.pitch_semitones)
    if change.speed is not None:
        samples = effects.change_speed(samples, change.speed)
    if change.room is not None:
        samples = effects.reverberate(samples, change.room.samples)
    if change.noise is not None:
        noise = _part(change.noise.samples, change.noise_at, len(samples))
        samples = effects.add_noise(samples, noise, change.snr_db)
    if change.microphone is not None:
        microphone = change.microphone
        samples = effects.filter_response(
            samples, microphone.low_cut_hz, microphone.high_cut_hz, microphone.gains_db
        )
    return effects.amplify(samples, 1.0 if change.gain is None else change.gain)


def _drawn(chance: np.random.Generator, share: Share, within: Range) -> float | None:
    done, value = chance.random() < share, chance.uniform(*within)
    return value if done else None


def _microphone(chance: np.random.Generator) -> Microphone:
    """Draw a microphone: from a telephone's band, 300 to 3400 Hz, to nearly all, and up to 4 dB uneven."""
    return Microphone(
        low_cut_hz=chance.uniform(50, 300),
        high_cut_hz=chance.uniform(3400, 8000),
        gains_db=tuple(chance.uniform(-4, 4, len(effects.BANDS_HZ)).tolist()),
    )


def _part(noise: Samples, at: float, length: int) -> Samples:
    """Cut so many samples out of a noise, from a part of its length on; where it ends, it begins again."""
    start = int(at * len(noise))
    return np.concatenate((noise[start:], np.resize(noise, length)))[:length]
