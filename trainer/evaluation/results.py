"""What an evaluation found, as it is kept in `evaluation.json` and shown by the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from trainer.errors import DataError
from trainer.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

EVALUATION = "evaluation.json"
"""Its name in a work folder."""

CLEAN = "clean"
"""The tier of recordings as they are; the others are named by their signal-to-noise ratio, as in "20"."""

Role = Literal["personal", "general", "words", "silence"]
"""What a set stands for: the owner, everyone else, the word list, or recordings without speech."""


class Model(msgspec.Struct, frozen=True):
    """One model that was measured.

    Attributes:
        name: "stock", or what is in its place; "tuned", or the conversion's, as in "tuned float16".
        folder: Where it was.
        quantization: Type of its matrices.
        size: Bytes of its files.
        short_window: It decodes from the states of the speech alone.
        real_time_factor: Seconds of computing for a second of sound.
        sha256: Sum of its weights; empty where an earlier version measured it.
    """

    name: str
    folder: str
    quantization: str
    size: int
    short_window: bool
    real_time_factor: float
    sha256: str = ""


class Result(msgspec.Struct, frozen=True):
    """What one model made of one recording.

    Attributes:
        model: The model's name.
        set: The set that the recording is of.
        role: What the set stands for.
        tier: How clean the sound was, "clean" or the signal-to-noise ratio in dB.
        id: The recording's name in its list.
        audio: Its sound file.
        speaker: Who speaks.
        reference: What is said.
        text: What the model made of it, as it would be typed.
        duration_s: Length of the sound.
        seconds: How long recognition took.
    """

    model: str
    set: str
    role: Role
    tier: str
    id: str
    audio: str
    speaker: str
    reference: str
    text: str
    duration_s: float
    seconds: float


class Score(msgspec.Struct, frozen=True):
    """The error rates of one model on one set in one tier, in per cent.

    Attributes:
        model: The model's name.
        set: The set's name.
        role: What it stands for.
        tier: How clean the sound was.
        utterances: Recordings with speech.
        wer: Word error rate; `None` without speech.
        wer_low: Lower end of its 95 % interval, by bootstrap over the utterances.
        wer_high: Upper end.
        cer: Character error rate; `None` without speech.
        silent: Recordings without speech.
        invented: Characters that were recognised in these.
    """

    model: str
    set: str
    role: Role
    tier: str
    utterances: int
    wer: float | None
    wer_low: float | None
    wer_high: float | None
    cer: float | None
    silent: int
    invented: int


class Comparison(msgspec.Struct, frozen=True):
    """One model beside stock on the same utterances.

    Attributes:
        model: The model's name.
        set: The set's name.
        role: What it stands for.
        tier: How clean the sound was.
        stock_errors: Words that stock has wrong.
        errors: Words that the model has wrong.
        words: Words that were said.
        difference: Its word error rate less stock's, in points: below zero is better.
        low: Lower end of the difference's 95 % interval, by paired bootstrap over the utterances.
        high: Upper end.
        p: Two-sided probability of so large a difference by chance, by a paired permutation test.
    """

    model: str
    set: str
    role: Role
    tier: str
    stock_errors: int
    errors: int
    words: int
    difference: float
    low: float
    high: float
    p: float


class WordScore(msgspec.Struct, frozen=True):
    """How often one model had one word of the list right.

    Attributes:
        model: The model's name.
        word: The word.
        right: How often it was recognised where it was said.
        of: How often it was said.
        invented: How often it was recognised where it was not said.
    """

    model: str
    word: str
    right: int
    of: int
    invented: int


class Evaluation(msgspec.Struct, frozen=True):
    """All that was found.

    Attributes:
        models: What was measured; the others are compared with the first, which is stock or was asked for.
        results: Every recording with what each model made of it.
        scores: By model, set and tier.
        comparisons: By model, set and tier, for every model but stock.
        words: By model and word of the list; empty without one.
    """

    models: tuple[Model, ...]
    results: tuple[Result, ...]
    scores: tuple[Score, ...]
    comparisons: tuple[Comparison, ...]
    words: tuple[WordScore, ...]


def save(evaluation: Evaluation, folder: Path) -> Path:
    """Write an evaluation into a folder, whole or not at all; give its file.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(folder / EVALUATION) as partial:
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(evaluation), indent=1) + b"\n")
    return folder / EVALUATION


def load(folder: Path) -> Evaluation:
    """Read what `save` wrote.

    Raises:
        DataError: There is none, or it is damaged.
    """
    path = folder / EVALUATION
    try:
        return msgspec.json.decode(path.read_bytes(), type=Evaluation)
    except FileNotFoundError as error:
        raise DataError(f"{folder} has no {EVALUATION}: run saykey-trainer evaluate first.") from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}): run saykey-trainer evaluate again.") from error
