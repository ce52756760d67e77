"""The ways in which recordings and their text lie in a folder, read row by row; nothing is judged here.

The first of these that is there counts:

- a list, `manifest.jsonl`, `metadata.csv` or `metadata.jsonl` (Hugging Face's audiofolder);
- `*.json`, each an array of objects (`audio_path`, `text`, `duration`);
- folders named after splits, each of them any of these;
- sound files anywhere below, each with a `.txt` of the same name beside it.

What is hidden counts for nothing: a system's own files, and what was not finished.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LISTS = ("manifest.jsonl", "metadata.csv", "metadata.jsonl")
"""The names that a list of recordings may have; the first that is there counts."""

AUDIO = ("audio", "file_name", "audio_path")
"""Columns that may name the sound file."""

TEXT = ("text", "transcription", "sentence")
"""Columns that may hold what is said."""

SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
"""Endings of sound files."""

Split = Literal["train", "validation", "test"]

_SPLIT_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}

_NO_RECORDING = {"readme", "license", "licence", "licenses"}
"""Texts with these names go with a folder, not with a recording."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of a list, or one pair of files, says.

    Attributes:
        place: The file that says it, and the line.
        folder: What the sound file's path is relative to.
        values: By the names of the columns.
        split: What the place itself says about the split, such as the name of a folder.
    """

    place: str
    folder: Path
    values: dict[str, Any]
    split: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be used as it is.

    Attributes:
        place: The file, and the line where there is one.
        wrong: What is wrong there.
        remedy: What to do about it.
    """

    place: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong}; {self.remedy}"


def split_of(name: str) -> Split | Literal[""] | None:
    """Give the split that a word stands for: "personal-train" is train, "eval" is test.

    Of several, as in "train-or-dev", the first counts. Nothing stands for no split; what is none
    is `None`.
    """
    words = re.findall(r"[a-z]+", name.lower())
    if not name.strip():
        return ""
    return next((_SPLIT_WORDS[word] for word in words if word in _SPLIT_WORDS), None)


def rows(folder: Path) -> Iterator[Row | Problem]:
    """Give what a folder says about recordings, and what in it cannot be read, in a fixed order."""
    yield from _rows(folder, set())


def _rows(folder: Path, seen: set[str]) -> Iterator[Row | Problem]:
    file = list_in(folder)
    if file is not None:
        yield from _list(file)
        return
    entries = _entries(folder, seen)
    if isinstance(entries, Problem):
        yield entries
        return
    arrays = [path for path in entries if path.suffix == ".json" and _is_file(path)]
    if arrays:
        for array in arrays:
            yield from _array(array)
        return
    parts = [path for path in entries if split_of(path.name) and os.path.isdir(path)]  # noqa: PTH112  # no error
    if parts:
        for part in parts:
            for row in _rows(part, seen):
                yield row if isinstance(row, Problem) else Row(row.place, row.folder, row.values, part.name)
        return
    yield from _pairs(folder)


def list_in(folder: Path) -> Path | None:
    """Give the list that a folder has."""
    return next((folder / name for name in LISTS if _is_file(folder / name)), None)


def sounds(folder: Path) -> list[Path]:
    """Give all sound files below a folder, in the order of their names; hidden ones do not count."""
    return _sounds(_below(folder, set()))


def _sounds(paths: Iterable[Path | Problem]) -> list[Path]:
    return [path for path in paths if isinstance(path, Path) and path.suffix.lower() in SOUNDS]


