"""The owner's words: how many are right by each way to use a list, and what that costs elsewhere.

    python -m tests.bench.vocabulary --data FOLDER [--work WORK] [--model tiny.en]

FOLDER holds people's recordings as for accuracy.py. There are three lists: rare words that are said there,
fifty that nobody says, and jargon that machine voices say (words.txt in words-said.txt, by Piper and Flite).
Each is used in four ways: "prompt" and "hotwords" as vocabulary.use has them, "repair" as vocabulary.repair,
and "all", which is hotwords and repair. What was recognised is kept in WORK, so that another call with
another repair has its figures soon.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from device.app import load_detector, load_recogniser
from device.commands.transcribe import transcribe
from device.models.store import resolve
from device.settings import RecognitionSettings, Settings, VocabularySettings
from device.speech.tokens import tokens_of
from device.text.repair import Repair
from device.text.vocabulary import parse
from trainer.dataset import load_manifest
from trainer.evaluation.rates import Edits, per_cent, word_edits
from trainer.evaluation.words import occurrences
from trainer.synthesis.folder import synthesize
from trainer.synthesis.voices import chosen
from trainer.words import load_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    from device.text.vocabulary import Word
    from trainer.dataset import Utterance

    Use = Literal["none", "hotwords", "prompt"]

HERE = Path(__file__).parent

SAID, IRRELEVANT, JARGON = "vocabulary-said", "vocabulary-irrelevant", "words"
"""The lists: said by people, by nobody, by machines."""

VOICES = ("piper", "flite")

SEED = 1

TOLERANCE = 0.1
"""Points of word error rate by which a set may be worse with a list of which nothing is said."""

WAYS: dict[str, tuple[Use, bool]] = {
    "none": ("none", False),
    "prompt": ("prompt", False),
    "hotwords": ("hotwords", False),
    "repair": ("none", True),
    "all": ("hotwords", True),
}
"""What the settings use and repair are in each way."""

DEFAULT = "repair"
"""The way that the default settings have."""


class Text(NamedTuple):
    """One recording: of which set, what was said, and what was typed."""

    set: str
    said: str
    typed: str


def main() -> int:
    """Print the tables; exit 1 when the default way costs too much."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument(
        "--work", type=Path, default=Path("build/vocabulary"), help="folder that keeps it all"
    )
    parser.add_argument("--model", default="tiny.en", help="the model")
    arguments = parser.parse_args()

    bench = Bench(arguments.work, arguments.model)
    arguments.work.mkdir(parents=True, exist_ok=True)
    people = [each for each in load_manifest(arguments.data) if each.text]
    machines = load_manifest(_spoken(arguments.work / "jargon"))
    print("words of the list: right, of, said by nobody; WER in per cent, and where none of them is said\n")
    for name, utterances in ((SAID, people), (JARGON, machines)):
        words = _list(name)
        print(f"{name}\n{'':10}{'right':>7}{'of':>5}{'invented':>10}{'WER':>8}{'elsewhere':>11}")
        for way in WAYS:
            _row(way, words, bench.texts(utterances, name, way))
        print()
    return int(_harm({way: bench.texts(people, IRRELEVANT, way) for way in WAYS}))


