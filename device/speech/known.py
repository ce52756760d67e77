"""Whether a model knows the languages that the settings name. It need not be loaded for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.errors import ModelError
from device.settings import AUTO

if TYPE_CHECKING:
    from pathlib import Path

    from device.settings import RecognitionSettings
    from device.speech.tokens import Tokens


def first_language(
    folder: Path, tokens: Tokens, settings: RecognitionSettings, *, is_multilingual: bool
) -> str:
    """Give the language that is spoken where nobody has chosen or heard another one yet.

    Args:
        folder: The model's.
        tokens: Its own.
        settings: Name the languages. What they say besides to an English-only model is for another one.
        is_multilingual: It knows more than English.

    Raises:
        ModelError: The model does not know one of the languages.
    """
    first = settings.language
    if not is_multilingual:
        check_english(folder, first)
        return first
    for code in settings.languages:
        tokens.language(code, "recognition.languages")
    if first == AUTO:
        first = settings.languages[0] if settings.languages else "en"
    tokens.language(first)
    return first


def check_english(folder: Path, language: str) -> None:
    """Refuse to have an English-only model understand another language.

    Raises:
        ModelError: It is another one.
    """
    if language != "en":
        raise ModelError(
            f"The model {folder} knows only English, but recognition.language is '{language}': "
            'use a multilingual model, or set it to "en".'
        )
