"""The mean of several trainings that differ by chance alone: steadier than each of them.

Wortsman et al., Model soups, 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from msgspec.structs import replace

from trainer.training.logs import MEMBER
from trainer.training.loop import Trained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trainer.progress import Report
    from trainer.training.adapters import State
    from trainer.training.checkpoint import Epoch
    from trainer.training.loop import Training
    from trainer.training.recipe import Recipe

    Begin = Callable[[Recipe, Path, str, Epoch | None], Training]


def folders(run: Path, recipe: Recipe) -> list[Path]:
    """Give the folder of each training: the run's own for the first."""
    return [run, *(run / f"{MEMBER}{number}" for number in range(2, recipe.soup + 1))]


def train(begin: Begin, recipe: Recipe, run: Path, key: str, report: Report) -> Trained:
    """Do all trainings, each with a seed of its own; give the mean of what they gave.

    Args:
        begin: Begins one, or takes it up where it stands: by its recipe, its folder, what tells it from
            others, and the log's line for stock where that is known.
        recipe: How, and how many.
        run: The folder of the run.
        key: Tells this run from others.
        report: Told how far it is.

    Returns:
        The mean of those that made something better, with the log of the first of these.

    Raises:
        OSError: A checkpoint cannot be written.
        SaykeyError: The validation split cannot be recognised.
    """
    given: list[Trained] = []
    for number, folder in enumerate(folders(run, recipe)):
        folder.mkdir(parents=True, exist_ok=True)
        member = replace(recipe, seed=recipe.seed + number)
        own_key = f"{key}-{number}" if number else key
        training = begin(member, folder, own_key, given[0].log[0] if given else None)
        given.append(training.run(_named(report, number + 1, recipe.soup)))
    better = [each for each in given if each.best.epoch] or given[:1]
    # Stock is measured once, and stands in the log of each.
    seconds = sum(each.seconds for each in given) - (len(given) - 1) * given[0].log[0].seconds
    learned = frozenset[int]().union(*(each.learned for each in better))
    return Trained(_mean([each.state for each in better]), better[0].best, better[0].log, learned, seconds)


def _mean(states: Sequence[State]) -> State:
    return {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}


def _named(report: Report, number: int, of: int) -> Report:
    return report if of == 1 else lambda what, done: report(f"{what}, {number} of {of}", done)
