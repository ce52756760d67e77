"""Work in processes of their own, of which one can be killed. The libraries are imported already."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Tell = Callable[[str], object]
    Work = Callable[[Tell], object]

BEGUN, ENDED = "begun", "ended"

_STOPPED, _STEPS = "stopped", "steps"

_CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink"}
"""Python's audit events for changes of a folder."""


@dataclass(frozen=True)
class Course:
    """How some work went.

    Attributes:
        phases: When each began, in seconds since the first did.
        steps: How often it changed or synchronised something on a file system.
    """

    phases: dict[str, float]
    steps: int


class Worker:
    """A process that works, tells how far it is, and stays when it has ended.

    Attributes:
        phase: How far it is.
        steps: How many it took, when it has ended.
        stopped: It has come to the step before which it stops.
    """

    def __init__(self, work: Work, stop_before: int = 0) -> None:
        """Begin; stop before the step of this number, which counts from 1."""
        self.phase = ""
        self.steps = 0
        self.stopped = False
        reading, writing = os.pipe()
        self._child = os.fork()
        if not self._child:
            _work(work, writing, stop_before)
        os.close(writing)
        self._told = os.fdopen(reading)

    def reach(self, phase: str) -> None:
        """Return when it is in this phase, has stopped, or has come to its end."""
        while not self.stopped and self.phase not in (phase, ENDED):
            self.follow()

    def follow(self) -> None:
        """Return when it has told something.

        Raises:
            ChildProcessError: It failed.
        """
        line = self._told.readline().strip()
        if not line:
            raise ChildProcessError("it failed: see the log")
        self._hear(line)

    def kill(self) -> None:
        """Kill it. It may still be in the kernel for a moment."""
        os.kill(self._child, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        with self._told:
            for line in self._told:
                self._hear(line.strip())
        os.waitpid(self._child, 0)

    def _hear(self, line: str) -> None:
        what, _, number = line.rpartition(" ")
        if line == _STOPPED:
            self.stopped = True
        elif what == _STEPS:
            self.steps = int(number)
        else:
            self.phase = line


def course(work: Work) -> Course:
    """Do some work, and say how it went.

    Raises:
        ChildProcessError: It failed.
    """
    with Worker(work) as worker:
        worker.follow()
        began_s = time.monotonic()
        phases = {worker.phase: 0.0}
        while worker.phase != ENDED:
            worker.follow()
            phases.setdefault(worker.phase, time.monotonic() - began_s)
    return Course(phases, worker.steps)


def in_child(work: Callable[[], object]) -> str:
    """Have work done in a process of its own, since one with threads cannot be forked; give a text.

    Raises:
        ChildProcessError: It failed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            text = str(work())
            status = 0
        except BaseException as error:  # noqa: BLE001  nothing of the parent's may be done here
            text = repr(error)
        finally:
            os.write(writing, text.encode())
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    if os.waitpid(child, 0)[1]:
        raise ChildProcessError(text)
    return text


def _work(work: Work, writing: int, stop_before: int) -> None:
    steps = count(1)

    def tell(line: str) -> None:
        os.write(writing, f"{line}\n".encode())

    def step() -> None:
        if next(steps) == stop_before:
            tell(_STOPPED)
            signal.pause()

    try:
        tell(BEGUN)
        _count(step)
        work(tell)
        tell(f"{_STEPS} {next(steps) - 1}")
        tell(ENDED)
        signal.pause()
    except BaseException:  # noqa: BLE001  as above
        traceback.print_exc()
    finally:
        os._exit(1)


def _count(step: Callable[[], object]) -> None:
    """Have each step that changes a file system announced. Python has no audit event for fsync."""

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and {*str(arguments[1])} & {*"wxa"}
        if writes or event in _CHANGES:
            step()

    synchronise = os.fsync

    def counted(file: int) -> None:
        step()
        synchronise(file)

    sys.addaudithook(audited)
    os.fsync = counted
