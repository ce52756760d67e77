"""Whisper on CTranslate2: one stretch of speech in, tokens and the evidence for them out."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ctranslate2
import numpy as np

from device.errors import ModelError
from device.speech import features
from device.speech.tokens import CONTEXT, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from device.settings import RecognitionSettings

TOKENS_PER_SECOND = 10
"""More than anyone says: fast speech has 4 words a second, about 6 tokens."""

_TOKENS_AT_LEAST = 16
"""Room for a short word that the model spells out."""


def token_cap(duration_s: float) -> int:
    """Give the most tokens that so much speech can hold. What asks for more is a loop."""
    return min(CONTEXT // 2, _TOKENS_AT_LEAST + round(TOKENS_PER_SECOND * duration_s))


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the model makes of one stretch of speech.

    Attributes:
        text: What was said, stripped of outer spaces.
        tokens: Its tokens, without the end.
        avg_logprob: Mean log-probability of the tokens and the end.
        no_speech_prob: Probability that there is no speech in it.
        capped: True when the text was cut off at the cap rather than ended by the model.
    """

    text: str = field(repr=False)  # no log and no traceback shall show it
    tokens: tuple[int, ...] = field(repr=False)
    avg_logprob: float
    no_speech_prob: float
    capped: bool


class Engine:
    """A loaded model. Not for two threads at a time.

    Raises:
        ModelError: The model cannot be loaded, or does not know the language.
    """

    def __init__(self, folder: Path, settings: RecognitionSettings) -> None:
        threads = settings.threads or min(4, _cores())
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder), device="cpu", compute_type="int8", intra_threads=threads
            )
        except Exception as error:  # damage surfaces as whatever C++ stumbled over: IndexError, MemoryError
            raise ModelError(
                f"The model {folder} cannot be loaded ({error}): run saykey model verify."
            ) from error
        self._tokens = Tokens(folder / "tokenizer.json")
        language = settings.language if self._model.is_multilingual else None
        if language is None and settings.language != "en":
            raise ModelError(
                f"The model {folder} knows only English, but recognition.language is '{settings.language}': "
                "use a multilingual model."
            )
        self._prompt = self._tokens.prompt(language, settings.initial_prompt, settings.hotwords)

    def encode(self, samples: Samples) -> Any:
        """Run the encoder over up to 30 s of sound; `decode` takes what comes out."""
        mel = features.full_window(samples, self._model.n_mels)
        view = ctranslate2.StorageView.from_array(mel[np.newaxis])
        with _explained():
            return self._model.encode(view, to_cpu=False)

    def decode(self, memory: Any, duration_s: float, *, beam_size: int, no_repeat: int = 0) -> Decoded:
        """Decode what was encoded.

        Args:
            memory: What `encode` gave.
            duration_s: How much speech is in it: it bounds the number of tokens.
            beam_size: 1 for greedy.
            no_repeat: Length of token runs that may not occur twice, or 0.
        """
        cap = min(token_cap(duration_s), CONTEXT - len(self._prompt))
        with _explained():
            result = self._model.generate(
                memory,
                [self._prompt],
                beam_size=beam_size,
                no_repeat_ngram_size=no_repeat,
                # CTranslate2 counts the prompt after its first token, and stops at the half in any case.
                max_length=max(2 * cap, len(self._prompt) - 1 + cap),
                return_scores=True,
                return_no_speech_prob=True,
            )[0]
        tokens = [token for token in result.sequences_ids[0] if token < self._tokens.end]
        # CTranslate2 scores by the length without the end, Whisper by the length with it.
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return Decoded(
            text=self._tokens.decode(tokens),
            tokens=tuple(tokens),
            avg_logprob=float(avg_logprob),
            no_speech_prob=float(result.no_speech_prob),
            capped=len(tokens) >= cap,
        )

    def text(self, tokens: Sequence[int]) -> str:
        """Give the text of some tokens."""
        return self._tokens.decode(tokens)

    def warm_up(self) -> None:
        """Decode a little silence, so that the first dictation does not pay for first-time work.

        Raises:
            ModelError: The files of the model do not fit together.
        """
        self.decode(self.encode(np.zeros(16_000, dtype=np.float32)), 0.5, beam_size=1)


def _cores() -> int:
    """Give how many cores this process may use; only Linux says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what CTranslate2 raises, which is never about the words, into what the user can act on."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"The model cannot be run ({error}): run saykey model verify.") from error
