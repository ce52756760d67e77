"""A trial of a model before it is used: it must understand a recording that its bundle carries.

It is loaded in a process of its own, as the daemon would load it. So a model that crashes, hangs or takes all
memory does that to nobody else.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from device.errors import ModelError, SaykeyError

if TYPE_CHECKING:
    from device.models.bundle import SelfTest

WITHIN_S = 300
"""How long it may take. A Pi Zero 2 needs about a minute for small, most of it to read it from the card."""

_BEHIND_ALL = 10
"""Added to the niceness (nice(2)): what is dictated meanwhile goes first."""

_FIRST_TO_GO = "1000"
"""The highest `oom_score_adj` (proc(5)): where memory runs out, the trial ends and not the daemon."""

_PR_SET_PDEATHSIG = 1
"""From Linux's prctl.h."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model understood.

    Attributes:
        text: It. The recording is the bundle's, so that this is nobody's secret.
        seconds: How long the trial took, in seconds.
        real_time_factor: How long a second of the recording took, once the model was loaded.
    """

    text: str
    seconds: float
    real_time_factor: float


Test = Callable[[Path, "SelfTest"], Heard]
"""Tries the model in a folder; raises a `ModelError` where it does not understand what it must."""


class _Report(msgspec.Struct, frozen=True):
    """What the process of the trial tells the one that started it."""

    text: str = ""
    real_time_factor: float = 0.0
    error: str = ""


def self_test(folder: Path, expected: SelfTest, within_s: float = WITHIN_S) -> Heard:
    """Try a model in a process of its own.

    Args:
        folder: The model, with the recording beside it.
        expected: What it must understand.
        within_s: How long it may take.

    Raises:
        ModelError: It crashes, does not end, cannot be run, or understands something else.
    """
    began = time.monotonic()
    report = _tried([sys.executable, "-m", __name__, str(folder.absolute()), expected.file], within_s)
    wrong = words_apart(report.text, expected.text)
    if wrong > expected.most_wrong:
        raise ModelError(
            f"The model failed its self-test: it heard '{report.text}' instead of '{expected.text}' "
            f"({wrong} words differ, {expected.most_wrong} may): train or export it again."
        )
    return Heard(report.text, time.monotonic() - began, report.real_time_factor)


def _tried(command: list[str], within_s: float) -> _Report:
    # From the folder in which this package is, that it is found wherever the user is.
    root = Path(__file__).parents[2]
    with subprocess.Popen(  # noqa: S603  # this Python, this module
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            told, complaint = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired as error:
            raise ModelError(
                f"The model failed its self-test: it gave no answer within {within_s:g} s. "
                "Use a smaller one, or try again when the device has less to do."
            ) from error
        finally:
            _end(process)
    try:
        report = msgspec.json.decode(told, type=_Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The model failed its self-test: {_ending(process.returncode, complaint)}."
        ) from error
    if report.error:
        raise ModelError(f"The model failed its self-test: {report.error}")
    return report


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and whatever it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _ending(status: int, complaint: bytes) -> str:
    """Say in words how a process ended that told nothing."""
    if status == -signal.SIGKILL:
        return "it was killed, as where memory runs out; use a smaller one, or stop saykey meanwhile"
    if status < 0:
        return f"it crashed ({signal.strsignal(-status)}); train or export it again"
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    return f"its process ended with status {status} ({last[:200]}); train or export it again"


def words_apart(heard: str, expected: str) -> int:
    """Give how many words must be changed, left out or put in to make one text the other (Levenshtein).

    Capital letters, punctuation and other signs do not count.
    """
    wanted = _words(expected)
    row = list(range(len(wanted) + 1))
    for number, word in enumerate(_words(heard), 1):
        above, row = row, [number]
        for column, other in enumerate(wanted):
            row.append(min(above[column] + (word != other), above[column + 1] + 1, row[column] + 1))
    return row[-1]


def _words(text: str) -> list[str]:
    kept = "".join(each for each in text.casefold() if each.isalnum() or each.isspace())
    return kept.split()


def hear(folder: Path, file: str) -> tuple[str, float]:
    """Load a model as the daemon does, with its own settings, and have it recognise a recording beside it.

    Returns:
        What it understood, and how long a second of the recording took once it was loaded.

    Raises:
        SaykeyError: The model or the recording cannot be used.
    """
    from device.audio.files import read
    from device.audio.recording import record
    from device.audio.sound import seconds
    from device.models.check import check
    from device.models.manifest import has_short_window
    from device.settings_files import of_model
    from device.speech.detector import SileroDetector
    from device.speech.engine import Engine
    from device.speech.live import LiveRecogniser
    from device.speech.recogniser import PieceRecogniser

    settings = of_model(folder)
    check(folder)
    engine = Engine(
        folder,
        settings.recognition,
        languages=settings.languages,
        short_window=has_short_window(folder),
    )
    engine.warm_up()
    recogniser = LiveRecogniser(PieceRecogniser(engine, settings.recognition))
    samples = read(folder / file)
    recording = record(samples, SileroDetector(), settings.speech)
    began = time.perf_counter()
    text = recogniser.recognise(recording).text
    return text, (time.perf_counter() - began) / seconds(len(samples))


def main(folder: str, file: str) -> None:
    """Try a model, and tell the process that asked for it on standard output."""
    # It does not outlive the one that waits for it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(_BEHIND_ALL)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")
    try:
        text, factor = hear(Path(folder), file)
        report = _Report(text, factor)
    except SaykeyError as error:
        report = _Report(error=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
