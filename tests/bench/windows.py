"""How well a model decodes from short memory: its word error rates beside those from its own full window.

    python -m tests.bench.windows --model FOLDER --data FOLDER

Three ways to hear the same recordings with the same weights, on the device's own path: "short", from the
states of the speech alone, as a model with short_window in its manifest is used; "spliced", with the kept
states of silence behind them, as all others are used; "whole", from 30 s that are encoded in full, as Whisper
was trained.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.app import load_detector
from device.audio.files import read
from device.audio.recording import record
from device.settings import Settings
from device.speech.engine import Engine
from device.speech.live import LiveRecogniser
from device.speech.recogniser import PieceRecogniser
from trainer.dataset import load_manifest
from trainer.evaluation.rates import per_cent, word_edits

if TYPE_CHECKING:
    from device.audio.sound import Samples
    from device.ports import Recogniser

WAYS = ("short", "spliced", "whole")

TOLERANCE = 0.3
"""Points of word error rate that short memory may cost."""

SET_SIZE = 40
"""Utterances from which on a set's rate says something."""


@dataclass
class Whole:
    """An engine that always encodes 30 s."""

    engine: Engine

    def encode(self, samples: Samples, *, whole: bool = False) -> Any:
        return self.engine.encode(samples, whole=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


def main() -> int:
    """Print the table; exit 1 when a set that counts is worse from short memory than the tolerance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="folder of an exported model")
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    arguments = parser.parse_args()

    recognisers = {way: _recogniser(arguments.model, way) for way in WAYS}
    detector, settings = load_detector(), Settings()
    edits: dict[str, dict[str, list[Any]]] = {}
    spent_s = dict.fromkeys(WAYS, 0.0)
    utterances = [each for each in load_manifest(arguments.data) if each.text and each.split != "train"]
    for count, each in enumerate(utterances, 1):
        recording = record(read(each.path), detector, settings.speech)
        for way, recogniser in recognisers.items():
            began = time.perf_counter()
            text = recogniser.recognise(recording).text
            spent_s[way] += time.perf_counter() - began
            for name in (each.set, "all"):
                edits.setdefault(name, {}).setdefault(way, []).append(word_edits(each.text, text))
        print(f"\r{count} of {len(utterances)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return int(_table(edits, spent_s))


def _recogniser(folder: Path, way: str) -> Recogniser:
    recognition = Settings().recognition
    engine: Any = Engine(folder, recognition, short_window=way == "short")
    engine.warm_up()
    return LiveRecogniser(PieceRecogniser(Whole(engine) if way == "whole" else engine, recognition))


def _table(edits: dict[str, dict[str, list[Any]]], spent_s: dict[str, float]) -> bool:
    """Print a line a set; say whether one that counts is worse than the tolerance."""
    print(
        f"{'WER in per cent':28}{'files':>6}"
        + "".join(f"{way:>9}" for way in WAYS)
        + f"{'short - whole':>15}"
    )
    missed = False
    for name in [*sorted(set(edits) - {"all"}), "all"]:
        rates = {way: per_cent(edits[name][way]) for way in WAYS}
        files, cost = len(edits[name]["whole"]), rates["short"] - rates["whole"]
        missed |= files >= SET_SIZE and cost > TOLERANCE
        print(f"{name:28}{files:6}" + "".join(f"{rates[way]:9.2f}" for way in WAYS) + f"{cost:+15.2f}")
    print(f"{'seconds of recognising':34}" + "".join(f"{spent_s[way]:9.1f}" for way in WAYS))
    return missed


if __name__ == "__main__":
    sys.exit(main())
