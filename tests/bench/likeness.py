"""How like a misunderstood sentence is to what was said, and how like two different sentences are.

    python tests/bench/likeness.py --data FOLDER --noise FOLDER [--count 160]

FOLDER holds manifest.jsonl, one recording a line. Sentences, drawn by chance that can be repeated, are
recognised with noise over them at 0, 5 and 10 dB. Printed is, for several limits, what would be kept as the
same sentence: of those that were misunderstood, and of pairs of different ones that take about as long.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.recording import record
from device.corrections.same import MOST_SLOWER, letters, likeness
from device.settings import RecognitionSettings, Settings
from trainer.dataset import load_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.audio.sound import Samples
    from trainer.dataset import Utterance

SNRS_DB = (0, 5, 10)
LIMITS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
LONGEST_S = 20.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--noise", type=Path, required=True)
    parser.add_argument("--count", type=int, default=160)
    given = parser.parse_args()
    spoken = [each for each in load_manifest(given.data) if each.text and _length_s(each) < LONGEST_S]
    chance = random.Random(1)
    chance.shuffle(spoken)
    spoken = spoken[: given.count]
    heard = list(understood(spoken, noises(given.noise), chance))
    misunderstood = [
        likeness(letters(text), letters(each.text))
        for each, text in heard
        if text and letters(text) != letters(each.text)
    ]
    different = [likeness(letters(text), letters(other.text)) for text, other in pairs(heard, spoken)]
    print(f"{len(misunderstood)} misunderstood, {len(different)} pairs of different ones")
    for limit in LIMITS:
        kept = np.mean(np.array(misunderstood) >= limit)
        wrong = sum(each >= limit for each in different)
        print(f"{limit:.2f}  kept {kept:.1%}  wrong {wrong}")


def noises(folder: Path) -> list[Samples]:
    files = [file for file in sorted(folder.glob("*.flac")) if soundfile.info(file).duration > 1]
    return [read(file) for file in files]


def understood(
    spoken: Sequence[Utterance], noises: Sequence[Samples], chance: random.Random
) -> Iterator[tuple[Utterance, str]]:
    settings = Settings(recognition=RecognitionSettings(model="tiny.en"))
    recogniser, detector = load_recogniser(settings), load_detector()
    for each in spoken:
        clean = read(each.path)
        noise = np.resize(chance.choice(noises), len(clean))
        for snr_db in SNRS_DB:
            mixed = clean + noise * (_rms(clean) / _rms(noise)) * 10 ** (-snr_db / 20)
            mixed = (mixed / max(1, np.abs(mixed).max())).astype(np.float32)
            recording = record(mixed, detector, settings.speech)
            if recording.passages:
                yield each, recogniser.recognise(recording).text.strip()


def pairs(
    heard: Sequence[tuple[Utterance, str]], spoken: Sequence[Utterance]
) -> Iterator[tuple[str, Utterance]]:
    for each, text in heard:
        for other in spoken:
            lengths_s = sorted((_length_s(each), _length_s(other)))
            if text and other.text != each.text and lengths_s[1] <= MOST_SLOWER * lengths_s[0]:
                yield text, other


def _length_s(each: Utterance) -> float:
    return each.duration_s or soundfile.info(each.path).duration


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2))) + 1e-9


if __name__ == "__main__":
    main()
