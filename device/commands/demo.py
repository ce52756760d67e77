"""`saykey demo`: the recording that ships with Saykey, spoken to a virtual host before your eyes."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, TextIO

from device.audio.files import read
from device.audio.sound import seconds
from device.demo import RECORDING, SENTENCE
from device.ports import State
from device.settings_files import load
from device.simulation.stage import Stage, long_enough
from device.simulation.terminal import Screen

if TYPE_CHECKING:
    import argparse

    from device.audio.sound import Samples
    from device.settings import Settings
    from device.simulation.stage import Scene

HELP = "Speak a recording to a virtual host through the whole path, and show every stage. No sound is played."

EPILOG = """\
The exit status is 1 if the virtual host received nothing.

example:
  saykey demo
"""

REPORT_INTERVAL_S = 0.006
"""Slow enough to be watched: a real host takes a report every millisecond."""

_MEANING = {
    State.LISTENING: "the button is held while he speaks, in real time",
    State.RECOGNISING: "the button is up; the model works on this machine",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: none but those that every command has."""


def run(arguments: argparse.Namespace) -> int:
    """Perform the recording; give 1 if nothing was typed.

    Raises:
        SaykeyError: It cannot be performed, as when there is no speech model.
    """
    samples = read(RECORDING)
    settings = long_enough(load(arguments.config).settings, samples)
    scene = asyncio.run(perform(settings, samples, sys.stdout))
    print("\n".join(("", *table(scene, seconds(len(samples))), "", *verdict(scene.typed.strip()))))
    return int(not scene.typed.strip())


class Stages:
    """An `Indicator` that begins a line for each stage, with the seconds since the button was pressed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pressed_s: float | None = None

    def show(self, state: State, detail: str = "") -> None:
        """Begin a line. The device at rest, before and after, is no stage."""
        if state in {State.STARTING, State.IDLE}:
            return
        now_s = time.monotonic()
        if self._pressed_s is None:
            self._pressed_s = now_s
        passed_s = now_s - self._pressed_s
        meaning = detail or _MEANING.get(state, "")
        self._stream.write(f"\n{passed_s:6.2f} s  {state.value:<13}{meaning}")
        self._stream.flush()


async def perform(settings: Settings, samples: Samples, stream: TextIO) -> Scene:
    """Speak the recording in real time; show the stages, and the text as the virtual host receives it."""
    stage = Stage(
        settings,
        Stages(stream),
        lambda host: Screen(host, stream, interval_s=REPORT_INTERVAL_S),
        fast=False,
    )
    stream.write("A man's recorded voice speaks to Saykey; a virtual host receives the keys.\n")
    (scene,) = [scene async for scene in stage.perform([samples])]
    stream.write("\n")
    return scene


def table(scene: Scene, duration_s: float) -> list[str]:
    """Give the times and counts of a scene as lines."""
    record, stages = scene.utterance.record, scene.utterance.transcript.times_ms
    left = ", ".join(f"{name} {stages[name]:.0f} ms" for name in ("encode", "decode") if name in stages)
    work = left or "all of it was recognised while he held the button"
    pace = f"{scene.reports} reports, {1000 * REPORT_INTERVAL_S:.0f} ms apart so that you can watch"
    after_release = (
        ("text recognised", "release_to_text", work),
        ("first key", "release_to_first_key", ""),
        ("last key", "release_to_last_key", pace),
    )
    times = (
        f"  {name:<16} {record.times_ms[key]:5.0f} ms   {note}".rstrip()
        for name, key, note in after_release
        if key in record.times_ms
    )
    counts = f"{record.typed:5d} typed, {record.substituted} substituted, {record.refused} refused"
    return [
        f"recording          {1000 * duration_s:5.0f} ms",
        "after the release of the button",
        *times,
        f"characters         {counts}",
    ]


def verdict(received: str) -> list[str]:
    """Say what the virtual host received, what was really read, whose voice it is, and what to try next."""
    if not received:
        told = ["The host received nothing.", "To find out why, run: saykey doctor"]
    else:
        told = [f"The host received: {received}", *_comparison(received)]
    return [
        *told,
        "",
        f"Recording: CMU ARCTIC, {RECORDING.name}; its licence is in SOURCE.md beside it.",
        "Next: saykey run --simulate, with your own voice.",
    ]


def _comparison(received: str) -> tuple[str, ...]:
    if received == SENTENCE:
        return ("That is what was read, to the letter.",)
    if _words(received) == _words(SENTENCE):
        return ("These are the words that were read. In the database they are written:", f"  {SENTENCE}")
    return ("That is not what was read:", f"  {SENTENCE}")


def _words(text: str) -> list[str]:
    kept = "".join(character for character in text.casefold() if character.isalnum() or character.isspace())
    return kept.split()
