"""What is known of a trained model: `training.json` beside it, and what its evaluation found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from trainer.errors import DataError
from trainer.evaluation.evaluate import STOCK
from trainer.evaluation.results import CLEAN, EVALUATION, Evaluation, load

if TYPE_CHECKING:
    from pathlib import Path

RECORD = "training.json"
"""Its name, beside the weights."""


class Record(msgspec.Struct, frozen=True):
    """How a model was trained. Fields that are not needed here are passed over.

    Attributes:
        base: The model that it started from, as it was named.
        base_sha256: Sum of that model's weights.
        data_sha256: Fingerprint of the recordings and their text.
        recipe: The settings of the training.
        versions: Of the libraries that it was trained with.
        interpolation: How much of the tuned weights was kept, the rest being the base's; 1 is all.
        validation_wer: Word error rate on the owner's validation recordings, in per cent.
        stock_validation_wer: The same of the base.
        general_wer: Word error rate on general speech; `None` where there was none.
        stock_general_wer: The same of the base.
        short_window: It was trained to decode from the states of the speech alone.
        seconds: How long the training took.
        utterances: How many recordings it was trained on.
    """

    base: str
    base_sha256: str
    data_sha256: str
    recipe: dict[str, Any]
    versions: dict[str, str] = {}
    interpolation: float = 1.0
    validation_wer: float | None = None
    stock_validation_wer: float | None = None
    general_wer: float | None = None
    stock_general_wer: float | None = None
    short_window: bool = False
    seconds: float = 0.0
    utterances: int = 0


def read_record(model: Path) -> Record | None:
    """Read how a model was trained; `None` where nothing says it.

    Args:
        model: The folder of the model.

    Raises:
        DataError: What says it is damaged.
    """
    file = model / RECORD
    try:
        return msgspec.json.decode(file.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read ({error}): finish the training, or train again.") from error


def read_evaluation(model: Path) -> Evaluation | None:
    """Read what was found of a model; `None` where nothing was.

    Args:
        model: Its folder; what was found is in one of the two above it.

    Raises:
        DataError: It is damaged.
    """
    folders = model.resolve().parents[:2]
    folder = next((folder for folder in folders if (folder / EVALUATION).is_file()), None)
    return load(folder) if folder else None


def rates(record: Record) -> dict[str, float]:
    """Give the word error rates on validation that a record has, in per cent, by name."""
    found = {
        "validation": record.validation_wer,
        "stock validation": record.stock_validation_wer,
        "general validation": record.general_wer,
        "stock general validation": record.stock_general_wer,
    }
    return {name: rate for name, rate in found.items() if rate is not None}


def evaluated_rates(evaluation: Evaluation, sha256: str) -> dict[str, float]:
    """Give the word error rates of an evaluation, in per cent, on recordings as they are.

    Args:
        evaluation: What was found; its first model is what the others are compared with, and its rates count
            only where it is stock.
        sha256: Sum of the weights whose rates are asked for; of others there are none.
    """
    _, *tuned = evaluation.models
    ours = [model.name for model in tuned if model.sha256 == sha256][:1]
    if not ours:
        return {}
    names = {STOCK: "stock "} | dict.fromkeys(ours, "")
    scores = (score for score in evaluation.scores if score.tier == CLEAN and score.model in names)
    return {f"{names[score.model]}{score.set}": score.wer for score in scores if score.wer is not None}
