"""Where a run keeps its logs: one of each training that its model is the mean of. It needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOG = "log.jsonl"
"""A line for each epoch, stock first."""

MEMBER = "member-"
"""With its number, the folder of the second training and of each further one. The first has the run's own."""


def members(run: Path) -> list[Path]:
    """Give the folders of the trainings after the first that are there, in their order."""
    found = [folder for folder in run.glob(f"{MEMBER}*") if folder.name.removeprefix(MEMBER).isdecimal()]
    return sorted(found, key=lambda folder: int(folder.name.removeprefix(MEMBER)))


def logs(run: Path) -> list[Path]:
    """Give the logs of a run, that of the first training first, whether it is there or not."""
    return [run / LOG, *(file for folder in members(run) if (file := folder / LOG).is_file())]
