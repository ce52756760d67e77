"""Where training stands, in one file that is whole or not there, so that it goes on after any kill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from trainer.files import replacing
from trainer.training.choice import Rates

if TYPE_CHECKING:
    from pathlib import Path

_PLACE = "place"


class Epoch(msgspec.Struct, frozen=True):
    """What one epoch came to: a line of the log.

    Attributes:
        epoch: Its number; 0 is stock before training.
        loss: Mean cross entropy of a token in training.
        learning_rate: At its end.
        utterances_per_s: Speed of training.
        validation_wer: Word error rate on the owner's validation split, in per cent: of the weights half-way
            between stock and trained, or as near to that as the recipe blends them.
        validation_words: Words that are said there.
        general_wer: The same on other people's speech; `None` where there is none.
        seconds: How long it took, validation included.
        general_words: Words that are said in other people's speech.
    """

    epoch: int
    loss: float | None
    learning_rate: float
    utterances_per_s: float | None
    validation_wer: float
    validation_words: int
    general_wer: float | None
    seconds: float
    general_words: int = 0

    @property
    def rates(self) -> Rates:
        """Its word error rates."""
        return Rates(self.validation_wer, self.validation_words, self.general_wer, self.general_words)


class Place(msgspec.Struct, frozen=True):
    """Where training stands.

    Attributes:
        key: What is trained on what and how; another key is another training.
        epoch: The epoch that is under way, from 1.
        step: Its next step.
        updates: Steps in all so far.
        loss: Sum of the losses of the epoch's steps.
        utterances: Utterances of the epoch so far.
        seconds: How long the epoch has taken so far.
        log: The epochs before.
    """

    key: str
    epoch: int = 1
    step: int = 0
    updates: int = 0
    loss: float = 0.0
    utterances: int = 0
    seconds: float = 0.0
    log: tuple[Epoch, ...] = ()


Tensors = dict[str, torch.Tensor]


def save(file: Path, place: Place, tensors: Tensors) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        OSError: It cannot be written; the one before is still there.
    """
    with replacing(file) as partial:
        try:
            save_file(
                {name: each.contiguous() for name, each in tensors.items()},
                partial,
                {_PLACE: msgspec.json.encode(place).decode()},
            )
        except SafetensorError as error:  # its own name for a full disk
            raise OSError(f"{file} cannot be written ({error})") from error


def load(file: Path, key: str) -> tuple[Place, Tensors] | None:
    """Read a checkpoint; `None` where there is none, or one of another training or of another version."""
    try:
        with safe_open(file, framework="pt") as opened:
            place = msgspec.json.decode((opened.metadata() or {}).get(_PLACE, ""), type=Place)
            if place.key != key:
                return None
            # The copies let go of the file, which Windows would else not replace.
            return place, {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118  no mapping
    except (OSError, SafetensorError, msgspec.DecodeError):
        return None
