"""Whisper's tokens: text to prompts and back. The tests hold it to faster-whisper's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tokenizers

from device.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONTEXT = 448
"""Tokens that Whisper's decoder can hold, prompt included (Whisper, ModelDimensions.n_text_ctx)."""


class Tokens:
    """The vocabulary of one model."""

    def __init__(self, file: Path) -> None:
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # tokenizers raises bare Exception for every fault
            raise ModelError(
                f"{file} is no tokenizer: fetch the model again with saykey model fetch."
            ) from error
        # In a prompt from the settings, "<|endoftext|>" is text like any other.
        self._tokenizer.encode_special_tokens = True
        self.end = self._id("<|endoftext|>")
        self._start = self._id("<|startoftranscript|>")
        self._previous = self._id("<|startofprev|>")
        self._no_timestamps = self._id("<|notimestamps|>")

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ModelError(f"The model's tokenizer lacks {token}: it is not a Whisper model.")
        return int(number)

    def encode(self, text: str) -> list[int]:
        """Give the tokens of some text."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """Give the text of some tokens, special ones left out, outer spaces stripped."""
        text = self._tokenizer.decode([token for token in tokens if token < self.end])
        return str(text).strip()

    def language(self, code: str) -> int:
        """Give the token of a language.

        Raises:
            ModelError: The model does not know the language.
        """
        number = self._tokenizer.token_to_id(f"<|{code}|>")
        if number is None:
            raise ModelError(f"The model does not know the language '{code}' (recognition.language).")
        return int(number)

    def prompt(self, language: str | None, initial_prompt: str, hotwords: str) -> list[int]:
        """Give what the decoder starts from.

        Words to expect stand where Whisper was trained to see the text before: at most half the context,
        less one for the token that opens it (Whisper, decoding.py), hotwords first as in faster-whisper.

        Args:
            language: Code of the language, or None for an English-only model, which takes none.
            initial_prompt: Text that the dictation shall seem to continue. Cut at its beginning.
            hotwords: Words that are likely. Cut at their end.
        """
        room = CONTEXT // 2 - 1
        words = self.encode(" " + hotwords.strip())[:room] if hotwords.strip() else []
        text = self.encode(" " + initial_prompt.strip()) if initial_prompt.strip() else []
        room -= len(words)
        text = text[-room:] if room else []
        prompt = [self._previous, *words, *text] if words or text else []
        prompt.append(self._start)
        if language is not None:
            prompt += [self.language(language), self._id("<|transcribe|>")]
        prompt.append(self._no_timestamps)
        return prompt
