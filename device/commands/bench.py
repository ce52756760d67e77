"""`saykey bench`: how fast this board is with its model, stage by stage, and whether it keeps up."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
import time
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from device import __version__
from device.app import load_detector, load_engine
from device.bench.board import Others, look, memory_mb
from device.bench.stages import EXTRAS, SENTENCE, STAGES, Bench
from device.bench.verdict import in_words, judge
from device.memory import share_one_heap
from device.models.check import check
from device.models.convert import quantization
from device.models.store import resolve
from device.settings_files import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.bench.board import Board
    from device.bench.stages import Times
    from device.settings import Settings

HELP = "Measure how fast this board is with its model, stage by stage, and say whether it keeps up."

EPILOG = """\
The recording that ships with Saykey is recognised again and again: a part of it, all of it, and all of it
several times over. Nothing is recorded, typed or played. It takes seconds on a computer, a minute on a board.
The exit status is 0 also when the board is too slow: that is a measurement, no fault.

examples:
  saykey bench               the times of the stages, and what they mean for you
  saykey bench --rounds 20   more rounds, for steadier figures
  saykey bench --json        the same for programs, every round of it
"""

ROUNDS = 5

_WIDTH, _NAMES, _COLUMN = 80, 20, 15
"""Characters in a line, in the names of rows, and in each of four columns."""

_ROWS = {
    "listen, each s": "detect",
    "encode": "encode",
    "  its spectrogram": "features",
    "decode": "decode",
    "encode and decode": "recognise",
}
"""The stages as the table names them. Listening goes on while someone speaks, so it is told by the second."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--rounds",
        type=_positive,
        default=ROUNDS,
        metavar="N",
        help="how often to measure, at most (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print what came of it.

    Raises:
        SaykeyError: It cannot be measured, as when there is no speech model.
    """
    share_one_heap()  # as the daemon does
    settings = load(arguments.config).settings
    board, others = look(), Others()
    bench, facts = _load(settings)
    if not arguments.json:
        print("\n".join(header(board, facts)) + "\n", flush=True)
    times = bench.measure(arguments.rounds, _show_progress)
    resident_mb, peak_mb = memory_mb()
    facts.update(resident_mb=round(facts["resident_mb"]), peak_mb=round(max(peak_mb, resident_mb)))
    after = look()  # a board gets warm at work
    brakes = tuple(dict.fromkeys(board.brakes + after.brakes + others.brakes()))
    verdict = judge(times)
    if arguments.json:
        facts["board"] = {**asdict(after), "brakes": brakes}
        print(json.dumps({**facts, "times_ms": as_json(times), "verdict": asdict(verdict)}))
        return 0
    told = in_words(verdict, facts["model"], small=_smallest(settings))
    told += [f"Slower than it could be: {brake}." for brake in brakes]
    told = [textwrap.fill(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False) for line in told]
    print("\n".join([*table(times), "", *footer(times[SENTENCE], facts, after), "", *told]))
    return 0


def _load(settings: Settings) -> tuple[Bench, dict[str, Any]]:
    """Load what the daemon loads; give it with what is known of the model."""
    from device.speech.live import LiveRecogniser
    from device.speech.recogniser import PieceRecogniser

    folder = resolve(settings.recognition).resolve()
    files = check(folder)
    began = time.perf_counter()
    engine, detector = load_engine(settings), load_detector()
    ready_s = time.perf_counter() - began
    recogniser = LiveRecogniser(PieceRecogniser(engine, settings.recognition))
    facts = {
        "model": folder.name,
        "model_mb": round(files.weights.stat().st_size / 1e6),
        "quantization": quantization(files.contents),
        "threads": engine.threads,
        "ready_s": round(ready_s, 2),
        "resident_mb": memory_mb()[0],
        "versions": {"saykey": __version__, **{name: version(name) for name in ("ctranslate2", "numpy")}},
    }
    return Bench(detector, engine, recogniser, settings, files.n_mels), facts


def header(board: Board, facts: dict[str, Any]) -> list[str]:
    """Say what is measured, before it is."""
    cores = f"{facts['threads']} of {board.cores} cores"
    governor = f", governor {board.governor}" if board.governor else ""
    model = f"{facts['model_mb']} MB, {facts['quantization']}, ready in {facts['ready_s']:.1f} s"
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return [
        f"board      {board.name}, {cores}{governor}",
        f"model      {facts['model']}: {model}",
        f"versions   {versions}",
    ]


def table(times: Sequence[Times]) -> list[str]:
    """Give the times by stage and length as lines of at most 80 characters."""
    lengths = (f"{each.duration_s:.1f} s" for each in times)
    head = f"{'ms (slowest round)':<{_NAMES}}" + "".join(f"{length:>{_COLUMN}}" for length in lengths)
    rows = (
        f"{f'  {name}':<{_NAMES}}" + "".join(f"{_cell(each, stage):>{_COLUMN}}" for each in times)
        for name, stage in _ROWS.items()
    )
    return [head, *rows]


def _cell(times: Times, stage: str) -> str:
    share = times.duration_s if stage == "detect" else 1
    return f"{_ms(times.median(stage) / share)} ({_ms(times.slowest(stage) / share)})"


def footer(sentence: Times, facts: dict[str, Any], board: Board) -> list[str]:
    """Give the other figures as lines."""
    whole_ms, doubt_ms = sentence.median("whole"), sentence.median("doubt")
    whole = f"{_ms(whole_ms)} ms for {sentence.duration_s:.1f} s"
    ratio = whole_ms / sentence.median("recognise")
    warm = "" if board.temperature_c is None else f", {board.temperature_c:.0f} °C after the work"
    return [
        f"{'whole window':<{_NAMES}}{whole}: {ratio:.1f} times ours",
        f"{'in doubt':<{_NAMES}}{_ms(doubt_ms)} ms more, for a wider search",
        f"{'memory':<{_NAMES}}{facts['resident_mb']} MB, {facts['peak_mb']} MB at most{warm}",
    ]


def as_json(times: Sequence[Times]) -> list[dict[str, Any]]:
    """Give the times of every round, by length and stage."""
    return [
        {
            "duration_s": round(each.duration_s, 3),
            **{
                stage: [round(time_ms, 2) for time_ms in each.stages[stage]]
                for stage in STAGES + EXTRAS
                if stage in each.stages
            },
        }
        for each in times
    ]


def _smallest(settings: Settings) -> str:
    return "tiny.en" if settings.recognition.language == "en" else "tiny"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def _show_progress(done: float) -> None:
    """Show on a terminal how far it is, and wipe that away at the end; say nothing elsewhere."""
    if sys.stderr.isatty():
        line = f"measuring ... {done:.0%}" if done < 1 else ""
        print(f"\r{line:<20}", end="" if line else "\r", file=sys.stderr, flush=True)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a number from 1")
    return int(text)
