"""Training, killed wherever, and what it takes for the best."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from msgspec.structs import replace

from tests.trainer.training.made import LORA, Killed, killed_at, same, training
from trainer.training import checkpoint, loop
from trainer.training.blend import mixed
from trainer.training.choice import Rates
from trainer.training.loop import BEST, CHECKPOINT, LOG
from trainer.training.recipe import Recipe

SAID = [
    (source, "x" * (1 + number), 2_000 + 900 * number)
    for number, source in enumerate(["personal"] * 5 + ["general"] * 3)
]
STEPS = 4  # of an epoch: five recordings and their third in batches of two
PLAIN = Recipe(
    epochs=2, batch_size=2, memory="short", general_share=0.25, precision="float32", learning_rate=1e-3
)


def silent(_what, _done):
    """Show nothing."""


def run(folder, base, recipe, report=silent, rates=()):
    return training(folder, base, recipe, SAID, rates)[0].run(report)


def lines(folder):
    """Give the log without what the clock says."""
    rows = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return [
        {name: row[name] for name in ("epoch", "loss", "learning_rate", "validation_wer")} for row in rows
    ]


RECIPES = {
    "plain": PLAIN,
    "all of chance": Recipe(
        epochs=2, batch_size=2, memory="mixed", dropout=0.2, average=0.9, time_masks=2.0, general_share=0.25,
        timestamps_share=0.5, label_smoothing=0.1,
    ),
    "adapters": Recipe(
        epochs=2, batch_size=2, strategy="lora", lora=LORA, dropout=0.1, general_share=0.25, distillation=0.3
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "saved_s"),
    [("plain", 1e9), ("all of chance", -1.0), ("all of chance", 1e9), ("adapters", -1.0)],
)
def test_killed_again_and_again_it_gives_the_same_weights(tmp_path, base, monkeypatch, name, saved_s):
    recipe = RECIPES[name]
    whole = run(tmp_path / "whole", base, recipe)
    assert [line.epoch for line in whole.log] == [0, 1, 2]
    monkeypatch.setattr(loop, "CHECKPOINT_S", saved_s)
    # Before anything was saved; with the last step of an epoch not yet saved; within the next.
    for steps in (1, STEPS, STEPS + 1 if saved_s > 0 else 2, 2):
        with pytest.raises(Killed):
            run(tmp_path / "killed", base, recipe, killed_at(steps))
        torch.manual_seed(steps)  # another process has drawn other numbers
    ended = run(tmp_path / "killed", base, recipe)

    assert same(ended.state, whole.state)
    assert lines(tmp_path / "killed") == lines(tmp_path / "whole")


def test_another_seed_gives_other_weights(tmp_path, base):
    one, two = (run(tmp_path / str(seed), base, replace(PLAIN, seed=seed)) for seed in (0, 1))
    assert not same(one.state, two.state)


def test_what_is_over_is_not_trained_again(tmp_path, base):
    first = run(tmp_path, base, PLAIN)
    told = []
    again, measured = training(tmp_path, base, PLAIN, SAID)
    ended = again.run(lambda what, done: told.append((what, done)))

    assert told == [("Training", 1.0)]
    assert measured.asked == []
    assert same(ended.state, first.state)
    assert ended.log == first.log


def test_killed_between_the_best_weights_and_the_checkpoint_it_goes_on(tmp_path, base, monkeypatch):
    whole = run(tmp_path / "whole", base, PLAIN)
    save = checkpoint.save
    saved = []

    def dying(file, place, tensors):
        saved.append(file.name)
        if saved.count(BEST) == 2 and file.name == CHECKPOINT:
            raise Killed
        save(file, place, tensors)

    monkeypatch.setattr(checkpoint, "save", dying)
    with pytest.raises(Killed):
        run(tmp_path / "killed", base, PLAIN)
    monkeypatch.setattr(checkpoint, "save", save)

    assert same(run(tmp_path / "killed", base, PLAIN).state, whole.state)


@pytest.mark.parametrize("harm", ["cut checkpoint", "no checkpoint", "cut best", "no best", "foreign best"])
def test_what_is_damaged_is_trained_again(tmp_path, base, harm):
    whole = run(tmp_path / "whole", base, PLAIN)
    shutil.copytree(tmp_path / "whole", tmp_path / "harmed")
    how, what = harm.split()
    file = tmp_path / "harmed" / (CHECKPOINT if what == "checkpoint" else BEST)
    if how == "no":
        file.unlink()
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    else:
        checkpoint.save(file, checkpoint.Place("another", 2), whole.state)

    assert same(run(tmp_path / "harmed", base, PLAIN).state, whole.state)


def test_a_full_disk_stops_it_and_the_work_before_is_kept(tmp_path, base, monkeypatch):
    whole = run(tmp_path / "whole", base, PLAIN)
    monkeypatch.setattr(loop, "CHECKPOINT_S", -1.0)
    save, saved = checkpoint.save, []

    def full(file, place, tensors):
        saved.append(place.updates)
        if len(saved) == 4:
            raise OSError(28, "No space left on device")
        save(file, place, tensors)

    monkeypatch.setattr(checkpoint, "save", full)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path / "full", base, PLAIN)
    assert checkpoint.load(tmp_path / "full" / CHECKPOINT, "key")[0].updates == 2
    monkeypatch.setattr(checkpoint, "save", save)
    assert same(run(tmp_path / "full", base, PLAIN).state, whole.state)


def test_progress_rises_to_one_and_the_log_has_every_epoch(tmp_path, base):
    told = []
    found = run(tmp_path, base, PLAIN, lambda what, done: told.append((what, done)))

    assert [done for _, done in told] == pytest.approx(
        [*(step / (2 * STEPS) for step in range(1, 2 * STEPS + 1)), 1]
    )
    stock, *epochs = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert stock["epoch"] == 0
    assert stock["loss"] is None
    assert stock["learning_rate"] == 0
    assert [row["epoch"] for row in epochs] == [1, 2]
    assert epochs[1]["loss"] < epochs[0]["loss"]
    assert epochs[1]["learning_rate"] == 0
    assert all(row["utterances_per_s"] > 0 and row["seconds"] > 0 for row in epochs)
    assert [row["validation_wer"] for row in (stock, *epochs)] == [line.validation_wer for line in found.log]


@pytest.mark.parametrize(
    ("steps", "share", "rates"),
    [
        (4, 0.5, [0.5, 1.0, 1.0, 0.5]),
        (4, 0.0, [1.0, 1.0, 2 / 3, 1 / 3]),
        (4, 1.0, [0.25, 0.5, 0.75, 1.0]),
        (1, 0.1, [1.0]),
    ],
)
def test_the_rate_rises_and_falls(tmp_path, base, steps, share, rates):
    recipe = Recipe(
        learning_rate=0.5, warmup_share=share, epochs=1, batch_size=8 // steps, general_share=0.375
    )
    made, _ = training(tmp_path, base, recipe, SAID)
    found = []
    for updates in range(steps):
        made._place = checkpoint.Place("key", updates=updates)
        found.append(made._rate())

    assert made._updates == steps
    assert found == pytest.approx([0.5 * rate for rate in rates])


def judged(*rates):
    """Give rates on so many words that the least difference counts."""
    pairs = (each if isinstance(each, tuple) else (each, None) for each in rates)
    return [Rates(wer, 10**12, general_wer) for wer, general_wer in pairs]


@pytest.mark.parametrize(
    ("rates", "best", "epochs"),
    [
        (judged(5.0, 4.0, 3.0, 2.0, 1.0), 4, 4),
        (judged(5.0, 4.0, 4.5, 4.5, 1.0), 1, 3),  # patience is over
        (judged(5.0, 6.0, 6.0, 1.0), 0, 2),  # nothing better than stock
        (judged(5.0, 4.0, 4.5, 4.0, 6.0, 6.0), 3, 4),  # of equal ones the last
        (judged((5.0, 9.0), (4.0, 9.5), (3.0, 9.6), (4.5, 9.0)), 1, 3),  # the second forgets others
        (judged((5.0, 9.0), (4.0, 9.6), (3.0, 9.6), (4.5, 9.0)), 0, 2),
    ],
)
def test_the_best_epoch_is_kept_and_stops_it(tmp_path, base, rates, best, epochs):
    recipe = Recipe(epochs=4, patience=2, batch_size=8, memory="short", tolerance=0.5, blends=(1.0,))
    made, measured = training(tmp_path, base, recipe, SAID, rates)
    found = made.run(silent)

    assert found.best.epoch == best
    assert [line.epoch for line in found.log] == list(range(epochs + 1))
    assert same(found.state, measured.asked[best][0])
    assert [short for _, short in measured.asked] == [False, *[True] * epochs]


def test_epochs_are_judged_by_the_mixture_nearest_to_half(tmp_path, base):
    recipe = Recipe(epochs=1, batch_size=8, memory="short", blends=(0.2, 0.6, 1.0))
    made, measured = training(tmp_path, base, recipe, SAID)
    found = made.run(silent)

    assert same(measured.asked[1][0], mixed(measured.asked[0][0], found.state, 0.6))


def test_an_epoch_within_chance_of_the_best_is_taken_for_as_good(tmp_path, base):
    recipe = Recipe(epochs=3, batch_size=8, memory="short", blends=(1.0,))
    # Of 1000 words 40 are wrong, give or take 6.3.
    rates = [Rates(8.0, 1000), Rates(4.0, 1000), Rates(4.6, 1000), Rates(4.7, 1000)]
    made, _ = training(tmp_path, base, recipe, SAID, rates)

    assert made.run(silent).best.epoch == 2
