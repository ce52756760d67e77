"""The owner's words where the model is told what to expect: in its prompt, as far as they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.settings import Settings
    from device.speech.tokens import Tokens
    from device.text.vocabulary import Word


def with_words(settings: Settings, words: Sequence[Word], tokens: Tokens) -> tuple[Settings, int]:
    """Give the settings with the owner's words in what the model is told, and how many of those fit.

    The first of the list go first. What the settings say themselves has its room before. A language that has
    hotwords or a prompt of its own has as many of the words as fit there.

    Args:
        settings: What the user wants: `vocabulary.use` says where the words go.
        words: The owner's.
        tokens: Of the model: its prompt has an end.
    """
    if settings.vocabulary.use == "none":
        return settings, 0
    put = _hotwords if settings.vocabulary.use == "hotwords" else _prompt
    texts = [word.text for word in words]

    def told(hotwords: str, initial_prompt: str) -> tuple[dict[str, str], int]:
        fit = tokens.fitting(lambda count: put(hotwords, initial_prompt, texts[:count]), len(texts))
        hotwords, initial_prompt = put(hotwords, initial_prompt, texts[:fit])
        return {"hotwords": hotwords, "initial_prompt": initial_prompt}, fit

    recognition = settings.recognition
    changes, fit = told(recognition.hotwords, recognition.initial_prompt)
    languages = {
        code: replace(
            own,
            **told(own.hotwords or recognition.hotwords, own.initial_prompt or recognition.initial_prompt)[0],
        )
        for code, own in settings.languages.items()
        if own.hotwords or own.initial_prompt
    }
    changed = replace(
        settings, recognition=replace(recognition, **changes), languages={**settings.languages, **languages}
    )
    return changed, fit


def room_for(settings: Settings, words: Sequence[Word]) -> int:
    """Give how many of the owner's words fit, of the first, with the model that the settings name.

    Raises:
        ModelError: There is no such model.
    """
    from device.models.store import resolve
    from device.speech.tokens import tokens_of

    _, fit = with_words(settings, words, tokens_of(resolve(settings.recognition)))
    return fit


def _hotwords(hotwords: str, initial_prompt: str, texts: Sequence[str]) -> tuple[str, str]:
    """Give hotwords and prompt, with words among the first."""
    own = [hotwords] if hotwords.strip() else []
    return (", ".join([*own, *texts]) if texts else hotwords), initial_prompt


def _prompt(hotwords: str, initial_prompt: str, texts: Sequence[str]) -> tuple[str, str]:
    """Give hotwords and prompt, with words in the second: before the owner's own, which sets the style."""
    return hotwords, f"Glossary: {', '.join(texts)}. {initial_prompt}".strip() if texts else initial_prompt
