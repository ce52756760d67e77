"""Whisper on CTranslate2: one stretch of speech in, tokens and the evidence for them out."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from device.cores import fast_cores, on_fast_cores
from device.errors import ModelError
from device.models.manifest import SILENCE
from device.speech.tokens import CONTEXT, Tokens
from device.speech.window import Window, load_model

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

    Attributes:
        threads: How many cores it uses.
    """

    def __init__(
        self,
        folder: Path,
        settings: RecognitionSettings,
        *,
        short_window: bool = False,
        compute_type: str = "int8",
    ) -> None:
        """Load a model.

        Args:
            folder: Where it is.
            settings: What it is used for.
            short_window: It was trained to decode from the states of the speech alone.
            compute_type: The type that its matrices are multiplied in.

        Raises:
            ModelError: The model cannot be loaded, or does not know the language.
        """
        fast = len(fast_cores())
        self.threads = settings.threads or min(4, fast)
        with on_fast_cores() if self.threads <= fast else nullcontext():
            self._model = load_model(folder, self.threads, compute_type)
        self._tokens = Tokens(folder / "tokenizer.json")
        language = settings.language if self._model.is_multilingual else None
        if language is None and settings.language != "en":
            raise ModelError(
                f"The model {folder} knows only English, but recognition.language is '{settings.language}': "
                "use a multilingual model."
            )
        self._prompt = self._tokens.prompt(language, settings.initial_prompt, settings.hotwords)
        with _explained():
            self._window = Window(self._model, short=short_window, silence=folder / SILENCE)

    def encode(self, samples: Samples, *, whole: bool = False) -> Any:
        """Run the encoder over up to 30 s of speech; `decode` takes what comes out.

        Args:
            samples: The speech.
            whole: Encode silence behind it up to 30 s as well, as Whisper was trained: dear, and the last
                resort when the model goes round in circles.
        """
        with _explained():
            return self._window.encode_whole(samples) if whole else self._window.encode(samples)

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


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what CTranslate2 raises, which is never about the words, into what the user can act on."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"The model cannot be run ({error}): run saykey model verify.") from error
