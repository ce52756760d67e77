"""Training: epoch by epoch, from where it was when it was killed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from trainer.files import write_text
from trainer.training import checkpoint
from trainer.training.blend import middle, mixed
from trainer.training.checkpoint import Epoch, Place
from trainer.training.choice import choose
from trainer.training.logs import LOG

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.progress import Report
    from trainer.training.adapters import State
    from trainer.training.batches import Batches
    from trainer.training.learner import Learner
    from trainer.training.recipe import Recipe
    from trainer.training.validation import Validation

CHECKPOINT, BEST = "checkpoint.safetensors", "best.safetensors"
"""What training leaves in its folder, beside its log."""

CHECKPOINT_S = 60.0
"""So much work may be lost by a kill: writing takes a second or two."""


class Lesson(NamedTuple):
    """What is learned, and how.

    Attributes:
        batches: What is learned from.
        validation: What is measured after each epoch.
        recipe: How.
    """

    batches: Batches
    validation: Validation
    recipe: Recipe


class Trained(NamedTuple):
    """What training gave.

    Attributes:
        state: The best weights by the validation split; stock's where no epoch was better.
        best: The epoch that they are of.
        log: The epochs, stock first.
        learned: The examples that were learned from, by their indices.
        seconds: How long all of it took, with the trainings that others' mean is made of.
    """

    state: State
    best: Epoch
    log: tuple[Epoch, ...]
    learned: frozenset[int] = frozenset()
    seconds: float = 0.0


class Training:
    """One training, from stock to the best weights."""

    def __init__(  # noqa: PLR0913, PLR0917  # what training needs
        self,
        learner: Learner,
        stock: State,
        lesson: Lesson,
        folder: Path,
        key: str,
        before: Epoch | None = None,
    ) -> None:
        """Take up a training where it stands, or begin it.

        Args:
            learner: The model.
            stock: Its weights before.
            lesson: What it learns, and how.
            folder: Where checkpoints are kept.
            key: Tells this training from others.
            before: The line of the log for stock, where it is known.
        """
        self._learner = learner
        self._stock = stock
        self._batches, self._validation, self._recipe = lesson
        self._file = folder / CHECKPOINT
        self._best = folder / BEST
        self._log = folder / LOG
        self._updates = sum(len(self._batches.of_epoch(epoch)) for epoch in range(1, self._recipe.epochs + 1))
        self._place = Place(key, log=(before,) if before else ())
        found = checkpoint.load(self._file, key)
        if found and self._has_best_of(found[0]):
            self._place, tensors = found
            learner.restore(tensors)

    def run(self, report: Report) -> Trained:
        """Train to the end.

        Raises:
            OSError: A checkpoint cannot be written.
            SaykeyError: The validation split cannot be recognised.
        """
        if not self._place.log:
            self._end_epoch(0, self._stock)
        while self._place.epoch <= self._recipe.epochs and not self._is_over():
            self._run_epoch(self._place.epoch, report)
        report("Training", 1.0)
        best = _best(self._place.log, self._recipe)
        found = checkpoint.load(self._best, self._place.key) if best.epoch else None
        log = self._place.log
        learned = frozenset(
            index for line in log[1:] for batch in self._batches.of_epoch(line.epoch) for index in batch
        )
        state = found[1] if found else self._stock
        return Trained(state, best, log, learned, sum(line.seconds for line in log))

    def _run_epoch(self, epoch: int, report: Report) -> None:
        plan = self._batches.of_epoch(epoch)
        if self._place.step == 0:
            self._learner.begin_epoch()
        saved = time.monotonic()
        for step in range(self._place.step, len(plan)):
            self._step(plan[step], epoch, step)
            report("Training", self._place.updates / self._updates)
            if time.monotonic() - saved > CHECKPOINT_S:
                self._save()
                saved = time.monotonic()
        self._end_epoch(epoch, self._learner.state())

    def _step(self, indices: list[int], epoch: int, step: int) -> None:
        began, place = time.monotonic(), self._place
        batch = self._batches.make(indices, epoch, step)
        chance = hash((self._recipe.seed, epoch, step)) % 2**63
        loss = self._learner.step(batch, self._rate(), chance, place.updates)
        self._place = replace(
            place,
            step=step + 1,
            updates=place.updates + 1,
            loss=place.loss + loss,
            utterances=place.utterances + len(indices),
            seconds=place.seconds + time.monotonic() - began,
        )

    def _rate(self) -> float:
        """Give the learning rate of the next step: up in a line, then down to zero in a line."""
        warmup = max(1.0, self._recipe.warmup_share * self._updates)
        done = self._place.updates
        share = min((done + 1) / warmup, (self._updates - done) / max(1.0, self._updates - warmup))
        return self._recipe.learning_rate * max(0.0, share)

    def _end_epoch(self, epoch: int, state: State) -> None:
        began, place = time.monotonic(), self._place
        judged = mixed(self._stock, state, middle(self._recipe))
        rates = self._validation.measure(judged, short=self._recipe.memory == "short" and epoch > 0)
        line = Epoch(
            epoch=epoch,
            loss=place.loss / place.step if place.step else None,
            validation_wer=rates.wer,
            validation_words=rates.words,
            general_wer=rates.general_wer,
            general_words=rates.general_words,
            learning_rate=self._rate() if epoch else 0.0,
            utterances_per_s=place.utterances / place.seconds if place.seconds else None,
            seconds=place.seconds + time.monotonic() - began,
        )
        log = (*place.log, line)
        if epoch and _best(log, self._recipe) is line:
            checkpoint.save(self._best, Place(place.key, epoch), state)
        self._place = Place(place.key, epoch + 1, updates=place.updates, log=log)
        write_text(self._log, "".join(msgspec.json.encode(each).decode() + "\n" for each in log))
        self._save()

    def _has_best_of(self, place: Place) -> bool:
        """Say whether the best weights so far are there, or those of the epoch that is under way."""
        best = _best(place.log, self._recipe) if place.log else None
        found = checkpoint.load(self._best, place.key) if best and best.epoch else None
        return not best or not best.epoch or (found is not None and found[0].epoch >= best.epoch)

    def _is_over(self) -> bool:
        log = self._place.log
        return log[-1].epoch - _best(log, self._recipe).epoch >= self._recipe.patience

    def _save(self) -> None:
        checkpoint.save(self._file, self._place, self._learner.tensors())


def _best(log: tuple[Epoch, ...], recipe: Recipe) -> Epoch:
    """Give the epoch to keep, the later the better: see `choice.choose`."""
    epochs = [line.epoch for line in log]
    return log[choose([line.rates for line in log], epochs, recipe.tolerance)]
