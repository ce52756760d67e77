"""Many dictations in a row, and dictations on a busy machine.

    python -m tests.bench.endurance [--count 1000] [--busy 20]

First the recording that ships is spoken so many times through the whole path, as fast as it is taken: memory
may not grow, nor the time to the text. Then it is spoken at real time while another program keeps every core
busy: the text must be the same, late perhaps, but never lost. Exits 1 when a text differs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from device.audio.files import read
from device.demo import RECORDING
from device.memory import share_one_heap
from device.settings import KeyboardSettings, RecognitionSettings, Settings
from device.simulation.silent_indicator import SilentIndicator
from device.simulation.stage import Stage
from device.simulation.virtual_keyboard import VirtualKeyboard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.simulation.stage import Scene

SETTINGS = Settings(recognition=RecognitionSettings(model="tiny.en"), keyboard=KeyboardSettings(pace="fast"))

_BUSY = "while True: pass"


def main() -> int:
    """Print the tables; exit 1 when a text is another one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="dictations in a row (1000)")
    parser.add_argument("--busy", type=int, default=20, help="dictations on the busy machine (20)")
    arguments = parser.parse_args()
    share_one_heap()  # as the daemon does
    texts = asyncio.run(in_a_row(arguments.count)) | asyncio.run(on_a_busy_machine(arguments.busy))
    print(f"\ntexts that differ from the first one: {len(texts) - 1}")
    return int(len(texts) > 1)


async def in_a_row(count: int) -> set[str]:
    """Dictate; print memory and times of each tenth part; give the different texts."""
    print(f"{'dictations':>10}{'resident MB':>13}{'to the text, ms: median':>25}{'slowest':>9}")
    texts, times_ms = set(), []
    async for scene in performed(count, fast=True):
        texts.add(scene.typed.strip())
        times_ms.append(to_text_ms(scene))
        if len(times_ms) % max(1, count // 10) == 0:
            part = times_ms[-max(1, count // 10) :]
            print(f"{len(times_ms):10}{resident_mb():13.1f}{median(part):25.1f}{max(part):9.1f}", flush=True)
    return texts


async def on_a_busy_machine(count: int) -> set[str]:
    """Dictate at real time on an idle and on a busy machine; print the times; give the different texts."""
    texts: set[str] = set()
    for load in (0, os.cpu_count() or 1):
        with other_programs(load):
            scenes = [scene async for scene in performed(count, fast=False)]
        times_ms = [to_text_ms(scene) for scene in scenes]
        texts |= {scene.typed.strip() for scene in scenes}
        print(
            f"{len(scenes)} of {count} dictations typed beside {load} busy programs; "
            f"to the text: median {median(times_ms):.0f} ms, slowest {max(times_ms):.0f} ms"
        )
    return texts


@contextmanager
def other_programs(count: int) -> Iterator[None]:
    """Keep so many cores busy."""
    others = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


async def performed(count: int, *, fast: bool):
    """Speak the recording so many times."""
    stage = Stage(SETTINGS, SilentIndicator(), VirtualKeyboard, fast=fast)
    async for scene in stage.perform(repeat(read(RECORDING), count)):
        yield scene


def to_text_ms(scene: Scene) -> float:
    """Give the time from the release to the text."""
    return scene.utterance.record.times_ms.get("release_to_text", 0.0)


def resident_mb() -> float:
    """Give the resident memory of this process."""
    (resident_kb,) = re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(resident_kb) / 1024


if __name__ == "__main__":
    sys.exit(main())
