"""A long dictation with long pauses: its words beside those of its parts recognised alone.

    python tests/bench/long.py --data FOLDER [--minutes 10] [--seed 1]

Utterances of FOLDER (see accuracy.py) are joined with pauses of 0.3 to 20 s, filled with the faint noise
that every microphone has.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ, seconds
from device.settings import Settings
from trainer.dataset import load_manifest
from trainer.evaluation.rates import word_error_rate

if TYPE_CHECKING:
    from device.audio.sound import Samples
    from device.speech.transcript import Transcript
    from trainer.dataset import Utterance

SHORTEST_S, LONGEST_S = 0.3, 20.0
"""The pauses; their logarithm is even, so that short ones are as common as in speech."""

NOISE_FLOOR_DBFS = -65.0
"""What a quiet room through a fair microphone has."""

TOLERANCE = 0.5
"""Points of word error rate by which the whole may be worse than its parts."""

NEAR_S = 1.0
"""Text that lies so far from any utterance was invented in a pause."""


def main() -> int:
    """Print the comparison; exit 1 when a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    settings = Settings()
    detector, recogniser = load_detector(), load_recogniser(settings)

    def recognise(samples: Samples) -> Transcript:
        return recogniser.recognise(record(samples, detector, settings.speech))

    chosen = _choose(load_manifest(arguments.data), arguments.minutes, arguments.seed)
    whole, spans = _join([read(each.path) for each in chosen], arguments.seed)
    truth = [" ".join(each.text for each in chosen)]
    alone = " ".join(recognise(read(each.path)).text for each in chosen)
    joined = recognise(whole)
    rates = [100 * word_error_rate(truth, [text]) for text in (alone, joined.text)]
    invented = [
        segment.text
        for segment in joined.segments
        if not any(segment.start_s < end + NEAR_S and segment.end_s > start - NEAR_S for start, end in spans)
    ]
    print(f"{len(chosen)} utterances, {seconds(len(whole)):.0f} s, {len(joined.segments)} segments")
    print(f"WER of the parts alone {rates[0]:.2f} %, joined {rates[1]:.2f} % ({rates[1] - rates[0]:+.2f})")
    print(f"text invented in pauses: {len(invented)} {invented or ''}")
    return int(rates[1] > rates[0] + TOLERANCE or bool(invented))


def _choose(utterances: list[Utterance], minutes: float, seed: int) -> list[Utterance]:
    """Give utterances of single speakers in random order until they and their pauses fill the time."""
    spoken = [each for each in utterances if each.text and "noisy" not in each.set]
    random.Random(seed).shuffle(spoken)
    chosen: list[Utterance] = []
    left_s = 60 * minutes
    pause_s = (LONGEST_S - SHORTEST_S) / np.log(LONGEST_S / SHORTEST_S)
    for each in spoken:
        length_s = seconds(len(read(each.path)))
        if length_s + pause_s <= left_s:
            chosen.append(each)
            left_s -= length_s + pause_s
    return chosen


def _join(parts: list[Samples], seed: int) -> tuple[Samples, list[tuple[float, float]]]:
    """Give the joined sound, and where each part lies in it in seconds."""
    random_numbers = np.random.default_rng(seed)
    sounds, spans, length = [], [], 0
    for part in parts:
        pause_s = float(np.exp(random_numbers.uniform(np.log(SHORTEST_S), np.log(LONGEST_S))))
        noise = random_numbers.standard_normal(round(pause_s * SAMPLE_RATE_HZ))
        pause = (10 ** (NOISE_FLOOR_DBFS / 20) * noise).astype(np.float32)
        sounds += [part, pause]
        spans.append((seconds(length), seconds(length + len(part))))
        length += len(part) + len(pause)
    return np.concatenate(sounds), spans


if __name__ == "__main__":
    sys.exit(main())
