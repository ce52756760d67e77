"""What the recogniser understood, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of speech that was recognised in one piece.

    Attributes:
        start_s: Where it begins in the recording, in seconds.
        end_s: Where it ends.
        text: What was said, stripped of outer spaces.
        avg_logprob: Mean log-probability of its tokens, as in Whisper.
        no_speech_prob: Whisper's own probability that there is no speech in it.
        language: Code of the language in which it was recognised.
    """

    start_s: float
    end_s: float
    text: str = field(repr=False)  # no log and no traceback shall show it
    avg_logprob: float
    no_speech_prob: float
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was recognised in one recording.

    Attributes:
        segments: What was said, in order. Empty when nothing was.
        duration_s: Length of the recording.
        times_ms: How long each stage took, by name, in milliseconds.
    """

    segments: tuple[Segment, ...]
    duration_s: float
    times_ms: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What was said, in one line."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def language(self) -> str:
        """Code of the language in which it was said; empty when nothing was."""
        return self.segments[-1].language if self.segments else ""

    def beginning(self, words: int) -> Transcript:
        """Give the same as far as its first words go."""
        segments = []
        for segment in self.segments:
            parts = segment.text.split()[:words]
            words -= len(parts)
            if parts:
                segments.append(replace(segment, text=" ".join(parts)))
        return replace(self, segments=tuple(segments))
