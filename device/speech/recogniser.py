"""From a piece of a recording to what was said in it: encode, decode, doubt."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from device.audio.sound import seconds
from device.speech import guards
from device.speech.pieces import halves
from device.speech.transcript import Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


class PieceRecogniser:
    """Recognises one piece after another on an `Engine`."""

    def __init__(self, engine: Engine, settings: RecognitionSettings) -> None:
        self._engine = engine
        self._settings = settings

    def segments(self, piece: Piece, samples: Samples, watch: Stopwatch) -> list[Segment]:
        """Recognise a piece in one go, or in two when that leaves out what was said.

        Args:
            piece: The piece.
            samples: The recording that it is of.
            watch: Takes the times of the stages.

        Returns:
            What is believed of it, in order; nothing where that is nothing.

        Raises:
            ModelError: The model cannot be run.
        """
        decoded = self._decode(piece, samples, watch)
        believed = guards.is_speech(decoded, piece.speech_probability, self._settings)
        whole = [_segment(piece, decoded)] if believed else []
        if not guards.falls_short(decoded.text, seconds(piece.spoken)):
            return whole
        parts = [
            segment for half in halves(piece, samples) for segment in self.segments(half, samples, watch)
        ]
        return parts if _length(parts) > MORE * _length(whole) else whole

    def _decode(self, piece: Piece, samples: Samples, watch: Stopwatch) -> Decoded:
        """Ask the model once, and again in dearer ways for as long as there is evidence that it is wrong."""
        sound = piece.sound(samples)

        def rank(decoded: Decoded) -> tuple[bool, bool, bool, float]:
            """Give what makes one opinion better than another, the weightiest first."""
            return (
                not guards.loops(decoded, self._settings),
                not decoded.capped,
                not guards.falls_short(decoded.text, seconds(piece.spoken)),
                decoded.avg_logprob,
            )

        decode = self._heard(sound, watch)
        opinions = [decode(self._settings.beam_size)]
        if guards.wants_second_opinion(opinions[0], self._settings):
            opinions.append(decode(BEAM_SIZE))
        if guards.wants_whole_window(max(opinions, key=rank), seconds(piece.spoken), self._settings):
            decode = self._heard(sound, watch, whole=True)
            opinions.append(decode(BEAM_SIZE))
            # Repetition that the model ended may be what was said: to forbid it would lose half of that.
            if all(opinion.capped for opinion in opinions):
                opinions.append(decode(BEAM_SIZE, NO_REPEAT))
        return self._without_loop(max(opinions, key=rank))

    def _heard(self, sound: Samples, watch: Stopwatch, *, whole: bool = False) -> Callable[..., Decoded]:
        """Encode some speech; give the function that decodes it with a beam of some width."""
        with watch.time("encode"):
            memory = self._engine.encode(sound, whole=whole)

        def decode(beam_size: int, no_repeat: int = 0) -> Decoded:
            with watch.time("decode"):
                return self._engine.decode(
                    memory, seconds(len(sound)), beam_size=beam_size, no_repeat=no_repeat
                )

        return decode

    def _without_loop(self, decoded: Decoded) -> Decoded:
        """Keep the first turn of a loop that ran into the cap. One that the model ended may be speech."""
        start = guards.loop_start(decoded.tokens) if decoded.capped else None
        if start is None:
            return decoded
        tokens = decoded.tokens[:start]
        return replace(decoded, tokens=tokens, text=self._engine.text(tokens))


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


def _segment(piece: Piece, decoded: Decoded) -> Segment:
    return Segment(
        start_s=round(seconds(piece.start), 3),
        end_s=round(seconds(piece.end), 3),
        text=decoded.text,
        avg_logprob=round(decoded.avg_logprob, 4),
        no_speech_prob=round(decoded.no_speech_prob, 4),
    )
