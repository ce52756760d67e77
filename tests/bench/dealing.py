"""Recordings dealt into folds: what a model learns from, is judged by and is measured on in each."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from trainer.dataset import load_manifest
from trainer.evaluation.rates import normalised
from trainer.files import replacing_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.dataset import Utterance

LEAST_VALIDATION = 8
"""So many of what a model learns from decide at least what is kept of the training."""


def dealt(utterances: Sequence[Utterance], folds: int, seed: int) -> list[list[Utterance]]:
    """Give the folds: each recording is in one, and those of the same text are in the same."""
    of_text: dict[str, list[Utterance]] = {}
    for each in sorted(utterances, key=lambda each: each.id):
        of_text.setdefault(normalised(each.text), []).append(each)
    texts = sorted(of_text)
    random.Random(f"{seed} folds").shuffle(texts)
    dealt: list[list[Utterance]] = [[] for _ in range(folds)]
    for place, text in enumerate(texts):
        dealt[place % folds] += of_text[text]
    return dealt


def lesson(folds: Sequence[Sequence[Utterance]], held: int, amount: int | None, seed: int) -> list[Utterance]:
    """Give the recordings of one fold's training, by their splits.

    Args:
        folds: As they were dealt.
        held: Index of the fold that tests.
        amount: So many of the others are learned from or judged by, `None` for all; smaller ones are part of
            larger ones.
        seed: Chooses.
    """
    others = [each for index, fold in enumerate(folds) if index != held for each in fold]
    random.Random(f"{seed} lesson {held}").shuffle(others)
    taken = others[:amount]
    judged = max(LEAST_VALIDATION, len(taken) // 10)
    return [
        *(replace(each, split="validation") for each in taken[:judged]),
        *(replace(each, split="train") for each in taken[judged:]),
        *(replace(each, split="test") for each in folds[held]),
    ]


def write_lesson(utterances: Sequence[Utterance], target: Path) -> None:
    """Write a folder whose list names recordings that lie elsewhere."""
    with replacing_folder(target) as folder:
        lines = [json.dumps(_row(each), ensure_ascii=False) + "\n" for each in utterances]
        (folder / "manifest.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")


def unlearned(general: Path, own: Path) -> list[Utterance]:
    """Give other people's recordings for testing, without what the owner says too in some fold."""
    known = {normalised(each.text) for each in load_manifest(own) if each.text}
    return [
        each for each in load_manifest(general) if each.split == "test" and normalised(each.text) not in known
    ]


def _row(each: Utterance) -> dict[str, str]:
    return {
        "id": each.id,
        "audio": each.path.absolute().as_posix(),
        "text": each.text,
        "set": each.set,
        "speaker": each.speaker,
        "split": each.split,
    }
