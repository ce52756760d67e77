"""What is not believed of a recogniser's output: loops, and words for sounds that were no speech. Pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.settings import RecognitionSettings
    from device.speech.engine import Decoded

SECOND_OPINION_LOGPROB = -0.2
"""Below this a greedy result is searched again with a beam.

On 307 utterances, greedy alone made 6.4 % word errors, the beam alone 5.5 %; this value asks the beam for a
quarter of them and makes 5.5 %.
"""

WHOLE_WINDOW_LOGPROB = -0.4
"""Below this the beam's result is searched again in the whole window.

On 122 utterances in noise of 0 to 15 dB, the beam made 14.0 % word errors, in the whole window 13.6 %, and
the likelier of the two where the first is below this 13.3 %. Of 307 utterances as they are, 4 % are below.
"""

FAINT_SPEECH = 0.9
"""The detector gives speech a window above this, also when lowered by 30 dB or 5 dB above noise.

That held for 150 utterances of 150; of 75 recordings without speech (a guitar, a dog, taps, machines, a radio
between stations) none had a window above 0.89.
"""

FAINT_SPEECH_LOGPROB = -0.3
"""What faint speech must reach to be believed: phrases invented for 20 such recordings had at most -0.35."""

FEWEST_CHARACTERS_PER_S = 14.0
"""Of 614 recordings nine in ten have more characters for each second that was spoken; the median has 17."""

MOST_CHARACTERS_PER_S = 22.0
"""Of 93 short commands that were read right none had more than 20 for each second that was spoken, of 20 that
were written twice or more none had fewer than 24."""

_SHORTFALL_S = 5.0
"""So long someone must have spoken before the number of characters says anything."""

_PERIODS = range(1, 33)
"""Lengths of a loop in tokens: a word up to a long sentence."""

_TURNS = 4
"""So often a run of tokens must be repeated at the end to be a loop: people say a word three times."""

_LOOP_TOKENS = 12
"""So long all turns of a loop must be."""


def compression_ratio(text: str) -> float:
    """Give how much shorter zlib makes a text: up to 2 for speech, more for loops (Whisper, utils.py)."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def loop_start(tokens: Sequence[int]) -> int | None:
    """Find the loop in which tokens end, even in mid-turn: the index after its first turn, or `None`."""
    for period in _PERIODS:
        start = len(tokens) - period
        while start > 0 and tokens[start - 1] == tokens[start - 1 + period]:
            start -= 1
        if len(tokens) - start >= max(_TURNS * period, _LOOP_TOKENS):
            return start + period
    return None


def loops(decoded: Decoded, settings: RecognitionSettings) -> bool:
    """Say whether the model repeated itself or found no end."""
    return (
        decoded.capped
        or compression_ratio(decoded.text) > settings.compression_ratio_threshold
        or loop_start(decoded.tokens) is not None
    )


def falls_short(text: str, spoken_s: float) -> bool:
    """Say whether a text is too short for what was spoken: Whisper sometimes ends after the first sentence.

    Args:
        text: What was recognised.
        spoken_s: How long someone spoke, pauses left out.
    """
    return spoken_s >= _SHORTFALL_S and len(text) < FEWEST_CHARACTERS_PER_S * spoken_s


def outruns(text: str, spoken_s: float) -> bool:
    """Say whether a text is too long for what was spoken: of a word or two, Whisper sometimes makes four.

    The arguments are those of `falls_short`.
    """
    return len(text) > MOST_CHARACTERS_PER_S * spoken_s


def wants_second_opinion(decoded: Decoded, settings: RecognitionSettings) -> bool:
    """Say whether a greedy result is worth a search with a beam."""
    return decoded.avg_logprob < SECOND_OPINION_LOGPROB or loops(decoded, settings)


def wants_whole_window(decoded: Decoded, spoken_s: float, settings: RecognitionSettings) -> bool:
    """Say whether the best result so far is worth encoding the speech in Whisper's window of 30 s."""
    return (
        decoded.avg_logprob < WHOLE_WINDOW_LOGPROB
        or loops(decoded, settings)
        or falls_short(decoded.text, spoken_s)
    )


def is_speech(decoded: Decoded, speech_probability: float, settings: RecognitionSettings) -> bool:
    """Say whether a result stands for words that were spoken, by all the evidence there is.

    Args:
        decoded: What the model made of it.
        speech_probability: Highest probability of the speech detector in it, 0 to 1.
        settings: The thresholds.
    """
    if not any(character.isalnum() for character in decoded.text):
        return False
    if (
        decoded.no_speech_prob > settings.no_speech_threshold
        and decoded.avg_logprob < settings.log_prob_threshold
    ):
        return False
    return speech_probability >= FAINT_SPEECH or decoded.avg_logprob >= FAINT_SPEECH_LOGPROB
