"""Whether a board keeps up with who speaks to it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from device.audio.listener import SILENT_MS
from device.audio.sound import WINDOW_MS
from device.bench.stages import SENTENCE
from device.speech.live import is_due

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.bench.stages import Times

LISTENING_SHARE = 0.5
"""Of one core. More leaves too little for all else that goes on while someone speaks."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the times come to.

    Attributes:
        keeps_up: Listening and recognising leave the board time to spare.
        listening_share: Of one core, while the button is held: 1 is all of it.
        rtf: Time to recognise speech, as a share of its own length, of the length where that is highest.
        at_once_ms: From the release to the text of a sentence, when the button comes up with the last word.
        pause_ms: A pause before the release that is long enough to recognise the sentence in.
        after_pause_ms: From the release to the text after such a pause.
    """

    keeps_up: bool
    listening_share: float
    rtf: float
    at_once_ms: float
    pause_ms: float
    after_pause_ms: float


def judge(times: Sequence[Times]) -> Verdict:
    """Judge what was measured.

    Args:
        times: What `Bench.measure` gave.
    """
    sentence = times[SENTENCE]
    listening_share = max(each.median("detect") / each.duration_s / 1000 for each in times)
    rtf = max(each.median("recognise") / each.duration_s / 1000 for each in times)
    cost_ms = sentence.median("after release")
    due_ms = next(ms for ms in (WINDOW_MS * windows for windows in count()) if is_due(ms, cost_ms))
    return Verdict(
        keeps_up=listening_share <= LISTENING_SHARE and rtf < 1,
        listening_share=listening_share,
        rtf=rtf,
        at_once_ms=max(SILENT_MS, due_ms + cost_ms),  # who lets go at once is heard for a little longer
        pause_ms=due_ms + cost_ms,
        after_pause_ms=sentence.median("after pause"),
    )


def in_words(verdict: Verdict, model: str, *, small: str) -> list[str]:
    """Say it to the user.

    Args:
        verdict: What the times come to.
        model: The name of the model.
        small: The name of the smallest model that knows the user's language.
    """
    listening = f"listening takes {_share(verdict.listening_share)} of one core"
    recognising = f"recognising takes {_share(verdict.rtf)} of the time that the speech took"
    if verdict.keeps_up:
        return [f"Keeps up: {recognising}, {listening}.", *_delays(verdict)]
    if verdict.listening_share > LISTENING_SHARE:
        return [
            f"This board is too slow for Saykey: {listening} (at most {_share(LISTENING_SHARE)} is well)."
        ]
    if model == small:
        return [f"This board is too slow for Saykey: {recognising}, with the smallest model that there is."]
    return [
        f"Too slow for this model: {recognising}. Try {small} (now: {model}):",
        f"  saykey model fetch {small} && saykey model use {small}",
    ]


def _delays(verdict: Verdict) -> list[str]:
    at_once_ms, pause_ms, after_ms = map(
        _rough, (verdict.at_once_ms, verdict.pause_ms, verdict.after_pause_ms)
    )
    return [
        "The text of a sentence is there",
        f"  about {at_once_ms} ms after you let go, when you let go with the last word,",
        f"  about {after_ms} ms after, when you paused for {pause_ms} ms before.",
    ]


def _share(part: float) -> str:
    return f"{100 * part:.{int(part < 0.01)}f} %"


def _rough(milliseconds: float) -> int:
    """Round up to tens: a digit more would be a promise. Less than 10 is told as it is."""
    return math.ceil(milliseconds) if milliseconds <= 10 else 10 * math.ceil(milliseconds / 10)
