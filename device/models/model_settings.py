"""What a model may say about how it is used: the settings that belong to it rather than to its owner."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from device.errors import ModelError
from device.models.store import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from device.settings import RecognitionSettings

FILE = "settings.toml"
"""Its name, beside the weights."""

MAY_SET = {
    "speech": frozenset(
        {"threshold", "neg_threshold", "min_speech_duration_ms", "min_silence_duration_ms", "speech_pad_ms"}
    ),
    "recognition": frozenset(
        {
            "language",
            "beam_size",
            "initial_prompt",
            "hotwords",
            "no_speech_threshold",
            "log_prob_threshold",
            "compression_ratio_threshold",
        }
    ),
    "text": frozenset({"typography", "sentence_case", "join"}),
}
"""By table. Not which model is used, how many cores work, and what is pressed: Enter may send or delete."""


def file_in_use(settings: RecognitionSettings) -> Path | None:
    """Give the settings of the model in use, or None where there is no model or it brings none.

    Args:
        settings: What the owner says about which model is in use.
    """
    with suppress(ModelError, RuntimeError):  # whoever needs the model is told; nobody may have a home
        file = resolve(settings) / FILE
        return file if file.is_file() else None
    return None


def not_its_own(table: str, key: str) -> str:
    """Say that a setting is not for a model to make, and which of its table are."""
    own = ", ".join(sorted(MAY_SET.get(table, ())))
    hint = f"of [{table}] it may set {own}" if own else f"it may set only {', '.join(MAY_SET)}"
    return f"{table}.{key} is not for a model to set, but for the owner; {hint}"
