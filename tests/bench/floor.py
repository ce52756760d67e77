"""The least time an utterance can take by the model's shapes and the machine's rates, and ours beside it.

    python tests/bench/floor.py [--seconds 5] [--tokens 15]

Operations and bytes are counted (shapes.py). This machine's rates are measured, on one core; the boards' are
published (rates.py), so their times are computed, not measured. The floor of the encoder is its operations at
the rate of matrices. That of the decoder is the keys and values of its memory and then, token by token, the
longer of computing and of reading all weights, as a search without a beam does.

Ours is the recogniser in use, on one core, with the recording of the demonstration cut or repeated to so many
seconds. Encoding has the log-mel spectrogram in it; the floor below it is for as many tokens as ours wrote.
"""

from __future__ import annotations

import argparse
from statistics import median
from typing import NamedTuple

import numpy as np

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ
from device.demo import RECORDING
from device.models.check import check
from device.models.store import resolve
from device.settings import RecognitionSettings, Settings
from device.speech.tokens import Tokens
from tests.bench.rates import BOARDS, measure
from tests.bench.shapes import MOST_STATES, STATES_PER_S, Rates, Shapes

MARGIN_S = 1.0
"""What is encoded after the speech, for the model to hear that it ends."""

ROUNDS = 7


class Way(NamedTuple):
    """A way through the model.

    Attributes:
        name: What it recognises.
        states: How many the encoder makes.
        memory: How many the decoder reads.
    """

    name: str
    states: int
    memory: int


def ways(seconds: float) -> tuple[Way, ...]:
    """Give the ways to recognise so many seconds of speech."""
    states = min(MOST_STATES, round(STATES_PER_S * (seconds + MARGIN_S)))
    return (
        Way("window of 30 s", MOST_STATES, MOST_STATES),
        Way("speech, cached silence after it", states, MOST_STATES),
        Way("speech alone, short memory", states, states),
    )


def floors_ms(shapes: Shapes, way: Way, tokens: int, rates: Rates) -> dict[str, float]:
    """Give the least milliseconds of each stage; the end is a token too."""
    return {
        "encode": shapes.encode(way.states).floor_ms(rates),
        "decode": shapes.remember(way.memory).floor_ms(rates)
        + shapes.generate(way.memory, tokens + 1).floor_ms(rates),
    }


def ours_ms(settings: Settings, seconds: float) -> tuple[dict[str, float], str]:
    """Give the medians of our stages in milliseconds, and what was recognised."""
    recogniser = load_recogniser(settings)
    samples = np.resize(read(RECORDING), round(seconds * SAMPLE_RATE_HZ))
    recording = record(samples, load_detector(), settings.speech)
    transcripts = [recogniser.recognise(recording) for _ in range(ROUNDS)]
    first = transcripts[0]
    return {
        stage: median(each.times_ms[stage] for each in transcripts) for stage in first.times_ms
    }, first.text


def main() -> None:
    """Print the counts, the floors, and our times as multiples of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of speech")
    parser.add_argument("--tokens", type=int, default=15, help="that the speech has")
    arguments = parser.parse_args()
    settings = Settings(recognition=RecognitionSettings(threads=1))
    model = check(resolve(settings.recognition))
    shapes = Shapes.of(model.contents.variables)
    here = measure(shapes.width, shapes.token)
    print(f"{model.folder.name}, {arguments.seconds:g} s of speech, {arguments.tokens} tokens")
    _print_counts(shapes, arguments.seconds, arguments.tokens)
    for machine in (here, *BOARDS):
        _print_floors(shapes, arguments.seconds, arguments.tokens, machine)
    times_ms, text = ours_ms(settings, arguments.seconds)
    tokens = len(Tokens(model.folder / "tokenizer.json").encode(" " + text))
    _print_ours(times_ms, {way: floors_ms(shapes, way, tokens, here) for way in ways(arguments.seconds)})
    print(f"\n{tokens} tokens of ours: {text}")


def _print_counts(shapes: Shapes, seconds: float, tokens: int) -> None:
    print(f"\n{'Gop, MB':38}{'encode':>24}{'keys, values':>14}{'tokens':>24}")
    print(f"{'':38}{'int8':>12}{'float32':>12}{'int8':>14}{'int8':>8}{'float32':>8}{'MB':>8}")
    for way in ways(seconds):
        encode, remember = shapes.encode(way.states), shapes.remember(way.memory)
        generate = shapes.generate(way.memory, tokens + 1)
        print(
            f"  {way.name:36}{encode.int8 / 1e9:12.2f}{encode.float32 / 1e9:12.2f}{remember.int8 / 1e9:14.2f}"
            f"{generate.int8 / 1e9:8.2f}{generate.float32 / 1e9:8.2f}{generate.read / 1e6:8.0f}"
        )


def _print_floors(shapes: Shapes, seconds: float, tokens: int, machine: Rates) -> None:
    print(
        f"\n{machine.name}: {machine.int8 / 1e9:.0f} Gop/s int8, {machine.float32 / 1e9:.0f} float32, "
        f"{machine.memory / 1e9:.1f} GB/s"
    )
    for way in ways(seconds):
        floors = floors_ms(shapes, way, tokens, machine)
        stages = "".join(f"{stage:>10} {floor_ms:7.1f} ms" for stage, floor_ms in floors.items())
        print(f"  {way.name:36}{stages}{'both':>10} {sum(floors.values()):7.1f} ms")


def _print_ours(times_ms: dict[str, float], floors: dict[Way, dict[str, float]]) -> None:
    stages = "".join(f"{stage:>10} {time_ms:7.1f} ms" for stage, time_ms in times_ms.items())
    print(f"\n{'Ours, on one core':38}{stages}{'all':>10} {sum(times_ms.values()):7.1f} ms")
    for way, floor in floors.items():
        ratios = "".join(
            f"{time_ms / floor[stage]:18.1f} x " if stage in floor else f"{'':21}"
            for stage, time_ms in times_ms.items()
        )
        print(f"  over {way.name:31}{ratios}{sum(times_ms.values()) / sum(floor.values()):18.1f} x")


if __name__ == "__main__":
    main()
