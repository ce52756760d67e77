"""Where in a recording there is speech: a pure state machine over the detector's probabilities.

The rules and their names are Silero's (`get_speech_timestamps` in silero-vad), taken one window at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from device.audio.sound import WINDOW, WINDOW_MS, samples_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from device.settings import SpeechSettings


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a recording that holds speech.

    Attributes:
        start: First sample.
        end: One past the last sample.
        speech_end: One past the last sample of the last window that held speech, before any padding.
        speech_probability: Highest probability that the detector gave to a window of it, 0 to 1.
        spoken: Samples of those windows of it that held speech, pauses left out.
        speech_start: First sample of its first window that held speech, before any padding.
    """

    start: int
    end: int
    speech_end: int
    speech_probability: float
    spoken: int
    speech_start: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the state machine remembers between two windows.

    Attributes:
        window: Number of the next window.
        start: Window in which the open passage began; `None` while there is silence.
        quiet_since: Window since which the open passage has been silent; `None` while it is spoken.
        spoken: Windows of the open passage that held speech.
        peak: Highest probability in the open passage.
    """

    window: int = 0
    start: int | None = None
    quiet_since: int | None = None
    spoken: int = 0
    peak: float = 0.0

    @property
    def speaking(self) -> bool:
        """Whether someone speaks now, or has paused for less than `min_silence_duration_ms`."""
        return self.start is not None


def step(state: Endpoint, probability: float, settings: SpeechSettings) -> tuple[Endpoint, Passage | None]:
    """Take the next window's probability; give the new state, and the passage that it ended, if any."""
    following = replace(state, window=state.window + 1)
    if state.start is None:
        if probability < settings.threshold:
            return following, None
        return replace(following, start=state.window, spoken=1, peak=probability), None
    following = replace(following, peak=max(state.peak, probability))
    if probability >= settings.threshold:
        return replace(following, quiet_since=None, spoken=state.spoken + 1), None
    quiet_since = state.quiet_since
    # Between the thresholds a voice fades: it does not begin a silence.
    if quiet_since is None and probability < settings.neg_threshold:
        quiet_since = state.window
    following = replace(following, quiet_since=quiet_since)
    if quiet_since is None or (following.window - quiet_since) * WINDOW_MS < settings.min_silence_duration_ms:
        return following, None
    return Endpoint(window=following.window), close(following, settings)


def close(state: Endpoint, settings: SpeechSettings) -> Passage | None:
    """Give the passage that is open, as at the end of a recording; `None` when too short to be speech."""
    if state.start is None or state.spoken * WINDOW_MS < settings.min_speech_duration_ms:
        return None
    end = WINDOW * (state.window if state.quiet_since is None else state.quiet_since)
    start = state.start * WINDOW
    return Passage(start, end, end, state.peak, state.spoken * WINDOW, start)


def endpoint(probabilities: Iterable[float], settings: SpeechSettings) -> list[Passage]:
    """Give the passages of a whole recording."""
    state, passages = Endpoint(), []
    for probability in probabilities:
        state, passage = step(state, probability, settings)
        if passage:
            passages.append(passage)
    last = close(state, settings)
    return [*passages, last] if last else passages


def pad(passages: Sequence[Passage], length: int, speech_pad_ms: int) -> tuple[Passage, ...]:
    """Widen each passage by `speech_pad_ms` on both sides, at most to the middle of a pause or an end."""
    margin = samples_in(speech_pad_ms)
    edges = [0, *((before.end + after.start) // 2 for before, after in pairwise(passages)), length]
    return tuple(
        replace(passage, start=max(before, passage.start - margin), end=min(after, passage.end + margin))
        for passage, (before, after) in zip(passages, pairwise(edges), strict=False)
    )
