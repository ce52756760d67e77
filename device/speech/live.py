"""Recognition that begins while the user still speaks, so that little is left to do at the release."""

from __future__ import annotations

from hashlib import blake2b
from itertools import takewhile
from typing import TYPE_CHECKING

from device.audio.sound import seconds
from device.settings import AUTO
from device.speech.language import ENOUGH_S, Spoken
from device.speech.pieces import HANGOVER_MS, cut
from device.speech.recogniser import Stopwatch
from device.speech.transcript import Segment, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from device.audio.recording import Recording
    from device.audio.sound import Samples
    from device.speech.pieces import Piece
    from device.speech.recogniser import PieceRecogniser

_CHEAP_MS = 2_000
"""What a recognition may cost that begins as soon as the user falls silent.

People who read aloud fall silent for a moment twelve times a minute. If they go on and let go before such a
recognition is over, they wait for its rest: by the squares of times, 7 ms a dictation where it takes 270 ms,
400 ms where it takes 2 s, which is what is gained by not waiting.
"""

_PATIENCE = 0.25
"""The share of the cost above that which silence must have lasted before."""

_NEWEST = 0.3
"""The weight of the latest recognition in the mean of what recognitions cost."""


class LiveRecogniser:
    """The `Recogniser` port. What it recognised of a recording is not recognised again when that grows.

    Text is kept by the sound that it was recognised in, each piece for itself. So the transcript of the
    finished recording is the same as if nothing had been recognised before. (Only where a passage without a
    pause is cut for its length may the guards judge its first part a little differently.)

    A recording is in one language. Where that is to be heard, its first piece with enough speech tells it.
    """

    def __init__(self, recogniser: PieceRecogniser) -> None:
        self._recogniser = recogniser
        self._known: dict[bytes, list[Segment]] = {}
        self._cost = 0.0  # of a second of speech, in seconds
        self._language = ""  # of the last dictation

    def cost_ms(self, duration_s: float) -> float:
        """Guess how long it takes to recognise so much speech, from what it took before."""
        return 1000 * self._cost * duration_s

    def anticipate(self, recording: Recording) -> Transcript:
        """Recognise a recording that may go on.

        Raises:
            ModelError: The model cannot be run.
        """
        transcript, keys = self._recognised(recording, lambda _: None)
        self._known = {key: self._known[key] for key in keys}
        return transcript

    def recognise(
        self, recording: Recording, report: Callable[[Transcript], object] = lambda _: None
    ) -> Transcript:
        """Recognise a finished recording; what is not believed is left out.

        Args:
            recording: The recording.
            report: Called with what is understood so far each time that this is more, and final.

        Returns:
            All of it. The times are those of what was still to be done.

        Raises:
            ModelError: The model cannot be run.
        """
        transcript, keys = self._recognised(recording, report)
        for key in keys:
            del self._known[key]  # what was said is not kept for longer than it is needed
        self._language = transcript.language or self._language
        return transcript

    def _recognised(
        self, recording: Recording, report: Callable[[Transcript], object]
    ) -> tuple[Transcript, set[bytes]]:
        watch, segments, keys = Stopwatch(), list[Segment](), set[bytes]()
        samples, duration_s = recording.samples, seconds(len(recording.samples))
        pieces = cut(recording)

        def said(piece: Piece, spoken: Spoken) -> list[Segment]:
            key = _key(piece, samples, spoken)
            keys.add(key)
            if key not in self._known:
                self._known[key] = self._segments(piece, samples, watch, spoken)
            return self._known[key]

        spoken = Spoken(recording.language or self._recogniser.language, self._language)
        if spoken.language == AUTO and (heard := _telling(pieces, lambda piece: said(piece, spoken))):
            piece, its_own = heard
            spoken = Spoken(its_own[0].language, self._language)
            key = _key(piece, samples, spoken)
            keys.add(key)
            self._known[key] = its_own
        for number, piece in enumerate(pieces, 1):
            segments += said(piece, spoken)
            if number < len(pieces):
                report(Transcript(tuple(segments), duration_s))
        return Transcript(tuple(segments), duration_s, watch.times_ms), keys

    def _segments(self, piece: Piece, samples: Samples, watch: Stopwatch, spoken: Spoken) -> list[Segment]:
        before_ms = sum(watch.times_ms.values())
        segments = self._recogniser.segments(piece, samples, watch, spoken)
        took_s = (sum(watch.times_ms.values()) - before_ms) / 1000
        self._cost += _NEWEST * (took_s / seconds(piece.length) - self._cost)
        return segments


class Agreement:
    """The part of a growing transcript that is taken for stable: what two in a row agree on.

    (LocalAgreement-2: Liu, Spanakis, Niehues, "Low-latency sequence-to-sequence speech recognition", 2020.)
    """

    def __init__(self) -> None:
        self._before: list[str] = []

    def take(self, text: str) -> str:
        """Take the next transcript; give the words at its beginning that the one before had as well."""
        before, self._before = self._before, text.split()
        pairs = zip(before, self._before, strict=False)
        return " ".join(word for word, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def is_due(quiet_ms: float, cost_ms: float) -> bool:
    """Say whether a silence has lasted for long enough to recognise what was said before it.

    A recognition that has begun cannot be stopped: when the user goes on and then lets go of the button, the
    rest waits for it. So the dearer it is, the surer it must be that all has been said.
    """
    return quiet_ms >= max(HANGOVER_MS, _PATIENCE * (cost_ms - _CHEAP_MS))


def _telling(
    pieces: Sequence[Piece], said: Callable[[Piece], list[Segment]]
) -> tuple[Piece, list[Segment]] | None:
    """Give the piece that tells the language of a recording, and what was said in it; `None` if none does."""
    long = [piece for piece in pieces if seconds(piece.spoken) >= ENOUGH_S]
    each = ((piece, said(piece)) for piece in long or pieces)
    return next(((piece, segments) for piece, segments in each if segments), None)


def _key(piece: Piece, samples: Samples, spoken: Spoken) -> bytes:
    """Name a piece by its place and its sound, and by what is known of its language."""
    known = f"{spoken.language} {spoken.before}" if spoken.language == AUTO else spoken.language
    named = known.encode() + piece.start.to_bytes(8) + piece.sound(samples).tobytes()
    return blake2b(named, digest_size=16).digest()
