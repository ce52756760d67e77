"""The folder that recordings are kept in: an audiofolder, whole at any moment.

A recording is on the disk before the list names it. Each FLAC file carries its own text and speaker, so that
one which the list does not name yet, because the machine was switched off between the two, is not lost.
`record` may have a folder open while `collect` adds to it: the list is read anew for each change.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.claim import claimed
from trainer.data.sound import opened
from trainer.dataset import LISTS
from trainer.errors import DataError
from trainer.files import replacing, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from device.audio.sound import Samples

LIST = "metadata.csv"
"""The list of recordings: file_name, text, speaker."""

BELOW = "corrections"
"""The folder with what `collect` adds: any number of sounds of one sentence."""

_COLLECTED = f"{BELOW}/"

_COLUMNS = ["file_name", "text", "speaker"]
_OURS = "saykey-trainer"
_NUMBERED = re.compile(r"(\d{4,})\.flac")

_WAIT_S = 60.0
"""More than another program takes to add what it has."""


class Row(NamedTuple):
    """What the list says of one recording."""

    text: str
    speaker: str


class RecordingFolder:
    """Recordings of sentences, at most one of each sentence by each speaker; and what was collected.

    Attributes:
        mended: What was put right when it was opened, each in one sentence.
    """

    def __init__(self, folder: Path) -> None:
        """Open a folder, or make it, and mend what an interruption or its owner left behind.

        Raises:
            DataError: It holds other data, or cannot be read or written.
        """
        self._folder = folder
        self.mended: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._rows = self._read()  # before anything is written: others' data stay as they are
            with self._alone():
                self._mend()
        except OSError as error:
            raise DataError(f"{folder} cannot be used ({error}): choose another folder") from error

    def texts(self, speaker: str) -> set[str]:
        """Give what this speaker has recorded."""
        return {row.text for row in self._rows.values() if row.speaker == speaker}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, samples: Samples, text: str, speaker: str) -> str:
        """Keep a recording; give its name. One of the same sentence by the same speaker makes way for it.

        Raises:
            DataError: It cannot be written. What was kept before is still there.
        """
        row = Row(text, speaker)
        try:
            with self._alone():
                name = self._free_name()
                before = [other for other, said in _recorded(self._rows).items() if said == row]
                rows = {other: said for other, said in self._rows.items() if other not in before}
                with replacing(self._folder / name) as partial:
                    partial.write_bytes(_flac(samples, row))
                self._write(rows | {name: row})
                for other in before:
                    (self._folder / other).unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritten(error) from error
        return name

    def has(self, name: str) -> bool:
        """Say whether the list names a recording so."""
        return name in self._rows

    def add_files(self, sounds: Mapping[str, tuple[bytes, Row]]) -> None:
        """Keep sounds; the list then names all of them or none.

        Args:
            sounds: A FLAC file of 16 bits, and what is said in it, by the name that it gets in `BELOW`.

        Raises:
            DataError: They cannot be written. What was kept before is still there.
        """
        try:
            with self._alone():
                for name, (content, row) in sounds.items():
                    (self._folder / name).parent.mkdir(exist_ok=True)
                    samples, _ = soundfile.read(io.BytesIO(content), dtype="int16")  # to the bit
                    with replacing(self._folder / name) as partial:
                        partial.write_bytes(_flac(samples, row))
                self._write(self._rows | {name: row for name, (_, row) in sounds.items()})
        except OSError as error:
            raise self._unwritten(error) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Have the list as it is now, and nobody else change it."""
        with claimed(self._folder, _WAIT_S):
            self._rows = self._read()
            yield

    def _unwritten(self, error: OSError) -> DataError:
        return DataError(
            f"{self._folder} cannot be written ({error.strerror}): make room; what was kept before is "
            "still there"
        )

    def _free_name(self) -> str:
        names = (*self._rows, *(file.name for file in self._folder.iterdir()))
        numbers = (int(found[1]) for found in map(_NUMBERED.fullmatch, names) if found)
        return f"{max(numbers, default=0) + 1:04d}.flac"

    def _read(self) -> dict[str, Row]:
        others = [name for name in LISTS if name != LIST and (self._folder / name).exists()]
        if others:
            raise DataError(
                f"{self._folder} has the list {others[0]} of other recordings: choose a new folder"
            )
        file = self._folder / LIST
        if not file.exists():
            return {}
        try:
            content = io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")
            reader = csv.DictReader(content, strict=True)
            if reader.fieldnames != _COLUMNS:
                raise DataError(f"{file} has other columns than {', '.join(_COLUMNS)}: choose a new folder")
            rows = list(reader)
        except (UnicodeError, csv.Error) as error:
            raise DataError(f"{file} cannot be read ({error}): mend it, or choose a new folder") from error
        if torn := next((row["file_name"] for row in rows if None in row), None):
            raise DataError(
                f"{file}: the line of {torn} has more cells than columns: put what has commas in it in "
                "quotation marks"
            )
        return {row["file_name"]: Row(row["text"] or "", row["speaker"] or "") for row in rows}

    def _write(self, rows: dict[str, Row]) -> None:
        content = io.StringIO(newline="")
        writer = csv.writer(content, lineterminator="\n")
        writer.writerows([_COLUMNS, *([name, *row] for name, row in rows.items())])
        write_text(self._folder / LIST, content.getvalue())
        self._rows = rows

    def _mend(self) -> None:
        for partial in (".*.flac.partial", "*/.*.flac.partial", f".{LIST}.partial"):
            for left in self._folder.glob(partial):
                left.unlink()
        rows = {
            name: row
            for name, row in self._rows.items()
            if (self._folder / name).is_file() or not _is_ours(name)  # its text may be nowhere else
        }
        self.mended += [f"{name} is gone: its line is taken out" for name in self._rows.keys() - rows.keys()]
        for name, row in self._unlisted():
            # Of two takes of a sentence, the list has one: the other was on its way in or out.
            if not name.startswith(_COLLECTED) and row in _recorded(rows).values():
                (self._folder / name).unlink()
            else:
                rows[name] = row
                self.mended.append(f"{name} was not in the list: it is now")
        if rows != self._rows:
            self._write(rows)

    def _unlisted(self) -> Iterator[tuple[str, Row]]:
        for file in sorted((*self._folder.glob("*.flac"), *self._folder.glob(f"{_COLLECTED}*.flac"))):
            name = file.relative_to(self._folder).as_posix()
            row = None if name in self._rows else _row_in(file)
            if row is not None:
                yield name, row


def _recorded(rows: Mapping[str, Row]) -> dict[str, Row]:
    """Give those of which there is one of each sentence by each speaker."""
    return {name: row for name, row in rows.items() if _NUMBERED.fullmatch(name)}


def _is_ours(name: str) -> bool:
    """Say whether `record` or `collect` calls a recording so."""
    return bool(_NUMBERED.fullmatch(name)) or name.startswith(_COLLECTED)


def _flac(samples: Samples | NDArray[np.int16], row: Row) -> bytes:
    """Give a FLAC file of 16 bits with its text and speaker in it, as title and artist."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", SAMPLE_RATE_HZ, 1, "PCM_16", format="FLAC") as sound:
        sound.title, sound.software = row.text, _OURS
        if row.speaker:  # an empty one cannot be written, and is read where there is none
            sound.artist = row.speaker
        sound.write(samples)
    return file.getvalue()


def _row_in(file: Path) -> Row | None:
    """Read what a recording says of itself; `None` where it is none of ours."""
    try:
        with opened(file) as sound:
            is_ours = sound.software.startswith(_OURS)
            return Row(sound.title, sound.artist) if is_ours else None
    except (soundfile.LibsndfileError, OSError):
        return None
