"""Whisper on CTranslate2: one stretch of speech in, tokens and the evidence for them out."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from device.audio.sound import SAMPLE_RATE_HZ
from device.cores import fast_cores, on_fast_cores
from device.errors import ModelError
from device.models.manifest import SILENCE
from device.speech import features
from device.speech.known import check_english, first_language
from device.speech.tokens import CONTEXT, tokens_of
from device.speech.window import Window, load_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from device.settings import LanguageSettings, RecognitionSettings

TOKENS_PER_SECOND = 10
"""More than anyone says: fast speech has 4 words a second, about 6 tokens."""

_TOKENS_AT_LEAST = 16
"""Room for a short word that the model spells out."""

_STATE_S = 2 * features.HOP / SAMPLE_RATE_HZ
"""From one state of the encoder to the next: 20 ms."""

_MEDIAN = 3
"""States over which attention is smoothed.

Of 2,705 words 3 puts three into the wrong passage, Whisper's own 7 five.
"""


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
        languages: Mapping[str, LanguageSettings] | None = None,
        short_window: bool = False,
        compute_type: str = "int8",
    ) -> None:
        """Load a model.

        Args:
            folder: Where it is.
            settings: What it is used for.
            languages: What is different with a language, by its code.
            short_window: It was trained to decode from the states of the speech alone.
            compute_type: The type that its matrices are multiplied in.

        Raises:
            ModelError: The model cannot be loaded, or does not know a language.
        """
        fast = len(fast_cores())
        self.threads = settings.threads or min(4, fast)
        with on_fast_cores() if self.threads <= fast else nullcontext():
            self._model = load_model(folder, self.threads, compute_type)
        self._tokens = tokens_of(folder)
        self._folder, self._settings, self._own = folder, settings, languages or {}
        self._prompts: dict[str, list[int]] = {}
        self._language = first_language(
            folder, self._tokens, settings, is_multilingual=self._model.is_multilingual
        )
        self._prompt_in(self._language)  # what is spoken first shall not wait for it
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

    def languages(self, memory: Any, length: int) -> dict[str, float]:
        """Give how likely each language is that may be spoken, by its code, of which one is.

        The decoder looks at the states of the speech alone. With those of silence behind them it knows less
        (base, 15 recordings in five languages: 13 right in place of 14) and takes five times as long.

        Args:
            memory: What `encode` gave.
            length: Samples of the speech in it.
        """
        with _explained():
            found = self._model.detect_language(self._window.heard(memory, length))[0]
        known = {token[2:-2]: probability for token, probability in found}  # from "<|en|>"
        among = {code: known[code] for code in self._settings.languages if code in known} or known
        total = sum(among.values())
        return {code: probability / total for code, probability in among.items()}

    def decode(
        self,
        memory: Any,
        duration_s: float,
        *,
        beam_size: int,
        no_repeat: int = 0,
        language: str = "",
    ) -> Decoded:
        """Decode what was encoded.

        Args:
            memory: What `encode` gave.
            duration_s: How much speech is in it: it bounds the number of tokens.
            beam_size: 1 for greedy.
            no_repeat: Length of token runs that may not occur twice, or 0.
            language: Code of the language that is spoken; empty for that of the settings.

        Raises:
            ModelError: The model cannot be run, or does not know the language.
        """
        prompt = self._prompt_in(language or self._language)
        cap = min(token_cap(duration_s), CONTEXT - len(prompt))
        with _explained():
            result = self._model.generate(
                memory,
                [prompt],
                beam_size=beam_size,
                no_repeat_ngram_size=no_repeat,
                # CTranslate2 counts the prompt after its first token, and stops at the half in any case.
                max_length=max(2 * cap, len(prompt) - 1 + cap),
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

    def is_common(self, word: str) -> bool:
        """Say whether a word is one that everyone uses: a number, or a single token."""
        return word.isdecimal() or self._tokens.has(word)

    def align(
        self, memory: Any, duration_s: float, tokens: Sequence[int], *, language: str = ""
    ) -> list[tuple[int, float]]:
        """Find out when tokens were said, from what the decoder attends to as it reads them.

        Args:
            memory: What `encode` gave for the sound that they were said in.
            duration_s: How much sound is in it.
            tokens: What was said; at least one.
            language: Code of the language that is spoken; empty for that of the settings.

        Returns:
            Pairs of the number of a token and a moment in seconds, every 20 ms of the sound.

        Raises:
            ModelError: The model does not say which of its heads know about time.
        """
        start = self._tokens.start((language or self._language) if self._model.is_multilingual else None)
        frames = round(duration_s * SAMPLE_RATE_HZ) // features.HOP
        with _explained():
            (aligned,) = self._model.align(memory, start, [list(tokens)], frames, median_filter_width=_MEDIAN)
        return [(token, (state + 0.5) * _STATE_S) for token, state in aligned.alignments]

    def texts(self, tokens: Sequence[int]) -> list[str]:
        """Give the text of each of some tokens, spaces included."""
        return self._tokens.texts(tokens)

    def text(self, tokens: Sequence[int]) -> str:
        """Give the text of some tokens."""
        return self._tokens.decode(tokens)

    def _prompt_in(self, language: str) -> list[int]:
        """Give what the decoder starts from in a language, made when it is first spoken."""
        if language not in self._prompts:
            if not self._model.is_multilingual:
                check_english(self._folder, language)
            own = self._own.get(language)
            self._prompts[language] = self._tokens.prompt(
                language if self._model.is_multilingual else None,
                (own and own.initial_prompt) or self._settings.initial_prompt,
                (own and own.hotwords) or self._settings.hotwords,
            )
        return self._prompts[language]

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
