"""The tables of tests/bench/words.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from rich.console import Console

from trainer.conversion.trained import read_record
from trainer.evaluation.tables import tables
from trainer.evaluation.words import word_scores
from trainer.personalize.steps import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from trainer.evaluation.results import Evaluation, Result
    from trainer.words import Word

AIM = 80.0
"""Per cent of the words that shall be right when others say them."""

TOLERANCE = 0.5
"""Points of word error rate by which general speech may become worse."""


def show(words: Sequence[Word], found: Evaluation) -> None:
    """Print how often the words are right, how often they are invented, and the error rates."""
    sets = list(dict.fromkeys(each.set for each in found.results if each.role == "words"))
    _by_word(words, found, sets)
    _by_voice(words, found, sets)
    _invented(words, found)
    for table in tables(msgspec.structs.replace(found, words=())):
        Console(width=120).print(table)


def show_training(work: Path) -> None:
    """Print how training went, and how long everything took."""
    for line in (work / "run/log.jsonl").read_text(encoding="utf-8").splitlines():
        epoch = msgspec.json.decode(line)
        rates = f"words {epoch['validation_wer']:.2f}, general {epoch['general_wer'] or 0:.2f}"
        print(f"epoch {epoch['epoch']}: validation WER % of {rates}; {epoch['seconds']:.0f} s")
    if record := read_record(work / "run/model"):
        print(f"{record.utterances} utterances; {record.interpolation:g} of the trained weights are kept")
    print("seconds: " + ", ".join(f"{name} {done.seconds:.0f}" for name, done in read(work).items()))


def missed(words: Sequence[Word], found: Evaluation, others: str) -> list[str]:
    """Give the limits that are missed; `others` is the set in which the words count."""
    limits = []
    right, of = _right(words, [each for each in found.results if each.set == others])["tuned"]
    if 100 * right < AIM * of:
        limits.append(f"{others}: {100 * right / of:.1f} % of the words are right, not {AIM:.0f}")
    everyone = [each for each in found.comparisons if each.role == "general"][-1]
    if everyone.difference > TOLERANCE:
        limits.append(f"{everyone.set}: {everyone.difference:+.2f} points of WER")
    return limits


def _by_word(words: Sequence[Word], found: Evaluation, sets: Sequence[str]) -> None:
    models = [model.name for model in found.models]
    print(f"{'right of said':16}" + "".join(f"{name:>{10 * len(models)}}" for name in sets))
    print(f"{'':16}" + "".join(f"{model:>10}" for _ in sets for model in models))
    for label, of in [*((word.text, [word]) for word in words), ("all", words)]:
        cells = []
        for name in sets:
            counts = _right(of, [each for each in found.results if each.set == name])
            cells += ["/".join(map(str, counts[model])) for model in models]
        print(f"{label:16}" + "".join(f"{cell:>10}" for cell in cells))


def _by_voice(words: Sequence[Word], found: Evaluation, sets: Sequence[str]) -> None:
    models = [model.name for model in found.models]
    print(f"\n{'right, per cent':28}{'said':>6}" + "".join(f"{model:>10}" for model in models))
    spoken = [each for each in found.results if each.role == "words"]
    groups = [(name, [each for each in spoken if each.set == name]) for name in sets]
    voices = dict.fromkeys(each.speaker for each in spoken)
    groups += [(f"  {voice}", [each for each in spoken if each.speaker == voice]) for voice in voices]
    for name, results in groups:
        counts = _right(words, results)
        shares = "".join(f"{100 * counts[model][0] / counts[model][1]:10.1f}" for model in models)
        print(f"{name:28}{counts[models[0]][1]:6}{shares}")


def _invented(words: Sequence[Word], found: Evaluation) -> None:
    names = "".join(f"{model.name:>10}" for model in found.models)
    print(f"\n{'words where nobody said them':28}{'':6}{names}")
    for name, machine in (("people", False), ("machines", True)):
        results = [each for each in found.results if (each.role == "words") is machine]
        scores = word_scores(words, results)
        counts = [sum(each.invented for each in scores if each.model == model.name) for model in found.models]
        print(f"{name:28}{len(results) // len(found.models):6}" + "".join(f"{each:10}" for each in counts))
        wrong = {each.word: each.invented for each in scores if each.model == "tuned" and each.invented}
        if wrong:
            print("  " + ", ".join(f"{word} {count}" for word, count in wrong.items()))
    print()


def _right(words: Sequence[Word], results: Iterable[Result]) -> dict[str, tuple[int, int]]:
    """Give for each model how often the words were right, and how often they were said."""
    counts: dict[str, tuple[int, int]] = {}
    for each in word_scores(words, results):
        right, of = counts.get(each.model, (0, 0))
        counts[each.model] = (right + each.right, of + each.of)
    return counts
