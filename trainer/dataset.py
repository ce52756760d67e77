"""Folders of recordings with their text: what a list in them says.

The list is `manifest.jsonl` (id, audio, text, set, speaker) or an audiofolder's `metadata.csv` or
`metadata.jsonl`.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

LISTS = ("manifest.jsonl", "metadata.csv", "metadata.jsonl")
"""The names that a list of recordings may have; the first that is there counts."""

_AUDIO = ("audio", "file_name")
_TEXT = ("text", "transcription", "sentence")
_SET = ("set", "split")
_SPEAKER = ("speaker", "speaker_id")


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording and what is said in it.

    Attributes:
        id: Its name in the list.
        path: Its sound file.
        text: What is said, as a person wrote it; empty where there is no speech.
        set: The part of the data that it belongs to.
        speaker: Who speaks; empty when that is not known.
    """

    id: str
    path: Path
    text: str
    set: str
    speaker: str


def load_manifest(folder: Path) -> list[Utterance]:
    """Read the list of a folder of recordings.

    Raises:
        DataError: There is none, it is wrong, or a sound file that it names is missing.
    """
    file = next((folder / name for name in LISTS if (folder / name).is_file()), None)
    if file is None:
        raise DataError(
            f"{folder} has no list of recordings: put {', '.join(LISTS[:-1])} or {LISTS[-1]} there"
        )
    try:
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise DataError(f"{file} cannot be read ({error}): save it as UTF-8") from error
    rows = _csv_rows(content) if file.suffix == ".csv" else _json_rows(file, content)
    utterances = [_utterance(file, line, row) for line, row in rows]
    if not utterances:
        raise DataError(f"{file} lists no recordings: give each a line")
    return utterances


def _csv_rows(content: str) -> list[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(content, newline=""))
    return [(reader.line_num, row) for row in reader]


def _json_rows(file: Path, content: str) -> list[tuple[int, dict[str, Any]]]:
    rows = []
    for line, text in enumerate(content.split("\n"), 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise DataError(
                f"{file}, line {line}: this is not JSON ({error}); write one object a line"
            ) from error
        if not isinstance(row, dict):
            raise DataError(f"{file}, line {line}: this is no JSON object; write one object a line")
        rows.append((line, row))
    return rows


def _utterance(file: Path, line: int, row: dict[str, Any]) -> Utterance:
    place = f"{file}, line {line}"
    audio = _value(row, _AUDIO, place)
    path = file.parent / audio
    if not path.is_file():
        raise DataError(f"{place}: {path} is missing; put it there or take the line out")
    return Utterance(
        id=_value(row, ("id",), place, otherwise=audio),
        path=path,
        text=_value(row, _TEXT, place),
        set=_value(row, _SET, place, otherwise=file.parent.resolve().name),
        speaker=_value(row, _SPEAKER, place, otherwise=""),
    )


def _value(row: dict[str, Any], names: tuple[str, ...], place: str, otherwise: str | None = None) -> str:
    """Give the value of the first of these columns that says something.

    Raises:
        DataError: None does, and nothing stands for it, or its value is no text.
    """
    name = next((name for name in names if row.get(name) is not None), None)
    if name is None:
        if otherwise is not None:
            return otherwise
        columns = ", ".join(filter(None, row)) or "none"  # csv names what is too much None
        raise DataError(f"{place}: give the column {' or '.join(names)}; the columns are {columns}")
    if not isinstance(row[name], str):
        raise DataError(f"{place}: the value of {name} is no text; write it in quotes")
    return str(row[name]).strip()
