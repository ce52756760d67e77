"""The recordings of a training, by what they are for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.models.files import sha256_of
from trainer.dataset import load_manifest
from trainer.errors import DataError
from trainer.evaluation.rates import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.dataset import Utterance
    from trainer.training.examples import Source


@dataclass(frozen=True, slots=True)
class Data:
    """Prepared folders.

    Attributes:
        own: The owner's recordings, and what machines spoke for them.
        general: Other people's recordings.
        noise: Sound files of the owner's noise, for augmentation.
        rooms: Impulse responses of rooms, for the same.
    """

    own: tuple[Path, ...]
    general: tuple[Path, ...] = ()
    noise: tuple[Path, ...] = ()
    rooms: tuple[Path, ...] = ()


class Lot:
    """The recordings, by what they are for."""

    def __init__(self, data: Data) -> None:
        self.noise, self.rooms = data.noise, data.rooms
        own = [each for folder in data.own for each in load_manifest(folder)]
        general = [each for folder in data.general for each in load_manifest(folder)]
        self.fingerprint = _fingerprint(own, general, (*data.noise, *data.rooms))
        held = {normalised(each.text) for each in (*own, *general) if each.split in {"validation", "test"}}
        held -= {""}
        self.leaks = [
            each for each in (*own, *general) if each.split == "train" and normalised(each.text) in held
        ]
        fit = [each for each in own if each.split == "train" and normalised(each.text) not in held]
        self.learned: list[tuple[Utterance, Source]] = [
            (each, "synthetic" if each.synthetic else "personal") for each in fit
        ]
        if not self.learned:
            raise DataError(
                f"{data.own[0]} has nothing to learn from: no recording in it has the split train; "
                "prepare the folder with saykey-trainer audit."
            )
        self.general = [
            each
            for each in general
            if each.split == "train" and each.text and normalised(each.text) not in held
        ]
        judged, others = (
            [each for each in part if each.split == "validation" and normalised(each.text)]
            for part in (own, general)
        )
        # Machines speak for the owner only where the owner says nothing.
        self.validation = [each for each in judged if not each.synthetic] or judged
        self.general_validation = others
        if not self.validation:
            raise DataError(
                f"{data.own[0]} has no recordings with the split validation, by which training is judged: "
                "prepare the folder with saykey-trainer audit."
            )
        if general and not any(each.split in {"train", "validation"} for each in general):
            raise DataError(
                f"{data.general[0]} has no recording with the split train or validation, and is of no use: "
                "prepare the folder with saykey-trainer audit."
            )


def _fingerprint(own: Sequence[Utterance], general: Sequence[Utterance], sounds: Sequence[Path]) -> str:
    """Give what tells these recordings, and what is said of them, from others."""
    total = hashlib.sha256()
    for kind, utterances in (("own", own), ("general", general)):
        for each in utterances:
            row = (kind, each.id, each.text, each.set, each.split, each.synthetic, sha256_of(each.path))
            total.update(repr(row).encode())
    for sound in sounds:
        total.update(sha256_of(sound).encode())
    return total.hexdigest()
