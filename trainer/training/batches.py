"""Which utterances go together, and what the model is given of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from device.audio.sound import seconds
from device.speech import features
from device.speech.window import MARGIN
from trainer.training.examples import framed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from device.audio.sound import Samples
    from device.speech.tokens import Tokens
    from trainer.training.examples import Example, Examples, Source
    from trainer.training.features import Features
    from trainer.training.recipe import Recipe

IGNORED = -100
"""The label of a token that is not learned: cross_entropy's own."""

_MARGINS = (20, 100)
"""Frames of silence behind the longest utterance where the memory is short. The device encodes 50."""

_UNEVEN = 0.1
"""Lengths are taken as so much longer or shorter, by chance, so that the same do not always go together."""

_SHARES, _ORDER, _STEP = 1, 2, 3
"""What a number is drawn for: each has a chance of its own."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the model is given in one step.

    Attributes:
        mel: Features: shape (batch, bands, frames), of an even number of frames.
        tokens: What the decoder reads: shape (batch, length).
        labels: What it shall say to each of them: the same shape, `IGNORED` where that does not count.
        short: The decoder attends to the speech alone.
    """

    mel: Tensor
    tokens: Tensor
    labels: Tensor
    short: bool


def chosen(examples: Sequence[Example], recipe: Recipe, epoch: int) -> list[int]:
    """Give the examples of one epoch by their indices: all of the owner's, and a share of each other source.

    What there is too little of is taken again; of what there is more, each epoch takes the next.
    """
    of: dict[Source, list[int]] = {"personal": [], "general": [], "synthetic": []}
    for index, example in enumerate(examples):
        of[example.source].append(index)
    if not of["personal"]:  # words learned from machines alone
        of["personal"], of["synthetic"] = of["synthetic"], []
    shares: dict[Source, float] = {"general": recipe.general_share, "synthetic": recipe.synthetic_share}
    present = {source: share for source, share in shares.items() if of[source]}
    total = len(of["personal"]) / (1 - sum(present.values()))
    taken = list(of["personal"] or range(len(examples)))
    for source, share in present.items():
        count = round(total * share)
        order = np.random.default_rng((recipe.seed, _SHARES)).permutation(of[source])
        taken += islice(cycle(order.tolist()), epoch * count, (epoch + 1) * count)
    return taken


def planned(examples: Sequence[Example], recipe: Recipe, epoch: int) -> list[list[int]]:
    """Give the batches of one epoch, of utterances of about the same length, in an order of chance.

    It depends on nothing but the recipe and the epoch: so does training that was killed and goes on.
    """
    chance = np.random.default_rng((recipe.seed, _ORDER, epoch))
    taken = np.array(chosen(examples, recipe, epoch))
    lengths = np.array([examples[index].length for index in taken])
    order = taken[np.argsort(lengths * (1 + _UNEVEN * chance.standard_normal(len(taken))))]
    batches = [
        order[start : start + recipe.batch_size].tolist() for start in range(0, len(order), recipe.batch_size)
    ]
    return [batches[index] for index in chance.permutation(len(batches))]


class Speech(NamedTuple):
    """What is learned from.

    Attributes:
        examples: The utterances.
        kept: Their features as they are.
        augmented: Gives the sound of an utterance, by its name, in an epoch; the very same where nothing is
            done to it.
    """

    examples: Examples
    kept: Features
    augmented: Callable[[Samples, str, int], Samples] | None = None


class Batches:
    """Makes the batches of all epochs."""

    def __init__(self, speech: Speech, tokens: Tokens, language: str | None, recipe: Recipe) -> None:
        """Get ready.

        Args:
            speech: What is learned from.
            tokens: The model's vocabulary.
            language: Code of the language, or `None` for an English-only model.
            recipe: How.
        """
        self._examples, self._kept, self._augmented = speech
        self._tokens = tokens
        self._language = language
        self._recipe = recipe

    def of_epoch(self, epoch: int) -> list[list[int]]:
        """Give the batches of an epoch: the indices of their examples."""
        return planned(self._examples.examples, self._recipe, epoch)

    def make(self, indices: Sequence[int], epoch: int, step: int) -> Batch:
        """Make one batch.

        Args:
            indices: Its examples.
            epoch: The epoch.
            step: Its place in the epoch.
        """
        chance = np.random.default_rng((self._recipe.seed, _STEP, epoch, step))
        heard = [self._heard(index, epoch) for index in indices]
        memory = self._recipe.memory
        short = memory == "short" or (memory == "mixed" and bool(chance.random() < 0.5))
        frames = self._frames(max(mel.shape[1] for mel, _ in heard), chance, short=short)
        mels = np.stack([_wide(mel, frames) for mel, _ in heard])
        for wide, (mel, _) in zip(mels, heard, strict=True):
            self._mask(wide[:, : mel.shape[1]], chance)
        texts = [self._text(index, length, chance) for index, (_, length) in zip(indices, heard, strict=True)]
        tokens, labels = _tensors(texts, self._tokens.end)
        return Batch(torch.from_numpy(mels), tokens, labels, short)

    def _heard(self, index: int, epoch: int) -> tuple[NDArray[np.float32], int]:
        """Give the features of an utterance in an epoch, and the samples that they are made of."""
        example = self._examples.examples[index]
        if self._augmented is not None:
            sound = self._examples.sound(example)
            changed = self._augmented(sound, f"{example.source}/{example.id}", epoch)
            # Played slower, it may be longer than Whisper hears, and lose its last words.
            if changed is not sound and len(changed) <= features.MAX_SAMPLES:
                return self._kept.made_of(changed), len(changed)
        return self._kept[index], example.length

    def _mask(self, mel: NDArray[np.float32], chance: np.random.Generator) -> None:
        """Blank stretches of it (SpecAugment, policy without time warping)."""
        mean = mel.mean()
        for _ in range(round(self._recipe.time_masks * mel.shape[1] / 100)):
            start, length = int(chance.integers(mel.shape[1])), int(chance.integers(20))
            mel[:, start : start + length] = mean
        for _ in range(self._recipe.band_masks):
            start, length = int(chance.integers(len(mel))), int(chance.integers(15))
            mel[start : start + length] = mean

    def _frames(self, longest: int, chance: np.random.Generator, *, short: bool) -> int:
        if self._recipe.memory == "whole":
            return features.MAX_FRAMES
        margin = int(chance.integers(*_MARGINS)) if short else MARGIN
        frames = min(features.MAX_FRAMES, longest + margin)
        return frames + frames % 2

    def _text(self, index: int, length: int, chance: np.random.Generator) -> tuple[list[int], int]:
        length_s = seconds(length) if chance.random() < self._recipe.timestamps_share else None
        return framed(self._examples.examples[index].text, self._tokens, self._language, length_s)


def _wide(mel: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Set silence behind an utterance, as `features.window` does."""
    wide = np.full((len(mel), frames), features.floor(mel), dtype=np.float32)
    wide[:, : mel.shape[1]] = mel[:, :frames]
    return wide


def _tensors(texts: Sequence[tuple[list[int], int]], end: int) -> tuple[Tensor, Tensor]:
    length = max(len(text) for text, _ in texts)
    tokens = torch.full((len(texts), length - 1), end)
    labels = torch.full((len(texts), length - 1), IGNORED)
    for row, (text, prompt) in enumerate(texts):
        tokens[row, : len(text) - 1] = torch.tensor(text[:-1])
        labels[row, prompt - 1 : len(text) - 1] = torch.tensor(text[prompt:])
    return tokens, labels
