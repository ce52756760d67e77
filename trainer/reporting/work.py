"""What a work folder holds beside the evaluation: every part may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from trainer.data.results import Summary
from trainer.errors import DataError
from trainer.training.logs import logs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class Epoch(msgspec.Struct, frozen=True):
    """One epoch of training, as a line of `log.jsonl` tells it; epoch 0 is the model as it was.

    Attributes:
        epoch: Its number.
        loss: Mean loss over the training part.
        learning_rate: At its end.
        utterances_per_s: Speed of training.
        validation_wer: Word error rate on the owner's validation part, in per cent.
        general_wer: Word error rate on general speech, in per cent.
        seconds: How long it took.
    """

    epoch: float
    loss: float | None = None
    learning_rate: float | None = None
    utterances_per_s: float | None = None
    validation_wer: float | None = None
    general_wer: float | None = None
    seconds: float | None = None


class Exported(msgspec.Struct, frozen=True):
    """One thing in `export/`.

    Attributes:
        name: Its name there.
        size: Its bytes, with all that is in it.
    """

    name: str
    size: int


def trainings(work: Path) -> list[list[Epoch]]:
    """Read the course of each training that the model is the mean of; nothing of one that has not begun.

    Raises:
        DataError: There is none, or it is damaged.
    """

    def decode(content: bytes) -> list[Epoch]:
        return [msgspec.json.decode(line, type=Epoch) for line in content.splitlines() if line.strip()]

    files = (file.relative_to(work).as_posix() for file in logs(work / "run"))
    return [log for file in files if (log := _read(work, file, decode))]


def training(work: Path) -> dict[str, Any]:
    """Read what is told of the tuned model: base, recipe, versions, times.

    Raises:
        DataError: It is missing or damaged.
    """
    return _read(work, "run/model/training.json", _json_table)


def recipe(work: Path) -> dict[str, Any]:
    """Read the recipe that was trained by.

    Raises:
        DataError: It is missing or damaged.
    """
    return _read(work, "run/recipe.toml", lambda content: msgspec.toml.decode(content, type=dict[str, Any]))


def audit(work: Path) -> Summary:
    """Read what was found in the recordings.

    Raises:
        DataError: It is missing or damaged.
    """
    return _read(work, "data/audit.json", lambda content: msgspec.json.decode(content, type=Summary))


def exported(work: Path) -> list[Exported]:
    """List what was exported.

    Raises:
        DataError: Nothing was, or it cannot be read.
    """
    folder = work / "export"
    try:
        found = [one for one in sorted(folder.iterdir()) if not one.name.startswith(".")]
        things = [Exported(one.name, sum(map(_size, (one, *one.rglob("*"))))) for one in found]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"There is no export in {work}") from error
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror})") from error
    if not things:
        raise DataError(f"{folder} is empty")
    return things


def flat(values: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Give a nested table as rows of a dotted name and what it says."""
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += flat(value, f"{above}{name}.")
        else:
            rows.append((f"{above}{name}", _text(value)))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _json_table(content: bytes) -> dict[str, Any]:
    return msgspec.json.decode(content, type=dict[str, Any])


def _read(work: Path, name: str, decode: Callable[[bytes], T]) -> T:
    try:
        return decode((work / name).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"There is no {name} in {work}") from error
    except OSError as error:
        raise DataError(f"{work / name} cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{work / name} is damaged ({error})") from error
