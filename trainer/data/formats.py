"""The ways in which recordings and their text lie in a folder, read row by row; nothing is judged here.

The first of these that is there counts:

- a list, `manifest.jsonl`, `metadata.csv` or `metadata.jsonl` (Hugging Face's audiofolder);
- `*.json`, each an array of objects (`audio_path`, `text`, `duration`);
- folders named after splits, each of them any of these;
- sound files anywhere below, each with a `.txt` of the same name beside it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    file = next((folder / name for name in LISTS if (folder / name).is_file()), None)
    if file is not None:
        yield from _list(file)
        return
    arrays = sorted(folder.glob("*.json"))
    if arrays:
        for array in arrays:
            yield from _array(array)
        return
    parts = [path for path in sorted(folder.glob("*")) if path.is_dir() and split_of(path.name)]
    if parts:
        for part in parts:
            for row in rows(part):
                yield row if isinstance(row, Problem) else Row(row.place, row.folder, row.values, part.name)
        return
    yield from _pairs(folder)


def sounds(folder: Path) -> list[Path]:
    """Give all sound files below a folder, in the order of their names; hidden ones do not count."""
    return [path for path in _visible(folder) if path.suffix.lower() in SOUNDS]


def existing(path: Path) -> Path | None:
    """Give the file that a path means; macOS and Linux may write the accents in its name differently."""
    forms = (str(path), *(unicodedata.normalize(form, str(path)) for form in ("NFC", "NFD")))
    return next((Path(form) for form in forms if _is_file(Path(form))), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # what no file can be called, such as 300 characters
        return False


def _visible(folder: Path) -> Iterator[Path]:
    """Give the files below a folder, but not those of folders with a list of their own."""
    for path in sorted(folder.glob("*")):
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and not any((path / name).is_file() for name in LISTS):
            yield from _visible(path)


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
    reader = csv.DictReader(io.StringIO(content, newline=""))
    try:
        columns = reader.fieldnames or []
        for names in (AUDIO, TEXT) if columns else ():
            if not set(names) & set(columns):
                yield Problem(f"{file}, line {reader.line_num}", *_no_column(names, columns))
                return
        for values in reader:
            yield Row(f"{file}, line {reader.line_num}", file.parent, values)
    except csv.Error as error:
        remedy = "look for a quotation mark that is not closed"
        yield Problem(f"{file}, line {reader.line_num}", f"this is no CSV ({error})", remedy)


def _no_column(names: Iterable[str], columns: Iterable[str | None]) -> tuple[str, str]:
    there = ", ".join(filter(None, columns)) or "none"  # csv names what is too much None
    return f"no column {' or '.join(names)}", f"give one; the columns are {there}"


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
    recordings = sounds(folder)
    names = Counter(path.with_suffix("") for path in recordings)
    for path in recordings:
        text = path.with_suffix(".txt")
        if names[path.with_suffix("")] > 1:
            yield Problem(str(path), "shares its name with another sound file", "keep one of them")
        elif not text.is_file():
            yield Problem(str(path), "has no text", f"write what is said into {text.name} beside it")
        else:
            content = _text(text)
            values = {"audio": str(path.relative_to(folder)), "text": content}
            yield content if isinstance(content, Problem) else Row(str(text), folder, values)
    for path in _visible(folder):
        if (
            path.suffix == ".txt"
            and path.with_suffix("") not in names
            and path.stem.lower() not in _NO_RECORDING
        ):
            yield Problem(
                str(path), "has no sound file of the same name", "put it beside it, or delete the text"
            )
