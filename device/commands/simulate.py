"""`saykey simulate`: sound files through the whole path to a virtual host."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from device.audio.files import read
from device.commands.transcribe import as_json
from device.errors import SoundError
from device.settings_files import load
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.stage import Stage, long_enough
from device.simulation.terminal import REPORT_INTERVAL_S, TerminalIndicator
from device.simulation.virtual_keyboard import VirtualKeyboard

if TYPE_CHECKING:
    import argparse

    from device.audio.sound import Samples
    from device.ports import Indicator
    from device.settings import Settings
    from device.simulation.stage import Scene

HELP = "Speak sound files to a virtual host, button and all, and print the text that it received."

EPILOG = """\
The length limit of a recording is raised to that of the longest file.

examples:
  saykey simulate memo.wav            in real time, as you would speak it
  saykey simulate --fast *.flac       as fast as this machine can
  saykey simulate --json memo.mp3     with reports, times and what could not be typed
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="sound file")
    parser.add_argument("--fast", action="store_true", help="do not wait for the sound to pass in real time")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Simulate one dictation a file; one that cannot be read is named and does not stop the others."""
    settings = load(arguments.config).settings
    recordings: list[tuple[Path, Samples]] = []
    for file in arguments.files:
        try:
            recordings.append((file, read(file)))
        except SoundError as error:
            print(f"saykey: {error}", file=sys.stderr)
    done = 0
    if recordings:
        settings = long_enough(settings, max((samples for _, samples in recordings), key=len))
        done = asyncio.run(_simulate(recordings, settings, fast=arguments.fast, as_lines=arguments.json))
    return int(done < len(arguments.files))


async def _simulate(
    recordings: list[tuple[Path, Samples]], settings: Settings, *, fast: bool, as_lines: bool
) -> int:
    """Print what came of each recording; give how many were recognised."""
    indicator: Indicator = SilentIndicator() if as_lines else TerminalIndicator(sys.stderr)
    interval_s = 0.0 if fast else REPORT_INTERVAL_S
    stage = Stage(settings, indicator, lambda host: VirtualKeyboard(host, interval_s=interval_s), fast=fast)
    files = (file for file, _ in recordings)
    done = 0
    async with aclosing(stage.perform(samples for _, samples in recordings)) as scenes:
        async for scene in scenes:
            file = next(files)
            if scene.utterance.failure:
                print(f"saykey: {file}: not recognised: {scene.utterance.failure}", file=sys.stderr)
                continue
            done += 1
            line = json.dumps(scene_as_json(file, scene)) if as_lines else scene.typed
            print(line, flush=True)
    return done


def scene_as_json(file: Path, scene: Scene) -> dict[str, Any]:
    """Give what came of one file as plain values."""
    record = to_builtins(scene.utterance.record)
    times_ms = record.pop("times_ms")
    return {
        **as_json(file, scene.utterance.transcript),
        "typed": scene.typed,
        "reports": scene.reports,
        "record": record,
        "release_to_text_ms": _rounded(times_ms.get("release_to_text")),
        "release_to_first_key_ms": _rounded(times_ms.get("release_to_first_key")),
        "release_to_last_key_ms": _rounded(times_ms.get("release_to_last_key")),
    }


def _rounded(time_ms: float | None) -> float | None:
    return None if time_ms is None else round(time_ms, 1)
