"""Sentences with the owner's words, to learn from, and some by other voices, to measure with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trainer.evaluation.rates import normalised
from trainer.files import replacing_folder, write_text
from trainer.synthesis.folder import synthesize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trainer.progress import Report
    from trainer.synthesis.voices import Voice
    from trainer.words import Word

LEARNED, MEASURED = "learned", "measured"
"""The prepared folders in the one that is written."""

PER_WORD, MEASURED_PER_WORD = 50, 4
"""Sentences for each word to learn from (CATALOGUE: 50 to 100 instances), and to measure with."""

_EVERY = 4
"""Of a program's voices every fourth is kept to measure with."""


def held_out(voices: Sequence[Voice]) -> tuple[list[Voice], list[Voice]]:
    """Give the voices to learn from and others to measure with: of each program every fourth.

    Where no program has four, the last voice of all is kept; where there is but one voice, none is.
    """
    of: dict[str, list[Voice]] = {}
    for voice in voices:
        of.setdefault(voice.program, []).append(voice)
    measured = [voice for own in of.values() for voice in own[_EVERY - 1 :: _EVERY]]
    if not measured and len(voices) > 1:
        measured = [voices[-1]]
    return [voice for voice in voices if voice not in measured], measured


def speak(  # noqa: PLR0913, PLR0917  # what is said, by whom, where to
    words: Sequence[Word],
    voices: Sequence[Voice],
    known: dict[str, str],
    target: Path,
    seed: int,
    report: Report,
) -> None:
    """Write the prepared folders `LEARNED` and, where a voice can be held out, `MEASURED`.

    Args:
        words: The owner's words.
        voices: Who speaks.
        known: Texts of recordings, normalised, with their splits: what is measured anywhere is not learned
            here, and what is learned anywhere is not measured here.
        target: The folder of both.
        seed: Chooses sentences and manners.
        report: Told how far it is.

    Raises:
        DataError: There are no words, or the folder cannot be written.
        MissingError: A voice's program is not installed.
        ProgramError: A program failed.
    """
    learning, measuring = held_out(voices)
    with replacing_folder(target) as folder:
        measured: set[str] = set()
        if measuring:
            made = folder / MEASURED
            synthesize(words, made, voices=measuring, per_word=MEASURED_PER_WORD, seed=seed + 1)
            measured = _kept(made, lambda text: known.get(text, "test") == "test", split="test")
        made = folder / LEARNED
        synthesize(words, made, voices=learning, per_word=PER_WORD, seed=seed, report=report)
        _kept(made, lambda text: text not in measured and known.get(text, "train") == "train")


def _kept(folder: Path, fits: Callable[[str], bool], split: str = "") -> set[str]:
    """Take the rows out of a prepared folder's list whose text does not fit; give the texts that stay."""
    file = folder / "manifest.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    kept = [row | ({"split": split} if split else {}) for row in rows if fits(normalised(row["text"]))]
    write_text(file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept))
    return {normalised(row["text"]) for row in kept}
