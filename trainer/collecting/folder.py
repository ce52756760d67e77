"""Where corrections go: a folder of recordings as `saykey-trainer record` has it, their sounds in one below.

The folder below marks them. Each sound is called after the file that it comes from, so that what is collected
twice is there once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from device.corrections.store import kept_as
from trainer.recording.folder import BELOW, RecordingFolder, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from device.corrections.content import Correction


class Added(NamedTuple):
    """What was written.

    Attributes:
        corrections: How many are new.
        recordings: How many sounds these have.
        there: How many were there from before.
    """

    corrections: int
    recordings: int
    there: int


def add(folder: Path, corrections: Mapping[str, Correction], speaker: str) -> Added:
    """Write corrections into a folder, which need not be there. One that was cut off is written once more.

    Args:
        folder: The recordings of the owner.
        corrections: By the names of their files.
        speaker: Who speaks.

    Raises:
        DataError: The folder holds other data, or cannot be written; what was there before still is.
    """
    recordings = RecordingFolder(folder)
    names = {name: list(_names(name, correction)) for name, correction in corrections.items()}
    new = [name for name in corrections if not recordings.has(names[name][-1])]
    sounds: dict[str, tuple[bytes, Row]] = {}
    for name in new:
        correction = corrections[name]
        of_it = [*correction.undone, *filter(None, [correction.stays])]
        row = Row(correction.text, speaker)
        sounds |= {file: (sound, row) for file, sound in zip(names[name], of_it, strict=True)}
    if sounds:
        recordings.add_files(sounds)
    return Added(len(new), len(sounds), len(corrections) - len(new))


def _names(name: str, correction: Correction) -> Iterator[str]:
    """Give what the sounds of a correction are called, those that were taken back first."""
    kept = kept_as(name, 0)
    of_it = f"{BELOW}/{kept.sum if kept else name}"
    yield from (f"{of_it}-undone-{number}.flac" for number in range(1, len(correction.undone) + 1))
    if correction.stays:
        yield f"{of_it}-stays.flac"
