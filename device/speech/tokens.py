"""Whisper's tokens: text to prompts and back. The tests hold it to faster-whisper's tokenizer.

Reading a vocabulary takes 6 MB; the library tokenizers takes 16 MB, and three times as long. It alone can cut
text into tokens, but only an owner's own words ask for that.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from device.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

CONTEXT = 448
"""Tokens that Whisper's decoder can hold, prompt included (Whisper, ModelDimensions.n_text_ctx)."""

_ROOM = CONTEXT // 2 - 1
"""Tokens of hotwords and prompt: half the context, less one for the token that opens it."""

_PRINTABLE = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
"""Bytes that stand in the vocabulary as the letters that they are in Latin-1 (GPT-2, bytes_to_unicode)."""

_OTHERS = {
    0x100 + number: byte
    for number, byte in enumerate(byte for byte in range(0x100) if byte not in _PRINTABLE)
}
"""The letters that stand for all other bytes."""

_LETTERS = {byte: chr(letter) for letter, byte in _OTHERS.items()}


class _Added(msgspec.Struct):
    id: int
    content: str


class _Model(msgspec.Struct):
    vocab: dict[str, int]


class _Tokenizer(msgspec.Struct):
    """What is read of the file tokenizer.json."""

    model: _Model
    added_tokens: list[_Added]


class Tokens:
    """The vocabulary of one model.

    Raises:
        ModelError: The file is no tokenizer, or not Whisper's.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            content = msgspec.json.decode(file.read_bytes(), type=_Tokenizer)
        except (OSError, ValueError) as error:
            raise self._damaged() from error
        self._special = {added.content: added.id for added in content.added_tokens}
        self.end = self._id("<|endoftext|>")
        self._start = self._id("<|startoftranscript|>")
        self._previous = self._id("<|startofprev|>")
        self._no_timestamps = self._id("<|notimestamps|>")
        self._texts = [""] * self.end
        for text, token in content.model.vocab.items():
            if 0 <= token < self.end:
                self._texts[token] = text

    def _damaged(self) -> ModelError:
        return ModelError(f"{self._file} is no tokenizer: fetch the model again with saykey model fetch.")

    def _id(self, token: str) -> int:
        number = self._special.get(token)
        if number is None:
            raise ModelError(f"The model's tokenizer lacks {token}: it is not a Whisper model.")
        return number

    def encode(self, text: str) -> list[int]:
        """Give the tokens of some text.

        Raises:
            ModelError: The file is no tokenizer.
        """
        return list(self._library.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _library(self) -> Any:
        import tokenizers

        try:
            tokenizer = tokenizers.Tokenizer.from_file(str(self._file))
        except Exception as error:  # tokenizers raises bare Exception for every fault
            raise self._damaged() from error
        # In a prompt from the settings, "<|endoftext|>" is text like any other.
        tokenizer.encode_special_tokens = True
        return tokenizer

    def decode(self, tokens: Sequence[int]) -> str:
        """Give the text of some tokens, special ones left out, outer spaces stripped."""
        letters = "".join(self._texts[token] for token in tokens if token < self.end)
        # A text that the model breaks off may end in half a letter.
        return letters.translate(_OTHERS).encode("latin-1", "replace").decode(errors="replace").strip()

    def texts(self, tokens: Sequence[int]) -> list[str]:
        """Give the text of each of some tokens, spaces included; parts of one letter as U+FFFD."""
        raw = [self._texts[token].translate(_OTHERS).encode("latin-1", "replace") for token in tokens]
        return [letters.decode(errors="replace") for letters in raw]

    def language(self, code: str, setting: str = "recognition.language") -> int:
        """Give the token of a language.

        Args:
            code: The language's.
            setting: What named it, for the error.

        Raises:
            ModelError: The model does not know the language.
        """
        number = self._special.get(f"<|{code}|>")
        if number is None:
            raise ModelError(
                f"The model does not know the language '{code}' ({setting}): "
                "correct the code, or take it out."
            )
        return number

    def has(self, word: str) -> bool:
        """Say whether a word is one token behind a space, in small letters or with a capital if not as it is.

        Such words are common: the vocabulary was made of the most frequent pieces of much text.
        """
        return any(_lettered(f" {form}") in self._known for form in (word, word.lower(), word.capitalize()))

    @cached_property
    def _known(self) -> frozenset[str]:
        space = _lettered(" ")
        return frozenset(text for text in self._texts if text.startswith(space))

    def fitting(self, texts: Callable[[int], tuple[str, str]], most: int) -> int:
        """Give how many words fit into a prompt.

        Args:
            texts: Gives hotwords and prompt with so many words.
            most: How many there are.
        """
        for count in range(1, most + 1):
            parts = (part.strip() for part in texts(count))
            if sum(len(self.encode(f" {part}")) for part in parts if part) > _ROOM:
                return count - 1
        return most

    def prompt(self, language: str | None, initial_prompt: str, hotwords: str) -> list[int]:
        """Give what the decoder starts from.

        Words to expect stand where Whisper was trained to see the text before: at most half the context,
        less one for the token that opens it (Whisper, decoding.py), hotwords first as in faster-whisper.

        Args:
            language: Code of the language, or None for an English-only model, which takes none.
            initial_prompt: Text that the dictation shall seem to continue. Cut at its beginning.
            hotwords: Words that are likely. Cut at their end.
        """
        room = _ROOM
        words = self.encode(" " + hotwords.strip())[:room] if hotwords.strip() else []
        text = self.encode(" " + initial_prompt.strip()) if initial_prompt.strip() else []
        room -= len(words)
        text = text[-room:] if room else []
        before = [self._previous, *words, *text] if words or text else []
        return [*before, *self.start(language), self._no_timestamps]

    def start(self, language: str | None) -> list[int]:
        """Give what opens every transcript.

        Args:
            language: Code of the language, or None for an English-only model, which takes none.
        """
        if language is None:
            return [self._start]
        return [self._start, self.language(language), self._id("<|transcribe|>")]


def tokens_of(folder: Path) -> Tokens:
    """Give the vocabulary of the model in a folder.

    Raises:
        ModelError: It has no tokenizer, or one that is not Whisper's.
    """
    return Tokens(folder / "tokenizer.json")


def _lettered(text: str) -> str:
    """Give a text as the vocabulary has it, one letter a byte."""
    return "".join(_LETTERS.get(byte) or chr(byte) for byte in text.encode())
