"""From a piece of a recording to what was said in it: encode, decode, doubt."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from device.audio.sound import samples_in, seconds
from device.errors import ModelError
from device.settings import AUTO
from device.speech import guards
from device.speech.alignment import passages_of, words_of
from device.speech.language import Spoken, heard_in, set_language
from device.speech.pieces import halves
from device.speech.transcript import Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from device.audio.sound import Samples
    from device.settings import RecognitionSettings
    from device.speech.engine import Decoded, Engine
    from device.speech.pieces import Piece

BEAM_SIZE = 5
"""Width of the search where the greedy result is in doubt: Whisper's own."""

MORE = 1.2
"""Two halves must give so much more text to be preferred: each lacks the other's context."""

NO_REPEAT = 4
"""Where even the search finds no end, no run of so many tokens may occur twice."""


LONE = samples_in(1_500)
"""Speech between two pauses may be a command up to this length: the longest take two thirds of it."""


class PieceRecogniser:
    """Recognises one piece after another on an `Engine`."""

    def __init__(
        self,
        engine: Engine,
        settings: RecognitionSettings,
        may_stand_alone: Callable[[str, str], bool] | None = None,
    ) -> None:
        """Get ready to recognise.

        Args:
            engine: What it recognises on.
            settings: Which of its results are believed.
            may_stand_alone: Says of a text in a language whether it holds words that mean something else
                where they stand alone between pauses, and should then be a segment of their own. None where
                no words do.
        """
        self._engine = engine
        self._settings = settings
        self._may_stand_alone = may_stand_alone

    @property
    def language(self) -> str:
        """The language that is spoken by the settings: a code, or "auto"."""
        return set_language(self._settings.language, self._settings.languages)

    def segments(
        self, piece: Piece, samples: Samples, watch: Stopwatch, spoken: Spoken | None = None
    ) -> list[Segment]:
        """Recognise a piece: the commands in it that stand alone each by itself, the rest together.

        Heard among sentences, a lone "new line" is often left out or misheard: of 108 commands between
        sentences tiny.en read 53 together, and 75 where short passages were read alone first.

        Args:
            piece: The piece.
            samples: The recording that it is of.
            watch: Takes the times of the stages.
            spoken: What is known of its language; by default that of the settings.

        Returns:
            What is believed of it, in order; nothing where that is nothing.

        Raises:
            ModelError: The model cannot be run.
        """
        language, heard = self._language(piece, samples, watch, spoken or Spoken(self.language))
        if self._may_stand_alone is None or len(piece.passages) == 1:
            return self._together(piece, samples, watch, language, heard)
        passages = piece.parts(range(len(piece.passages)))
        lone = {
            number: segment
            for number, passage in enumerate(passages)
            if (segment := self._lone(passage, samples, watch, language, self._may_stand_alone))
        }
        if not lone:
            return self._together(piece, samples, watch, language, heard)
        starts = sorted({0, *lone, *(number + 1 for number in lone)} - {len(passages)})
        return [
            segment
            for start, part in zip(starts, piece.parts(starts), strict=True)
            for segment in (
                [lone[start]] if start in lone else self._together(part, samples, watch, language)
            )
        ]

    def _language(
        self, piece: Piece, samples: Samples, watch: Stopwatch, spoken: Spoken
    ) -> tuple[str, _Heard | None]:
        """Give the code of the language of a piece, and what was encoded of it where that had to be heard."""
        if spoken.language != AUTO:
            return spoken.language, None
        heard = self._heard(piece.sound(samples), watch, AUTO)
        heard.language = heard_in(heard.languages(), seconds(piece.spoken), spoken.before)
        return heard.language, heard

    def _lone(
        self,
        passage: Piece,
        samples: Samples,
        watch: Stopwatch,
        language: str,
        may_stand_alone: Callable[[str, str], bool],
    ) -> Segment | None:
        """Recognise a short passage by itself; give it where it may be a command."""
        if passage.spoken > LONE:
            return None
        heard = self._heard(passage.sound(samples), watch, language)
        decoded = heard.decode(self._settings.beam_size)
        if guards.wants_second_opinion(decoded, self._settings):
            decoded = max(decoded, heard.decode(BEAM_SIZE), key=lambda opinion: opinion.avg_logprob)
        decoded = self._once(decoded, passage)
        believed = (
            guards.is_speech(decoded, passage.speech_probability, self._settings)
            and not guards.loops(decoded, self._settings)
            and not guards.outruns(decoded.text, seconds(passage.spoken))
        )
        return (
            _segment(passage, decoded, language)
            if believed and may_stand_alone(decoded.text, language)
            else None
        )

    def _together(
        self,
        piece: Piece,
        samples: Samples,
        watch: Stopwatch,
        language: str,
        encoded: _Heard | None = None,
    ) -> list[Segment]:
        """Recognise a piece in one go, or in two when that leaves out what was said."""
        heard = encoded or self._heard(piece.sound(samples), watch, language)
        decoded, heard = self._decode(piece, samples, watch, heard)
        believed = guards.is_speech(decoded, piece.speech_probability, self._settings)
        if guards.falls_short(decoded.text, seconds(piece.spoken)):
            parts = [
                segment
                for half in halves(piece, samples)
                for segment in self._together(half, samples, watch, language)
            ]
            if _length(parts) > MORE * len(decoded.text) * believed:
                return parts
        return self._by_pauses(piece, decoded, heard) if believed else []

    def _by_pauses(self, piece: Piece, decoded: Decoded, heard: _Heard) -> list[Segment]:
        """Give a segment a passage where the text may hold a command, else one for all.

        A passage in which no word lies goes with the one before it.
        """
        whole = [_segment(piece, decoded, heard.language)]
        may_stand_alone = self._may_stand_alone
        if len(piece.passages) == 1 or not (
            may_stand_alone and may_stand_alone(decoded.text, heard.language)
        ):
            return whole
        try:
            moments = heard.align(decoded.tokens)
        except ModelError:  # a model need not know about time; what was said is there in any case
            return whole
        tokens = self._engine.texts(decoded.tokens)
        words = words_of(tokens)
        first: dict[int, int] = {}
        for word, passage in zip(words, passages_of(words, tokens, moments, piece.joints_s()), strict=True):
            first.setdefault(passage, word.start)
        parts = piece.parts([0, *list(first)[1:]])
        ends = pairwise([*first.values(), len(tokens)])
        texts = [self._engine.text(decoded.tokens[start:end]) for start, end in ends]
        return [
            _segment(part, replace(decoded, text=text), heard.language)
            for part, text in zip(parts, texts, strict=True)
        ]

    def _decode(
        self, piece: Piece, samples: Samples, watch: Stopwatch, heard: _Heard
    ) -> tuple[Decoded, _Heard]:
        """Ask the model once, and again in dearer ways for as long as there is evidence that it is wrong."""

        def rank(decoded: Decoded) -> tuple[bool, bool, bool, float]:
            """Give what makes one opinion better than another, the weightiest first."""
            return (
                not guards.loops(decoded, self._settings),
                not decoded.capped,
                not guards.falls_short(decoded.text, seconds(piece.spoken)),
                decoded.avg_logprob,
            )

        opinions = [heard.decode(self._settings.beam_size)]
        if guards.wants_second_opinion(opinions[0], self._settings):
            opinions.append(heard.decode(BEAM_SIZE))
        if guards.wants_whole_window(max(opinions, key=rank), seconds(piece.spoken), self._settings):
            heard = self._heard(piece.sound(samples), watch, heard.language, whole=True)
            opinions.append(heard.decode(BEAM_SIZE))
            # Repetition that the model ended may be what was said: to forbid it would lose half of that.
            if all(opinion.capped for opinion in opinions):
                opinions.append(heard.decode(BEAM_SIZE, NO_REPEAT))
        return self._once(self._without_loop(max(opinions, key=rank)), piece), heard

    def _heard(self, sound: Samples, watch: Stopwatch, language: str, *, whole: bool = False) -> _Heard:
        with watch.time("encode"):
            memory = self._engine.encode(sound, whole=whole)
        return _Heard(self._engine, memory, len(sound), watch, language)

    def _without_loop(self, decoded: Decoded) -> Decoded:
        """Keep the first turn of a loop that ran into the cap. One that the model ended may be speech."""
        start = guards.loop_start(decoded.tokens) if decoded.capped else None
        if start is None:
            return decoded
        tokens = decoded.tokens[:start]
        return replace(decoded, tokens=tokens, text=self._engine.text(tokens))

    def _once(self, decoded: Decoded, piece: Piece) -> Decoded:
        """Keep the first half of a text that says the same twice where nobody can have spoken so fast."""
        tokens = decoded.tokens[: len(decoded.tokens) // 2]
        twice = tokens * 2 == decoded.tokens and not guards.loops(decoded, self._settings)
        if not (twice and guards.outruns(decoded.text, seconds(piece.spoken))):
            return decoded
        return replace(decoded, tokens=tokens, text=self._engine.text(tokens))


class _Heard:
    """Some speech that was encoded.

    Attributes:
        language: Code of the language that it is in.
    """

    def __init__(self, engine: Engine, memory: Any, length: int, watch: Stopwatch, language: str) -> None:
        self.language = language
        self._engine = engine
        self._memory = memory
        self._length = length
        self._watch = watch

    def languages(self) -> dict[str, float]:
        """Give how likely each language is that may be spoken in it, by its code."""
        with self._watch.time("language"):
            return self._engine.languages(self._memory, self._length)

    def decode(self, beam_size: int, no_repeat: int = 0) -> Decoded:
        """Decode it with a beam of some width."""
        with self._watch.time("decode"):
            return self._engine.decode(
                self._memory,
                seconds(self._length),
                beam_size=beam_size,
                no_repeat=no_repeat,
                language=self.language,
            )

    def align(self, tokens: Sequence[int]) -> list[tuple[int, float]]:
        """Find out when tokens were said in it."""
        with self._watch.time("align"):
            return self._engine.align(self._memory, seconds(self._length), tokens, language=self.language)


class Stopwatch:
    """Adds up how long each stage took, in milliseconds."""

    def __init__(self) -> None:
        self.times_ms: dict[str, float] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.times_ms[stage] = self.times_ms.get(stage, 0.0) + 1000 * (time.perf_counter() - start)


def _length(segments: list[Segment]) -> int:
    return sum(len(segment.text) for segment in segments)


def _segment(piece: Piece, decoded: Decoded, language: str) -> Segment:
    return Segment(
        start_s=round(seconds(piece.passages[0].speech_start), 3),
        end_s=round(seconds(piece.end), 3),
        text=decoded.text,
        avg_logprob=round(decoded.avg_logprob, 4),
        no_speech_prob=round(decoded.no_speech_prob, 4),
        language=language,
    )
