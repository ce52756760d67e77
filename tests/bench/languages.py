"""Which language is heard, what that costs, and whether the text arrives through that language's layout.

    python -m tests.bench.languages [--model base] [--data FOLDER] [--threads 1]

The recordings are those of the package pytest-audioeval, wherever Python finds it. It is not imported, so
that it can be installed without what it depends on; but not where tests run, as it is a plugin of pytest:
pip install --no-deps --target PLACE pytest-audioeval, and PYTHONPATH=PLACE. FOLDER holds manifest.jsonl with
English recordings besides, of which 60 are taken, short and long ones.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from device.app import host_described, load_detector, load_engine
from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import seconds
from device.keyboard.one_text import type_text
from device.models.self_test import words_apart
from device.settings import AUTO, KeyboardSettings, LanguageSettings, RecognitionSettings, Settings
from device.simulation.virtual_host import VirtualHost
from device.simulation.virtual_keyboard import VirtualKeyboard
from device.speech.live import LiveRecogniser
from device.speech.pieces import cut
from device.speech.recogniser import PieceRecogniser
from device.text.format import format_text
from tests.bench.texts import PROSE
from trainer.dataset import load_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.ports import SpeechDetector
    from device.speech.engine import Engine
    from device.speech.transcript import Transcript

LAYOUTS = {"en": "us", "de": "de", "fr": "fr", "es": "es", "it": "it", "pt": "pt"}
"""Those that are usual with each language."""

FEW = ("en", "de", "fr", "es")
"""As somebody might speak them."""

SAMPLES = 60
"""English recordings that are taken."""

ROUNDS = 9
"""So often each step is timed; the median counts."""


@dataclass(frozen=True)
class Sample:
    """A recording, what is said in it, and in which language."""

    language: str
    file: Path
    text: str


def main() -> int:
    """Print the tables; exit 1 when a text does not arrive as it was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="base")
    parser.add_argument("--data", type=Path, help="folder with manifest.jsonl")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    recognition = RecognitionSettings(
        model=arguments.model, language=AUTO, languages=list(LAYOUTS), threads=arguments.threads
    )
    tables = {code: LanguageSettings(layout=layout) for code, layout in LAYOUTS.items()}
    keyboard = KeyboardSettings(os="linux", pace="fast")
    settings = Settings(recognition=recognition, languages=tables, keyboard=keyboard)
    engine, detector = load_engine(settings), load_detector()

    samples = _shipped()
    print(f"{len(samples)} recordings of pytest-audioeval, heard among {', '.join(LAYOUTS)}\n")
    missed = _heard(samples, engine, detector, settings)
    _costs(samples, engine, detector, settings)
    if arguments.data:
        few = replace(settings, recognition=replace(recognition, languages=list(FEW)))
        _english(arguments.data, load_engine(few), detector, few)
    return int(missed)


def _shipped() -> list[Sample]:
    found = [Path(str(file.locate())) for file in files("pytest-audioeval") or () if file.suffix == ".wav"]
    return [
        Sample(file.parent.name, file, file.with_suffix(".txt").read_text(encoding="utf-8").strip())
        for file in sorted(found)
        if file.parent.name in LAYOUTS
    ]


def _heard(samples: list[Sample], engine: Engine, detector: SpeechDetector, settings: Settings) -> bool:
    """Print a line a language; say whether a text was typed otherwise than it was understood."""
    right, wrong_words, words, typed = (defaultdict[str, int](int) for _ in range(4))
    by_language: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_language[sample.language].append(sample)
    print("The WER is of those that are written in words, and in the language that was told.")
    print(f"{'language':10}{'right':>8}{'WER, %':>8}{'typed exactly':>15}")
    for language, layout in LAYOUTS.items():
        texts = [] if by_language[language] else [PROSE[language]]
        for sample in by_language[language]:
            alone = _recognised(sample.file, engine, detector, settings)
            right[language] += alone.language == language
            if alone.language != language:
                print(f"  {sample.file.name} is heard as {alone.language}", file=sys.stderr)
            told = _recognised(sample.file, engine, detector, settings, language=language)
            if not any(map(str.isdigit, told.text)):  # who counts is written in figures
                wrong_words[language] += words_apart(told.text, sample.text)
                words[language] += len(sample.text.split())
            texts.append(format_text(told.text, "", settings.text, language))
        typed[language] = sum(_typed(text, language, layout, settings) == text for text in texts)
        count, wer = len(by_language[language]), 100 * wrong_words[language] / max(1, words[language])
        print(
            f"{language:10}{f'{right[language]}/{count}':>8}{wer:8.1f}{f'{typed[language]}/{len(texts)}':>15}"
        )
        typed["missed"] += typed[language] < len(texts)
    print(f"{'all':10}{f'{sum(right.values())}/{len(samples)}':>8}")
    return bool(typed["missed"])


