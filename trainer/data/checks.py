"""What is wrong with one recording, judged by what was measured of it, its text, and what a model hears."""

from __future__ import annotations

import re
import shlex
import unicodedata
from typing import TYPE_CHECKING

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.data.findings import Finding, flagged, noted, rejected
from trainer.evaluation.rates import character_edits, normalised, word_edits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.data.sound import Facts

SHORTEST_S, SHORT_S, LONGEST_S = 1.0, 2.0, 30.0
"""Whisper hears 30 s at a time; below 1 s its text is mostly guesswork."""

_SILENT_DB = -60.0
_PEAK_DB = (-3.0, -1.0)
_LEAST_SNR_DB = 20.0
_LONG_SILENCE_S = 1.0

MOST_CHARACTERS_PER_S, MANY_CHARACTERS_PER_S, FEW_CHARACTERS_PER_S = 30.0, 23.0, 4.0
"""Text for the length of its sound: of 600 read and dictated sentences, all but two had 5.8 to 21.4."""

_WRONG, _DOUBTFUL = 0.5, 0.2
"""Error rates above which a model contradicts a text, and above which somebody should look."""

_MARK = re.compile(r"<\|[^|<>]*\|>")
"""What Whisper writes beside its text, such as "<|0.00|>"."""

# U+FFFD stands for what could not be decoded; the rest is UTF-8 that was read as Latin-1 or CP-1252.
_WRONG_ENCODING = re.compile("\ufffd|[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac")


def cleaned(text: str) -> str:
    """Give text on one line, composed, without characters that nobody sees and what no file can hold.

    Text without words, such as "[noise]", says that nobody speaks: it becomes empty.
    """
    kept = "".join(character for character in text if character.isspace() or not _is_invisible(character))
    clean = " ".join(unicodedata.normalize("NFC", kept).split())
    return clean if _has_words(clean) else ""


def sound_findings(file: str, facts: Facts, *, spoken: bool) -> Iterator[Finding]:
    """Judge the sound of a recording.

    Args:
        file: What findings call it.
        facts: What was measured.
        spoken: It has text, so that it should hold speech.
    """
    yield from _length(file, facts)
    yield from _format(file, facts)
    yield from _level(file, facts, spoken=spoken)
    if not spoken:
        return
    if facts.snr_db is not None and facts.snr_db < _LEAST_SNR_DB:
        wrong = f"the noise is only about {max(int(facts.snr_db), 0)} dB below the speech"
        yield flagged("noise", file, wrong, "record in a quieter place, or nearer to the microphone")
    for where, silence_s in (("beginning", facts.lead_s), ("end", facts.tail_s)):
        if silence_s > _LONG_SILENCE_S:
            yield noted("silence", file, f"{silence_s:.1f} s of silence at the {where}")


def text_findings(file: str, text: str, facts: Facts) -> Iterator[Finding]:
    """Judge a text that has words, as it stands in the list."""
    clean = cleaned(text)
    if any(_is_invisible(character) for character in text if not character.isspace()):
        yield flagged(
            "characters", file, "invisible characters in the text", "look at the text", "removed them"
        )
    if mark := _MARK.search(clean):
        remedy = "take such marks out, and leave what is said"
        yield rejected("marks", file, f"the text has a mark of Whisper's in it: {mark[0][:40]}", remedy)
    if _WRONG_ENCODING.search(clean):
        yield flagged(
            "characters", file, f"letters in the text are broken: {clean[:40]}", "save it as UTF-8 again"
        )
    yield from _pace(file, clean, facts.duration_s)


def heard_findings(file: str, text: str, heard: str) -> Iterator[Finding]:
    """Judge a text by what the stock model hears, both as Whisper's normaliser writes them.

    A text counts as another's only where the characters contradict it as well as the words: a model that does
    not know the words writes what sounds like them. Of texts given to the wrong recording, 99 % differ in
    more than 60 % of the characters.
    """
    if not _has_words(text):
        if _has_words(heard):
            wrong = f"somebody seems to speak, but there is no text; the model hears: {heard[:80]}"
            yield flagged("no text", file, wrong, "listen, and write what is said")
        return
    if not _has_words(heard):
        yield rejected(
            "no speech", file, "the model hears no speech", "listen; record it again, or take it out"
        )
        return
    words, characters = contradiction(text, heard)
    wrong = f"the model hears other words ({100 * words:.0f} % differ): {heard[:80]}"
    if words > _WRONG and characters > _WRONG:
        yield rejected("mislabelled", file, wrong, f"listen, and correct the text: {text[:80]}")
    elif words > _DOUBTFUL:
        yield flagged("doubtful text", file, wrong, f"listen, and compare it with the text: {text[:80]}")


