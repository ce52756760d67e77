"""The model while it learns: one step after another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from trainer.training import whisper
from trainer.training.adapters import merged, trained
from trainer.training.batches import IGNORED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from trainer.training.adapters import State
    from trainer.training.batches import Batch
    from trainer.training.precision import Mixed
    from trainer.training.recipe import Recipe

BETAS = (0.9, 0.98)
"""AdamW's for attention models (Vaswani et al., Attention is all you need, 2017)."""

Tensors = dict[str, torch.Tensor]


class Learner:
    """A model, its optimiser, and the running mean of its weights."""

    def __init__(self, model: Any, stock: State, teacher: Any | None, recipe: Recipe, mixed: Mixed) -> None:
        """Begin to learn.

        Args:
            model: The model, ready to be trained (`adapters.prepare`), on the processor that trains.
            stock: Its weights before.
            teacher: Another copy of stock, which the recipe's distillation stays near; `None` for none.
            recipe: How.
            mixed: In how many bits.
        """
        self._model = model
        self._stock = stock
        self._teacher = teacher
        self._recipe = recipe
        self._mixed = mixed
        self._parameters = trained(model)
        averaged = self._parameters if recipe.average else {}
        self._mean = {name: each.detach().clone() for name, each in averaged.items()}
        self._optimizer = torch.optim.AdamW(
            self._parameters.values(), betas=BETAS, weight_decay=recipe.weight_decay, fused=True
        )
        self._quiet: Tensor | None = None
        self._teacher_quiet = None if teacher is None else whisper.silence(teacher)

    def begin_epoch(self) -> None:
        """Look anew at what the encoder makes of silence: with every step it changes a little."""
        if self._recipe.memory in {"spliced", "mixed"}:
            self._quiet = whisper.silence(self._model)

    def step(self, batch: Batch, learning_rate: float, chance: int, updates: int) -> float:
        """Learn from one batch; give its loss.

        Args:
            batch: The batch.
            learning_rate: How much.
            chance: The seed of all chance within the model, so that a training that goes on is the same.
            updates: Steps before.
        """
        torch.manual_seed(chance)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        loss = self.loss(batch)
        scaler = self._mixed.scaler
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        scaler.unscale_(self._optimizer)
        torch.nn.utils.clip_grad_norm_(self._parameters.values(), self._recipe.max_grad_norm)
        scaler.step(self._optimizer)
        scaler.update()
        self._optimizer.zero_grad()
        self._follow(updates)
        return float(loss.detach())

    def loss(self, batch: Batch) -> Tensor:
        """Give the mean over a batch's tokens: cross entropy, or where stock is right the distance to it."""
        device = self._model.device
        mel, tokens, labels = batch.mel.to(device), batch.tokens.to(device), batch.labels.to(device)
        counted = labels != IGNORED
        quiet = None if batch.short else self._quiet
        with self._mixed():
            scores = self._scores(self._model, mel, quiet, tokens, counted)
        losses = functional.cross_entropy(
            scores.float(), labels[counted], label_smoothing=self._recipe.label_smoothing, reduction="none"
        )
        if self._teacher is None:
            return losses.mean()
        with torch.no_grad(), self._mixed():
            stock = self._scores(self._teacher, mel, self._teacher_quiet, tokens, counted).float()
        distances = functional.kl_div(
            functional.log_softmax(scores.float(), -1),
            functional.log_softmax(stock, -1),
            log_target=True,
            reduction="none",
        ).sum(-1)
        is_right = stock.argmax(-1) == labels[counted]
        return torch.lerp(losses, distances, self._recipe.distillation * is_right).mean()

    def state(self) -> State:
        """Give the weights that count, the running mean's if there is one, adapters worked in, on the CPU."""
        with self._as_mean():
            return merged(self._model, self._stock)

    def tensors(self) -> Tensors:
        """Give all that `restore` needs."""
        kept: Tensors = {}
        for name, each in self._parameters.items():
            kept[f"weight.{name}"] = each.detach()
            kept |= {f"{kind}.{name}": value for kind, value in self._optimizer.state[each].items()}
        kept |= {f"mean.{name}": each for name, each in self._mean.items()}
        if self._quiet is not None:
            kept["quiet"] = self._quiet
        # Numbers all: by how much the gradients of float16 are multiplied, and for how long.
        kept |= {f"scaler.{kind}": torch.tensor(each) for kind, each in self._scaling().items()}
        return {name: each.cpu() for name, each in kept.items()}

    @torch.no_grad()
    def restore(self, kept: Tensors) -> None:
        """Go back to where `tensors` was called."""
        for name, each in self._parameters.items():
            each.copy_(kept[f"weight.{name}"])
            state = {kind: kept.get(f"{kind}.{name}") for kind in ("step", "exp_avg", "exp_avg_sq")}
            self._optimizer.state[each] = {
                kind: value.to(each.device) for kind, value in state.items() if value is not None
            }
        for name, mean in self._mean.items():
            mean.copy_(kept[f"mean.{name}"])
        self._quiet = kept["quiet"].to(self._model.device) if "quiet" in kept else None
        self._mixed.scaler.load_state_dict({kind: kept[f"scaler.{kind}"].item() for kind in self._scaling()})

    def _scaling(self) -> dict[str, float]:
        """Give where the scaler of the gradients stands; nothing where there is none."""
        return self._mixed.scaler.state_dict()

    def _scores(
        self, model: Any, mel: Tensor, quiet: Tensor | None, tokens: Tensor, counted: Tensor
    ) -> Tensor:
        """Give the scores of the tokens that count: shape (tokens, vocabulary)."""
        again = self._recipe.gradient_checkpointing and torch.is_grad_enabled()
        states = whisper.encode(model, mel, again=again)
        return whisper.logits(model, whisper.decode(model, states, quiet, tokens, again=again)[counted])

    @torch.no_grad()
    def _follow(self, updates: int) -> None:
        """Move the running mean towards the weights, faster in the beginning."""
        decay = min(self._recipe.average, (1 + updates) / (10 + updates))
        for name, each in self._mean.items():
            each.lerp_(self._parameters[name], 1 - decay)

    @contextmanager
    def _as_mean(self) -> Iterator[None]:
        """Let the model have the running mean's weights meanwhile."""
        own = {name: self._parameters[name].data for name in self._mean}
        try:
            for name, each in self._mean.items():
                self._parameters[name].data = each
            yield
        finally:
            for name, each in own.items():
                self._parameters[name].data = each
