"""How hard speech is made in training: a table of a recipe."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A part of the utterances, 0 to 1."""

Range = tuple[float, float]
"""The lowest and the highest value; each in between is as likely."""


class AugmentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done to how many utterances, and how much of it.

    Attributes:
        clean_share: Utterances that stay as they are. All other shares are of the rest.
        pitch_share: ... whose pitch is shifted, with the tempo kept.
        pitch_semitones: By so many.
        speed_share: ... that are played slower or faster, which changes their pitch as well (Ko et al., Audio
            augmentation for speech recognition, 2015).
        speed: 1.1 is a tenth faster.
        room_share: ... that sound as in a room.
        noise_share: ... with noise behind them.
        snr_db: Mean power of the utterance over that of the noise.
        microphone_share: ... that sound as through another microphone.
        gain: All of the rest are made so much louder; never louder than full scale.
    """

    clean_share: Share = 0.4
    pitch_share: Share = 0.3
    pitch_semitones: Range = (-1.0, 1.0)
    speed_share: Share = 0.5
    speed: Range = (0.9, 1.1)
    room_share: Share = 0.3
    noise_share: Share = 0.7
    snr_db: Range = (10.0, 25.0)
    microphone_share: Share = 0.3
    gain: Range = (0.7, 1.3)

    def __post_init__(self) -> None:
        _check("pitch_semitones", self.pitch_semitones, -12, 12)
        _check("speed", self.speed, 0.5, 2)
        _check("snr_db", self.snr_db, -20, 60)
        _check("gain", self.gain, 0.01, 10)


def _check(name: str, value: Range, lowest: float, highest: float) -> None:
    if not lowest <= value[0] <= value[1] <= highest:
        raise ValueError(f"{name} is {list(value)}: give the lower value first, {lowest} to {highest}")
