"""Recordings that wait for the recogniser, which works in one thread beside the loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from device.audio.sound import seconds
from device.errors import SaykeyError
from device.events import Recognised, RecognitionFailed
from device.speech.transcript import Transcript

if TYPE_CHECKING:
    from device.audio.recording import Recording
    from device.events import Post
    from device.ports import Recogniser
    from device.progress import Progress

_TRIES = 2
"""A recording that failed is tried again: when the user presses next, memory may be free again."""

_SLOWEST_RTF = 20.0
"""No board that can be used takes 20 seconds for one second of speech."""

_STARTUP_S = 30.0
"""Over and above: the model's pages may have to come back from a slow card."""


@dataclass(frozen=True, slots=True)
class _Job:
    dictation: int
    recording: Recording


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

    def put(self, dictation: int, recording: Recording) -> None:
        """Add a recording behind the others."""
        self._jobs.put_nowait(_Job(dictation, recording))

    def retry(self) -> None:
        """Try again what failed."""
        self._retry.set()

    async def run(self) -> None:
        """Recognise until cancelled; each recording ends in `Recognised` or `RecognitionFailed`."""
        while True:
            await self._recognise(await self._jobs.get())

    async def _recognise(self, job: _Job) -> None:
        within_s = _STARTUP_S + _SLOWEST_RTF * seconds(len(job.recording.samples))
        for tries_left in reversed(range(_TRIES)):
            with self._progress.during("recogniser", within_s):
                outcome = await self._in_thread(job.recording)
            if isinstance(outcome, Transcript):
                self._post(Recognised(job.dictation, outcome))
                return
            # A library's message might quote what was said, so only ours are shown.
            reason = str(outcome) if isinstance(outcome, SaykeyError) else type(outcome).__name__
            self._post(RecognitionFailed(job.dictation, reason, again=tries_left > 0))
            if tries_left:
                self.failure = reason
                self._retry.clear()  # a press before the failure asked for nothing of the kind
                await self._retry.wait()
                self.failure = ""

    def _in_thread(self, recording: Recording) -> asyncio.Future[Transcript | BaseException]:
        """Recognise in a daemon thread: an executor's would keep the process from ending while it works.

        Whatever goes wrong is given, not raised: the next dictation must work.
        """
        result: Future[Transcript | BaseException] = Future()

        def work() -> None:
            try:
                result.set_result(self._recogniser.recognise(recording))
            except BaseException as error:  # noqa: BLE001  see above
                result.set_result(error)

        result.set_running_or_notify_cancel()
        try:
            Thread(target=work, name="recogniser", daemon=True).start()
        except RuntimeError as error:  # there is no memory for another thread
            result.set_result(error)
        return asyncio.wrap_future(result)
