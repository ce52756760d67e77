from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from trainer.progress import silent
from trainer.training import soup
from trainer.training.checkpoint import Epoch
from trainer.training.loop import Trained
from trainer.training.recipe import Recipe

STOCK = Epoch(0, None, 0.0, None, 9.0, 100, None, 1.0)


@dataclass
class Made:
    """A training that gives its seed as its only weight, or stock's where that is odd and `odd` says so."""

    seed: int
    helps: bool

    def run(self, report) -> Trained:
        report("Training", 1.0)
        best = Epoch(1, 0.5, 0.0, 1.0, 8.0, 100, None, 1.0) if self.helps else STOCK
        learned = frozenset({0, self.seed})
        return Trained({"w": torch.tensor([float(self.seed)])}, best, (STOCK, best), learned, seconds=2.0)


def trained(tmp_path, members: int, helps=lambda _seed: True):
    begun = []

    def begin(recipe, folder, key, before):
        begun.append((recipe.seed, folder.relative_to(tmp_path).as_posix(), key, before))
        return Made(recipe.seed, helps(recipe.seed))

    return soup.train(begin, Recipe(soup=members, seed=5), tmp_path, "key", silent), begun


def test_each_training_has_a_seed_a_folder_and_a_key_of_its_own(tmp_path):
    _, begun = trained(tmp_path, 3)

    assert begun == [
        (5, ".", "key", None),
        (6, "member-2", "key-1", STOCK),
        (7, "member-3", "key-2", STOCK),
    ]


@pytest.mark.parametrize(("members", "weight"), [(1, 5.0), (2, 5.5), (3, 6.0)])
def test_the_mean_is_given(tmp_path, members, weight):
    found, _ = trained(tmp_path, members)

    assert found.state["w"].tolist() == [weight]


def test_what_made_nothing_better_does_not_count(tmp_path):
    found, _ = trained(tmp_path, 3, helps=lambda seed: seed != 6)

    assert found.state["w"].tolist() == [6.0]
    assert found.best.epoch == 1


def test_what_it_was_learned_from_is_what_any_of_the_mean_was(tmp_path):
    found, _ = trained(tmp_path, 3, helps=lambda seed: seed != 6)

    assert found.learned == {0, 5, 7}


def test_the_first_may_be_one_of_those(tmp_path):
    found, _ = trained(tmp_path, 3, helps=lambda seed: seed != 5)

    assert found.state["w"].tolist() == [6.5]
    assert found.best.epoch == 1


def test_progress_says_which_of_how_many():
    said = []
    report = soup._named(lambda what, done: said.append((what, done)), 2, 3)

    report("Training", 0.5)

    assert said == [("Training, 2 of 3", 0.5)]


def test_the_time_is_that_of_all_and_stock_counts_once(tmp_path):
    found, _ = trained(tmp_path, 3)

    assert found.seconds == 4.0