class Bench:
    """Recognises, and keeps what was recognised."""

    def __init__(self, work: Path, model: str) -> None:
        self._work, self._model = work, model
        self._is_common: Callable[[str], bool] | None = None

    def texts(self, utterances: Sequence[Utterance], name: str, way: str) -> list[Text]:
        """Give what is typed with a list in one of the ways."""
        use, repairs = WAYS[way]
        heard = self._heard(utterances, name, use)
        repair = Repair(_list(name), self._common) if repairs else lambda text, _: text
        return [
            Text(each.set, each.text, " ".join(repair(segment, "en") for segment in heard[each.id]))
            for each in utterances
        ]

    @property
    def _common(self) -> Callable[[str], bool]:
        if self._is_common is None:
            tokens = tokens_of(resolve(RecognitionSettings(model=self._model)))
            self._is_common = lambda word: word.isdecimal() or tokens.has(word)
        return self._is_common

    def _heard(self, utterances: Sequence[Utterance], name: str, use: Use) -> dict[str, list[str]]:
        """Give the texts of the segments of each recording."""
        spoken = "machines" if name == JARGON else "people"
        file = self._work / (f"{spoken}-none.jsonl" if use == "none" else f"{name}-{use}.jsonl")
        if not file.exists():
            new = file.with_suffix(".new")
            with new.open("w", encoding="utf-8") as stream:
                for key, segments in self._recognised(utterances, _list(name), use):
                    stream.write(json.dumps({"id": key, "segments": segments}) + "\n")
            new.rename(file)
        rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
        return {row["id"]: row["segments"] for row in rows}

    def _recognised(
        self, utterances: Sequence[Utterance], words: Sequence[Word], use: Use
    ) -> Iterator[tuple[str, list[str]]]:
        settings = Settings(
            recognition=RecognitionSettings(model=self._model),
            vocabulary=VocabularySettings(use=use, repair=False),
        )
        detector, recogniser = load_detector(), load_recogniser(settings, words=words)
        began = time.perf_counter()
        for count, each in enumerate(utterances, 1):
            transcript = transcribe(each.path, detector, recogniser, settings)
            yield each.id, [segment.text for segment in transcript.segments]
            print(f"\r{use}: {count} in {time.perf_counter() - began:.0f} s", end="", file=sys.stderr)
        print(file=sys.stderr)


def _list(name: str) -> tuple[Word, ...]:
    return parse((HERE / f"{name}.txt").read_text(encoding="utf-8"), name)


def _spoken(target: Path) -> Path:
    """Have machines say the sentences with jargon, each by one of the voices."""
    if not target.exists():
        lines = (HERE / "words-said.txt").read_text(encoding="utf-8").splitlines()
        said = [line for line in lines if line and not line.startswith("#")]
        words = load_words(HERE / f"{JARGON}.txt")
        synthesize(words, target, voices=chosen(list(VOICES)), per_word=0, seed=SEED, sentences=said)
    return target


def _row(way: str, words: Sequence[Word], texts: Sequence[Text]) -> None:
    right = of = invented = 0
    everywhere, elsewhere = list[Edits](), list[Edits]()
    for text in texts:
        counts = [(occurrences(word.text, text.said), occurrences(word.text, text.typed)) for word in words]
        right += sum(map(min, counts))
        of += sum(said for said, _ in counts)
        invented += sum(max(0, typed - said) for said, typed in counts)
        edits = word_edits(text.said, text.typed)
        everywhere.append(edits)
        if not any(said for said, _ in counts):
            elsewhere.append(edits)
    print(f"{way:10}{right:7}{of:5}{invented:10}{per_cent(everywhere):8.2f}{per_cent(elsewhere):11.2f}")


def _harm(texts: dict[str, list[Text]]) -> bool:
    """Print what a list costs of which nothing is said; say whether the default way costs too much."""
    rates = {way: _by_set(of_way) for way, of_way in texts.items()}
    print(f"{IRRELEVANT}: WER, and the difference to that without a list")
    print(f"{'':24}{'none':>7}" + "".join(f"{way:>10}" for way in WAYS if way != "none"))
    for name, without in rates["none"].items():
        others = "".join(f"{rates[way][name] - without:+10.2f}" for way in WAYS if way != "none")
        print(f"{name:24}{without:7.2f}{others}")
    return any(rate > rates["none"][name] + TOLERANCE for name, rate in rates[DEFAULT].items())


def _by_set(texts: Sequence[Text]) -> dict[str, float]:
    edits: dict[str, list[Edits]] = defaultdict(list)
    for text in texts:
        edits[text.set].append(word_edits(text.said, text.typed))
    edits["all"] = [each for of_set in list(edits.values()) for each in of_set]
    return {name: per_cent(of_set) for name, of_set in edits.items()}


if __name__ == "__main__":
    sys.exit(main())