def existing(path: Path) -> Path | None:
    """Give the file that a path means; macOS and Linux may write the accents in its name differently."""
    forms = (str(path), *(unicodedata.normalize(form, str(path)) for form in ("NFC", "NFD")))
    return next((Path(form) for form in forms if _is_file(Path(form))), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # what no file can be called, such as 300 characters
        return False


def _below(folder: Path, seen: set[str]) -> Iterator[Path | Problem]:
    """Give the files below a folder, but not those of folders with a list of their own."""
    entries = _entries(folder, seen)
    if isinstance(entries, Problem):
        yield entries
        return
    for path in entries:
        if _is_file(path):
            yield path
        elif (file := list_in(path)) is None:
            yield from _below(path, seen)
        elif file.name != LISTS[0]:  # which `audit` and `synthesize` write, and put where they are told to
            yield Problem(str(file), "is the list of a folder below, and not read", "give that folder alone")


def _entries(folder: Path, seen: set[str]) -> list[Path] | Problem:
    """Give what lies in a folder, hidden ones left out; nothing where it is none, or was seen before.

    Args:
        folder: The folder.
        seen: Folders by where they really are; this one comes to it. Links may lead in a circle.
    """
    place = os.path.realpath(folder)
    if place in seen or not os.path.isdir(place):  # noqa: PTH112  # it has no error for what cannot be read
        return []
    seen.add(place)
    if not os.access(place, os.R_OK | os.X_OK):
        return Problem(str(folder), "cannot be read", "check its permissions")
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _text(file: Path) -> str | Problem:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeError as error:
        return Problem(str(file), f"cannot be read ({error})", "save it as UTF-8")
    except OSError as error:
        return Problem(str(file), f"cannot be read ({error.strerror})", "check its permissions")


def _list(file: Path) -> Iterator[Row | Problem]:
    content = _text(file)
    if isinstance(content, Problem):
        yield content
    elif file.suffix == ".csv":
        yield from _csv(file, content)
    else:
        for line, text in enumerate(content.split("\n"), 1):
            if text.strip():
                yield _object(file, f"{file}, line {line}", _parsed(text), "write one object a line")


def _csv(file: Path, content: str) -> Iterator[Row | Problem]:
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True, skipinitialspace=True)
    try:
        columns = reader.fieldnames or []
    except csv.Error as error:
        yield _no_csv(f"{file}, line 1", error)
        return
    if columns and (wrong := _wrong_columns(columns)):
        yield Problem(f"{file}, line {reader.line_num}", *wrong)
        return
    while True:
        place = f"{file}, line {reader.line_num + 1}"  # where it begins: an open quotation mark goes on
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield _no_csv(place, error)
            continue
        if values is None:
            return
        place = f"{file}, line {reader.line_num}"
        if any(values.pop(None, ())):  # what is too much
            yield Problem(place, "more cells than columns", "put what has commas in it in quotation marks")
        else:
            yield Row(place, file.parent, values)


def _no_csv(place: str, error: csv.Error) -> Problem:
    return Problem(place, f"this is no CSV ({error})", "look for a quotation mark that is not closed")


def _wrong_columns(columns: Sequence[str]) -> tuple[str, str] | None:
    """Say what is wrong with the columns of a list, and what to do."""
    for names in (AUDIO, TEXT):
        if not set(names) & set(columns):
            there = ", ".join(filter(None, columns)) or "none"
            return f"no column {' or '.join(names)}", f"give one; the columns are {there}"
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    return (f"the column {twice} is there twice", "keep the right one") if twice else None


def _array(file: Path) -> Iterator[Row | Problem]:
    content = _text(file)
    if isinstance(content, Problem):
        yield content
        return
    array = _parsed(content)
    if isinstance(array, ValueError) or not isinstance(array, list):
        why = f"this is not JSON ({array})" if isinstance(array, ValueError) else "this is no JSON array"
        yield Problem(str(file), why, "write an array of objects, or take the file away")
        return
    split = split_of(file.stem) or ""
    for number, value in enumerate(array, 1):
        yield _object(file, f"{file}, entry {number}", value, "write an array of objects", split)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        return ValueError("too deep")
    except ValueError as error:
        return error


def _object(file: Path, place: str, value: Any, remedy: str, split: str = "") -> Row | Problem:
    if isinstance(value, ValueError):
        return Problem(place, f"this is not JSON ({value})", remedy)
    if not isinstance(value, dict):
        return Problem(place, "this is no JSON object", remedy)
    return Row(place, file.parent, value, split)


def _pairs(folder: Path) -> Iterator[Row | Problem]:
    below = list(_below(folder, set()))
    recordings = _sounds(below)
    names = Counter(path.with_suffix("") for path in recordings)
    for path in recordings:
        text = path.with_suffix(".txt")
        if names[path.with_suffix("")] > 1:
            yield Problem(str(path), "shares its name with another sound file", "keep one of them")
        elif not _is_file(text):
            yield Problem(str(path), "has no text", f"write what is said into {text.name} beside it")
        else:
            content = _text(text)
            values = {"audio": str(path.relative_to(folder)), "text": content}
            yield content if isinstance(content, Problem) else Row(str(text), folder, values)
    for found in below:
        if isinstance(found, Problem):
            yield found
        elif (
            found.suffix == ".txt"
            and found.with_suffix("") not in names
            and found.stem.lower() not in _NO_RECORDING
        ):
            yield Problem(
                str(found),
                "has no sound file of the same name",
                f"put it beside it as {', '.join(SOUNDS)}, or delete the text",
            )
