"""One step after another."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch.nn import functional

from tests.trainer.training.made import LORA, batches, learner, same
from trainer.conversion.base import load_transformers
from trainer.training import whisper
from trainer.training.batches import IGNORED
from trainer.training.recipe import Recipe

SAID = [("personal", "yes", 8_000), ("personal", "no, not so", 16_000)]
QUICK = Recipe(memory="short", timestamps_share=0.0, precision="float32")


@pytest.fixture
def batch(tmp_path, base):
    def make(recipe=QUICK, step=0):
        return batches(tmp_path, base, recipe, SAID).make([0, 1], 1, step)

    return make


def learned(learns, batch, steps):
    learns.begin_epoch()
    return [learns.step(batch, 1e-2, number, number) for number in range(steps)]


def scores_of(model, batch, quiet=None):
    states = whisper.encode(model, batch.mel)
    return whisper.logits(model, whisper.decode(model, states, quiet, batch.tokens))


@pytest.mark.parametrize(
    "recipe",
    [
        replace(QUICK, weight_decay=0.01, gradient_checkpointing=True),
        replace(QUICK, precision="bfloat16"),
        replace(QUICK, strategy="lora", lora=replace(LORA, rank=8, alpha=32)),
    ],
    ids=["checkpointing", "bfloat16", "lora"],
)
def test_the_loss_falls(base, batch, recipe):
    learns, _, _ = learner(base, recipe)
    losses = learned(learns, batch(recipe), 30)

    assert losses[-1] < 0.6 * losses[0]


def test_two_utterances_are_learned_by_heart(base, batch):
    recipe = replace(QUICK, memory="spliced", embeddings=True)
    learns, _, model = learner(base, recipe)
    made = batch(recipe)
    learned(learns, made, 80)
    with torch.no_grad():
        said = scores_of(model, made, learns._quiet).argmax(-1)
    counted = made.labels != IGNORED

    assert torch.equal(said[counted], made.labels[counted])


def test_the_loss_is_the_mean_cross_entropy_of_the_tokens_that_count(base, batch):
    learns, _, model = learner(base, replace(QUICK, label_smoothing=0.1))
    made = batch()
    logs = functional.log_softmax(scores_of(model, made).double(), -1).detach().numpy()
    losses = [
        0.9 * -logs[row, place, label] + 0.1 * -logs[row, place].mean()
        for (row, place), label in np.ndenumerate(made.labels.numpy())
        if label != IGNORED
    ]

    assert float(learns.loss(made).detach()) == pytest.approx(np.mean(losses), rel=1e-5)


def test_distillation_keeps_what_stock_has_right_and_learns_the_rest(base, batch):
    learns, _, model = learner(base, replace(QUICK, distillation=0.25))
    stock, made = load_transformers(base), batch()
    theirs = functional.log_softmax(scores_of(stock, made, whisper.silence(stock)).double(), -1)
    labels = made.labels.clone()
    labels[0] = torch.where(labels[0] != IGNORED, theirs[0].argmax(-1), IGNORED)  # stock has these right
    made = dataclasses.replace(made, labels=labels)
    counted = labels != IGNORED
    theirs, own = (
        each[counted] for each in (theirs, functional.log_softmax(scores_of(model, made).double(), -1))
    )
    losses = -own.gather(-1, labels[counted][:, None])[:, 0]
    distances = (theirs.exp() * (theirs - own)).sum(-1)
    is_right = theirs.argmax(-1) == labels[counted]
    assert is_right.any()
    assert not is_right.all()

    expected = torch.where(is_right, 0.75 * losses + 0.25 * distances, losses).mean()
    assert float(learns.loss(made).detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_the_teacher_stays_as_it_is(base, batch):
    learns, stock, _ = learner(base, replace(QUICK, distillation=0.5, memory="spliced"))
    learned(learns, batch(), 3)

    assert same({k: v.detach() for k, v in learns._teacher.state_dict().items()}, stock)


def test_silence_is_heard_anew_in_every_epoch(base, batch):
    learns, _, model = learner(base, replace(QUICK, memory="spliced"))
    learned(learns, batch(), 2)
    before = learns._quiet
    learns.begin_epoch()

    assert not torch.equal(learns._quiet, before)
    assert torch.equal(learns._quiet, whisper.silence(model))


def test_long_gradients_are_cut(base, batch):
    learns, _, model = learner(base, replace(QUICK, max_grad_norm=1e-3))
    norms = []
    for each in model.parameters():
        if each.requires_grad:
            each.register_post_accumulate_grad_hook(lambda each: norms.append(each.grad.norm()))
    step = learns._optimizer.step
    cut = []
    learns._optimizer.step = lambda *_: (
        cut.append(
            torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None]).norm()
        ),
        step(),
    )
    learns.step(batch(), 1e-2, 0, 0)

    assert torch.stack(norms).norm() > 1e-2
    assert cut[0] == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_weights_that_count_are_the_running_mean(base, batch, average):
    learns, _, model = learner(base, replace(QUICK, average=average))
    name = "model.encoder.conv1.weight"
    mean = model.state_dict()[name].clone()
    for updates in range(4):
        learns.step(batch(), 1e-2, 0, updates)
        decay = min(average, (1 + updates) / (10 + updates))
        mean = decay * mean + (1 - decay) * model.state_dict()[name]
        torch.testing.assert_close(learns.state()[name], mean)
    assert torch.equal(learns.state()[name], model.state_dict()[name]) == (average == 0)


@pytest.mark.parametrize(
    "recipe",
    [
        replace(QUICK, memory="spliced", average=0.9, dropout=0.2),
        replace(QUICK, strategy="lora", lora=replace(LORA, dropout=0.3), average=0.5),
        replace(QUICK, distillation=0.3, precision="bfloat16"),
    ],
    ids=["spliced", "lora", "distilled"],
)
def test_what_is_restored_learns_the_same(base, batch, recipe):
    learns, _, _ = learner(base, recipe)
    learned(learns, batch(recipe), 3)
    kept = {name: each.clone() for name, each in learns.tensors().items()}
    other, _, _ = learner(base, recipe)
    torch.manual_seed(99)  # what was drawn meanwhile does not count
    other.restore(kept)

    for number in range(3, 6):
        again = learns.step(batch(recipe), 1e-2, number, number)
        assert other.step(batch(recipe), 1e-2, number, number) == again
    assert same(learns.state(), other.state())


def test_a_state_is_a_copy(base, batch):
    learns, _, _ = learner(base, QUICK)
    before = learns.state()
    copied = {name: each.clone() for name, each in before.items()}
    learned(learns, batch(), 1)

    assert same(before, copied)
    assert not same(before, learns.state())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU is here")
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_fewer_bits_learn_on_a_gpu_and_go_on(base, batch, kind):
    from trainer.training.adapters import own_state, prepare
    from trainer.training.learner import Learner
    from trainer.training.precision import Mixed, precision, processor

    recipe = replace(QUICK, memory="spliced", precision=kind)

    def fresh():
        model = load_transformers(base)
        stock, device = own_state(model), processor()
        prepare(model, recipe)
        return Learner(model.to(device), stock, None, recipe, Mixed(precision(recipe, device), device))

    learns = fresh()
    losses = learned(learns, batch(recipe), 120)
    assert losses[-1] < 0.3 * losses[0]
    other = fresh()
    other.restore(learns.tensors())
    assert other._scaling() == learns._scaling()
    assert same(other.state(), learns.state())