def contradiction(text: str, heard: str) -> tuple[float, float]:
    """Give the shares of words and of characters in which what is heard differs from a text.

    The normaliser takes what is in brackets for a remark; it counts as read aloud where that fits better.
    """
    readings = {text, re.sub(r"[()\[\]]", " ", text)}
    rates = []
    for reading in filter(_has_words, readings):
        words, characters = word_edits(reading, heard), character_edits(reading, heard)
        rates.append((words.errors / words.of, characters.errors / characters.of))
    return min(rates)


def _length(file: str, facts: Facts) -> Iterator[Finding]:
    length_s = facts.duration_s
    if length_s > LONGEST_S:
        remedy = f"cut it at its pauses: saykey-trainer record FOLDER --long {shlex.quote(file)} --text FILE"
        yield rejected("too long", file, f"is {length_s:.1f} s long; 30 s is the most", remedy)
    elif length_s < SHORTEST_S:
        remedy = "record it again within a sentence; 5 to 15 s is best"
        yield rejected("too short", file, f"is {length_s:.2f} s long; 1 s is the least", remedy)
    elif length_s < SHORT_S:
        yield flagged(
            "short", file, f"is only {length_s:.2f} s long", "prefer whole sentences; 5 to 15 s is best"
        )


def _format(file: str, facts: Facts) -> Iterator[Finding]:
    if facts.rate_hz < SAMPLE_RATE_HZ:
        wrong = f"has a rate of {facts.rate_hz} Hz: nothing above {facts.rate_hz / 2000:g} kHz can be heard"
        yield flagged("low rate", file, wrong, "record it at 16 kHz or more", "resampled to 16 kHz")
    elif facts.rate_hz > SAMPLE_RATE_HZ:
        yield noted("rate", file, f"has a rate of {facts.rate_hz} Hz", done="resampled to 16 kHz")
    if facts.channels > 1:
        yield noted("channels", file, f"has {facts.channels} channels", done="mixed to one")
    if facts.subtype in {"FLOAT", "DOUBLE", "PCM_24", "PCM_32"}:
        yield noted("samples", file, f"has samples of the type {facts.subtype}", done="rounded to 16 bits")
    elif facts.subtype in {"PCM_U8", "PCM_S8", "ULAW", "ALAW"}:
        wrong = f"has samples of the type {facts.subtype}, which are noisy"
        yield flagged("samples", file, wrong, "record it with 16 bits")


def _level(file: str, facts: Facts, *, spoken: bool) -> Iterator[Finding]:
    if facts.clipped:
        remedy = "turn the microphone down and record it again"
        yield flagged("clipping", file, f"the tops of {facts.clipped} samples are cut off", remedy)
    if not spoken:
        return
    if facts.peak_db < _SILENT_DB:
        wrong = "is silent, though it has text"
        yield rejected("no speech", file, wrong, "check the microphone and record it again")
    elif not _PEAK_DB[0] <= facts.peak_db <= _PEAK_DB[1]:
        yield noted("peak", file, f"peaks at {facts.peak_db:.1f} dB; -3 to -1 dB is best")


def _pace(file: str, text: str, duration_s: float) -> Iterator[Finding]:
    pace = len(text) / duration_s
    wrong = f"{len(text)} characters in {duration_s:.1f} s"
    if pace > MOST_CHARACTERS_PER_S:
        yield rejected("pace", file, f"{wrong}: more than anybody says", "give it the text of this recording")
    elif pace > MANY_CHARACTERS_PER_S:
        yield flagged("pace", file, f"{wrong}: faster than most speak", "look whether the sound ends early")
    elif pace < FEW_CHARACTERS_PER_S:
        yield flagged(
            "pace", file, f"{wrong}: slower than most speak", "look whether words are missing in the text"
        )


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in normalised(text))  # it leaves a dot of three


def _is_invisible(character: str) -> bool:
    # Of those that only format, the joiners belong to the spelling of Persian, Hindi and others.
    return unicodedata.category(character).startswith("C") and character not in "\u200c\u200d"
