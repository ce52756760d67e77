"""Folders of recordings with their text: what the lists in them say, strictly or as far as it can be used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.data.findings import legible
from trainer.data.formats import AUDIO, LISTS, SOUNDS, TEXT, Problem, Row, existing, list_in, rows, split_of
from trainer.errors import DataError

__all__ = ["LISTS", "Listing", "Problem", "Utterance", "load_manifest", "read_listing"]

_SPEAKER = ("speaker", "speaker_id")
_DURATION = ("duration", "duration_s")
_NAMES = ("id", *_SPEAKER, "synthetic")
"""Columns that may hold a number: corpora count their speakers and recordings."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording and what is said in it.

    Attributes:
        id: Its name in the list, made legible.
        path: Its sound file.
        text: What is said, as a person wrote it; empty where there is no speech.
        set: The part of the data that it belongs to.
        speaker: Who speaks; empty when that is not known.
        split: What it is for: "train", "validation" or "test"; empty when the list does not say.
        synthetic: A machine speaks.
        duration_s: Length of the sound, where the list says it.
    """

    id: str
    path: Path
    text: str
    set: str
    speaker: str
    split: str = ""
    synthetic: bool = False
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder says, in its order.

    Attributes:
        utterances: The recordings that it names, each of them there.
        problems: What it says that cannot be used.
    """

    utterances: list[Utterance]
    problems: list[Problem]


def load_manifest(folder: Path) -> list[Utterance]:
    """Read the recordings of a folder, in any of the forms that `trainer.data.formats` reads.

    Raises:
        DataError: There are none, a list is wrong, or a sound file that it names is missing.
    """
    listing = read_listing(folder)
    if listing.problems:
        raise DataError(str(listing.problems[0]))
    return listing.utterances


def read_listing(folder: Path) -> Listing:
    """Read the recordings of a folder as far as they can be used, and say what cannot.

    Raises:
        DataError: There is no folder, no list and no sound file, or the list names no recordings.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: give the folder that holds the recordings")
    listing = Listing([], [])
    for row in rows(folder):
        read = row if isinstance(row, Problem) else _utterance(row, folder)
        if isinstance(read, Problem):
            listing.problems.append(read)
        else:
            listing.utterances.append(read)
    if not listing.utterances and not listing.problems:
        file = list_in(folder)
        if file is not None:
            raise DataError(f"{file} lists no recordings: give each a line")
        raise DataError(
            f"{folder} has no list of recordings: put {', '.join(LISTS[:-1])} or {LISTS[-1]} there, or sound "
            f"files ({', '.join(SOUNDS)}), each with a .txt of the same name"
        )
    return listing


class _WrongError(Exception):
    """A row cannot be used: what is wrong, and what to do."""


def _utterance(row: Row, folder: Path) -> Utterance | Problem:
    try:
        audio = _portable(row.folder, _value(row, AUDIO))
        return Utterance(
            id=legible(_value(row, ("id",), otherwise="") or audio),
            path=_path(row.folder / audio),
            text=_value(row, TEXT),
            set=_value(row, ("set",), otherwise="") or folder.resolve().name,
            speaker=_value(row, _SPEAKER, otherwise=""),
            split=_split(row, audio),
            synthetic=_value(row, ("synthetic",), otherwise="").lower() in {"true", "1"},
            duration_s=_duration_s(row),
        )
    except _WrongError as error:
        return Problem(row.place, *error.args)


def _portable(folder: Path, audio: str) -> str:
    """Give a path as this system writes it: lists that were made on Windows have backslashes."""
    portable = audio.replace("\\", "/")
    return portable if existing(folder / audio) is None and existing(folder / portable) else audio


def _path(named: Path) -> Path:
    path = existing(named)
    if path is None:
        raise _WrongError(f"{named} is missing", "put it there or take the line out")
    return path


def _value(row: Row, names: tuple[str, ...], otherwise: str | None = None) -> str:
    """Give the value of the first of these columns that says something."""
    name = next((name for name in names if row.values.get(name) is not None), None)
    if name is None:
        if otherwise is not None:
            return otherwise
        columns = ", ".join(filter(None, row.values)) or "none"
        raise _WrongError(f"no column {' or '.join(names)}", f"give one; the columns are {columns}")
    value: Any = row.values[name]
    if (isinstance(value, bool) and name == "synthetic") or (type(value) is int and name in _NAMES):
        return str(value)
    if not isinstance(value, str):
        raise _WrongError(f"the value of {name} is no text", "write it in quotes")
    return value.strip()


def _split(row: Row, audio: str) -> str:
    """Give what the row says, else its place, else the first folder of its sound file, as audiofolders do."""
    said = _value(row, ("split",), otherwise="") or row.split
    split = split_of(said)
    if split is None:
        raise _WrongError(f"{said!r} is no split", "write train, validation or test")
    parents = Path(audio).parts[:-1]
    return split or (split_of(parents[0]) if parents else "") or ""


def _duration_s(row: Row) -> float | None:
    said = next((row.values[name] for name in _DURATION if row.values.get(name) not in (None, "")), None)
    if said is None:
        return None
    try:
        duration_s = float(said)
    except (TypeError, ValueError, OverflowError):
        duration_s = -1.0
    if 0 <= duration_s < math.inf:
        return duration_s
    raise _WrongError("the value of duration is no number", "write seconds, such as 2.5")
