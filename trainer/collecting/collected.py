"""Collecting, whichever way it comes: opened, written down, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from device.corrections.words import counted
from trainer.collecting.folder import add
from trainer.collecting.opened import open_all
from trainer.recording.folder import BELOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_BATCH_BYTES = 50 << 20
"""So much of what is sealed is in memory at once, or a file more: a device may keep 1 GB."""


class Collected:
    """What was collected into a folder.

    Attributes:
        refused: Why nothing came of a file, by its name.
    """

    def __init__(self, folder: Path, secret: bytes, speaker: str) -> None:
        """Begin with nothing.

        Args:
            folder: Where it goes.
            secret: The owner's secret key: 64 bytes.
            speaker: Who speaks.
        """
        self.refused: dict[str, str] = {}
        self._taken: set[str] = set()
        self._folder = folder
        self._secret = secret
        self._speaker = speaker
        self._new = self._recordings = self._there = 0

    def take(self, files: Iterable[tuple[str, bytes]]) -> list[str]:
        """Take sealed files, with their names; give the names of those that are in the folder now.

        Where something goes wrong with one of them, those before it may be in the folder, and are there when
        they come again.

        Raises:
            DataError: The folder cannot be written.
        """
        return [name for batch in _batches(files) for name in self._take(batch)]

    def _take(self, batch: Sequence[tuple[str, bytes]]) -> list[str]:
        again = [name for name, _ in batch if name in self._taken]
        fresh = [(name, sealed) for name, sealed in batch if name not in self._taken]
        opened = open_all(fresh, self._secret)
        self.refused |= opened.refused
        if opened.corrections:
            added = add(self._folder, opened.corrections, self._speaker)
            self._taken.update(opened.corrections)
            self._new += added.corrections
            self._recordings += added.recordings
            self._there += added.there
        return [*again, *opened.corrections]

    def summary(self) -> dict[str, Any]:
        """Give what came of it."""
        return {
            "folder": str(self._folder),
            "collected": self._new,
            "recordings": self._recordings,
            "there": self._there,
            "refused": self.refused,
        }

    def sentences(self) -> list[str]:
        """Say what came of it; nothing where nothing was there."""
        said = [f"{name} stays where it is: {why}." for name, why in self.refused.items()]
        if self._new:
            sounds = f"{self._recordings} recordings in {self._folder / BELOW}"
            said.append(f"{counted(self._new)} collected: {sounds}. Listen to them before you train.")
        if self._there:
            said.append(f"{counted(self._there)} had been collected before.")
        return said


def _batches(files: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    batch: list[tuple[str, bytes]] = []
    size = 0
    for name, sealed in files:
        batch.append((name, sealed))
        size += len(sealed)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