def _recognised(
    file: Path, engine: Engine, detector: SpeechDetector, settings: Settings, language: str = AUTO
) -> Transcript:
    """Recognise a recording before which nothing was said."""
    recording = record(read(file), detector, settings.speech)
    told = type(recording)(recording.samples, recording.passages, language)
    return LiveRecogniser(PieceRecogniser(engine, settings.recognition)).recognise(told)


def _typed(text: str, language: str, layout: str, settings: Settings) -> str:
    """Type a text into a computer whose user has switched to the language's layout; give what arrives."""
    host = VirtualHost.described_by(replace(settings.keyboard, layout=layout))
    described = host_described(settings, replace(settings.keyboard, layout="us", unicode=False))

    async def interrupted(*_: object) -> None:
        raise AssertionError("nobody unplugs it")

    async def typing() -> None:
        await type_text(text, described, VirtualKeyboard(host), interrupted=interrupted, language=language)

    asyncio.run(typing())
    return host.text


def _costs(samples: list[Sample], engine: Engine, detector: SpeechDetector, settings: Settings) -> None:
    """Print what it takes of one core to hear the language, beside what is done anyway."""
    took: dict[str, list[float]] = defaultdict(list)
    for sample in samples:
        samples_heard = record(read(sample.file), detector, settings.speech)
        sound = cut(samples_heard)[0].sound(samples_heard.samples)
        for _ in range(ROUNDS):
            began = time.process_time()
            memory = engine.encode(sound)
            encoded = time.process_time()
            engine.languages(memory, len(sound))
            told = time.process_time()
            engine.decode(memory, seconds(len(sound)), beam_size=1, language=sample.language)
            decoded = time.process_time()
            for stage, seconds_taken in (
                ("encode", encoded - began),
                ("language", told - encoded),
                ("decode", decoded - told),
            ):
                took[stage].append(1000 * seconds_taken)
    print("\nmedian of a recording, ms of one core: ", end="")
    print(", ".join(f"{stage} {statistics.median(times):.1f}" for stage, times in took.items()))


def _english(folder: Path, engine: Engine, detector: SpeechDetector, settings: Settings) -> None:
    """Print how often English is heard, by how long somebody speaks."""
    spoken = sorted(
        (each for each in load_manifest(folder) if each.text), key=lambda each: (len(each.text), each.id)
    )
    chosen = spoken[:: max(1, len(spoken) // SAMPLES)][:SAMPLES]
    lengths, right = defaultdict[str, int](int), defaultdict[str, int](int)
    for each in chosen:
        recording = record(read(each.path), detector, settings.speech)
        pieces = cut(recording)
        said_s = seconds(pieces[0].spoken) if pieces else 0.0
        length = _length(said_s)
        lengths[length] += 1
        right[length] += _recognised(each.path, engine, detector, settings).language == "en"
    print(f"\n{len(chosen)} English recordings, heard among {', '.join(FEW)}: {sum(right.values())} right")
    for length in sorted(lengths):
        print(f"  {length}: {right[length]}/{lengths[length]}")
    _print_short(chosen, engine, detector, settings)


def _print_short(
    chosen: Iterable[object], engine: Engine, detector: SpeechDetector, settings: Settings
) -> None:
    """Print how sure it is of the first second of each."""
    shares = []
    for each in chosen:
        samples = read(each.path)  # type: ignore[attr-defined]
        recording = record(samples, detector, settings.speech)
        if not recording.passages:
            continue
        start = recording.passages[0].start
        sound = recording.samples[start : start + 12_800]
        probabilities = engine.languages(engine.encode(sound), len(sound))
        best = max(probabilities, key=lambda code: probabilities[code])
        shares.append((best == "en", probabilities[best]))
    wrong = [share for is_right, share in shares if not is_right]
    print(f"  of their first 0.8 s alone: {len(shares) - len(wrong)}/{len(shares)}")
    if wrong:
        print(f"  the wrong ones are sure to {', '.join(f'{share:.2f}' for share in sorted(wrong))}")


def _length(said_s: float) -> str:
    """Name a class of lengths, so that they sort."""
    for limit_s in (1, 3, 6, 12):
        if said_s < limit_s:
            return f"under {limit_s:2} s"
    return "up to 30 s"


if __name__ == "__main__":
    sys.exit(main())
