"""Recordings that wait for the recogniser, which works in one thread beside the loop."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from device.audio.sound import seconds
from device.errors import SaykeyError
from device.events import Anticipated, Recognised, RecognitionFailed
from device.speech.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Callable

    from device.audio.recording import Recording
    from device.events import Post
    from device.ports import Recogniser
    from device.progress import Progress

log = logging.getLogger(__name__)

_TRIES = 2
"""A recording that failed is tried again: when the user presses next, memory may be free again."""

_SLOWEST_RTF = 20.0
"""No board that can be used takes 20 seconds for one second of speech."""

_UNKNOWN_S = 60.0
"""More speech than was not recognised before is in no recording that goes on."""

_STARTUP_S = 30.0
"""Over and above: the model's pages may have to come back from a slow card."""


@dataclass(frozen=True, slots=True)
class _Job:
    recording: Recording
    dictation: int | None = None  # none while the recording goes on

    @property
    def within_s(self) -> float:
        """How long it may take."""
        length_s = seconds(len(self.recording.samples))
        if self.dictation is None:  # but for the last piece or two, it is known
            length_s = min(length_s, _UNKNOWN_S)
        return _STARTUP_S + _SLOWEST_RTF * length_s


class Transcriber:
    """Recognises recordings one after another, in their order.

    Attributes:
        failure: Why the recording whose turn it is failed, while it waits for `retry`; else empty.
    """

    def __init__(self, recogniser: Recogniser, post: Post, progress: Progress) -> None:
        self.failure = ""
        self._recogniser = recogniser
        self._post = post
        self._progress = progress
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._retry = asyncio.Event()
        self._busy = False

    def put(self, dictation: int, recording: Recording) -> None:
        """Add a recording behind the others."""
        self._jobs.put_nowait(_Job(recording, dictation))

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._busy and self._jobs.empty()

    def anticipate(self, recording: Recording) -> None:
        """Recognise a recording that may go on, so that less is left to do at its end."""
        self._jobs.put_nowait(_Job(recording))

    def retry(self) -> None:
        """Try again what failed."""
        self._retry.set()

    async def run(self) -> None:
        """Recognise until cancelled; each recording ends in `Recognised` or `RecognitionFailed`."""
        while True:
            job = await self._jobs.get()
            self._busy = True
            if job.dictation is None:
                await self._anticipate(job)
            else:
                await self._recognise(job, job.dictation)
            self._busy = False

    async def _anticipate(self, job: _Job) -> None:
        outcome = await self._outcome(job, lambda: self._recogniser.anticipate(job.recording))
        if isinstance(outcome, Transcript):
            self._post(Anticipated(job.recording, outcome))
        else:  # at the end of the recording, the user is told
            log.warning("not recognised ahead of time: %s", _reason(outcome))

    async def _recognise(self, job: _Job, dictation: int) -> None:
        def report(transcript: Transcript) -> None:
            self._post(Recognised(dictation, transcript, is_all=False))

        for tries_left in reversed(range(_TRIES)):
            outcome = await self._outcome(job, lambda: self._recogniser.recognise(job.recording, report))
            if isinstance(outcome, Transcript):
                self._post(Recognised(dictation, outcome))
                return
            reason = _reason(outcome)
            self._post(RecognitionFailed(dictation, reason, again=tries_left > 0))
            if tries_left:
                self.failure = reason
                self._retry.clear()  # a press before the failure asked for nothing of the kind
                await self._retry.wait()
                self.failure = ""

    async def _outcome(self, job: _Job, work: Callable[[], Transcript]) -> Transcript | BaseException:
        with self._progress.during("recogniser", job.within_s):
            return await _in_thread(work)


def _reason(error: BaseException) -> str:
    """Say what went wrong. A library's message might quote what was said, so only ours are shown."""
    return str(error) if isinstance(error, SaykeyError) else type(error).__name__


def _in_thread(work: Callable[[], Transcript]) -> asyncio.Future[Transcript | BaseException]:
    """Work in a daemon thread: an executor's would keep the process from ending while it works.

    Whatever goes wrong is given, not raised: the next dictation must work.
    """
    result: Future[Transcript | BaseException] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001  see above
            result.set_result(error)

    result.set_running_or_notify_cancel()
    try:
        Thread(target=run, name="recogniser", daemon=True).start()
    except RuntimeError as error:  # there is no memory for another thread
        result.set_result(error)
    return asyncio.wrap_future(result)
