"""Collecting, whichever way it comes: opened, written down, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from device.corrections.words import counted
from trainer.collecting.folder import add
from trainer.collecting.opened import open_all
from trainer.recording.folder import BELOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


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

        Raises:
            DataError: The folder cannot be written.
        """
        again: list[str] = []

        def fresh() -> Iterator[tuple[str, bytes]]:
            for name, sealed in files:
                if name in self._taken:
                    again.append(name)
                else:
                    yield name, sealed

        opened = open_all(fresh(), self._secret)
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
