"""The work folder: nobody else's, and one program's at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from trainer import claim
from trainer.errors import DataError
from trainer.personalize.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def check(work: Path) -> None:
    """Make sure that nobody's files are among the results.

    Raises:
        DataError: The folder has something in it that is not ours.
    """
    if not work.exists() or (work / STEPS).is_file():
        return
    if not work.is_dir() or any(not path.name.startswith(".") for path in work.iterdir()):
        raise DataError(f"{work} holds something else: name a new folder with --out")


@contextmanager
def claimed(work: Path) -> Iterator[None]:
    """Have the folder, which is made if it is not there, for oneself as long as the block runs.

    Raises:
        DataError: The folder is not ours, or another program is at work in it.
        OSError: It cannot be made.
    """
    check(work)
    with claim.claimed(work):
        yield
