from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from device.audio.recording import Recording
from device.errors import SaykeyError
from device.events import Anticipated, Recognised, RecognitionFailed
from device.progress import Progress
from device.transcriber import Transcriber
from tests.parts import PATIENCE_S, ScriptedRecogniser, transcript

RECORDING = Recording(np.zeros(16_000, dtype=np.float32), ())


GROWING = Recording(np.zeros(8_000, dtype=np.float32), ())


class ForesightedRecogniser(ScriptedRecogniser):
    """Recognises ahead of time what `ahead` says, or raises it, behind the same gate.

    Attributes:
        reports: Given before the whole transcript of each recording.
    """

    def __init__(self, *script):
        super().__init__(*script)
        self.ahead = []
        self.reports = []

    def anticipate(self, recording):
        self.anticipated.append(recording)
        self.tell()
        assert self.gate.wait(PATIENCE_S)
        line = self.ahead.pop(0)
        if isinstance(line, BaseException):
            raise line
        return transcript(line)

    def recognise(self, recording, report=lambda _: None):
        for text in self.reports:
            report(transcript(text))
        return super().recognise(recording, report)


class Bench:
    """A transcriber at work, and the queue of what it posts."""

    def __init__(self, *script):
        self.recogniser = ForesightedRecogniser(*script)
        self.events = asyncio.Queue()
        self.now_s = 0.0
        self.progress = Progress(lambda: self.now_s)
        self.transcriber = Transcriber(self.recogniser, self.events.put_nowait, self.progress)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.transcriber.run())
        return self

    async def __aexit__(self, *_error):
        self.recogniser.gate.set()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def next(self):
        return await asyncio.wait_for(self.events.get(), PATIENCE_S)

    def held_up(self):
        """Hold the recogniser up from now on; give what is set when it has begun."""
        began, loop = asyncio.Event(), asyncio.get_running_loop()
        self.recogniser.tell = lambda: loop.call_soon_threadsafe(began.set)
        self.recogniser.gate.clear()
        return began

    async def next_text(self):
        event = await self.next()
        assert isinstance(event, Recognised)
        return event.dictation, event.transcript.text


async def test_recordings_are_recognised_in_their_order_off_the_loop():
    async with Bench("one", "two", "three") as bench:
        bench.recogniser.tell = lambda: threads.append(threading.current_thread())
        threads = []
        for number in (1, 2, 3):
            bench.transcriber.put(number, RECORDING)
        assert [await bench.next_text() for _ in range(3)] == [(1, "one"), (2, "two"), (3, "three")]
        assert threading.main_thread() not in threads


async def test_one_recording_is_recognised_at_a_time():
    async with Bench("one", "two") as bench:
        began = bench.held_up()
        bench.transcriber.put(1, RECORDING)
        bench.transcriber.put(2, RECORDING)
        await asyncio.wait_for(began.wait(), PATIENCE_S)
        assert len(bench.recogniser.recordings) == 1
        bench.recogniser.gate.set()
        assert [await bench.next_text() for _ in range(2)] == [(1, "one"), (2, "two")]


async def test_what_failed_is_tried_again_when_asked_and_before_what_follows():
    async with Bench(SaykeyError("No memory."), "one", "two") as bench:
        bench.transcriber.put(1, RECORDING)
        bench.transcriber.put(2, RECORDING)
        assert await bench.next() == RecognitionFailed(1, "No memory.", again=True)
        assert bench.transcriber.failure == "No memory."
        assert bench.events.empty()
        bench.transcriber.retry()
        assert await bench.next_text() == (1, "one")
        assert bench.transcriber.failure == ""
        assert await bench.next_text() == (2, "two")


async def test_a_press_before_the_failure_does_not_use_up_the_second_try():
    async with Bench(MemoryError(), "one") as bench:
        began = bench.held_up()
        bench.transcriber.put(1, RECORDING)
        await asyncio.wait_for(began.wait(), PATIENCE_S)
        bench.transcriber.retry()
        bench.recogniser.gate.set()
        assert await bench.next() == RecognitionFailed(1, "MemoryError", again=True)
        assert bench.transcriber.failure == "MemoryError"
        assert len(bench.recogniser.recordings) == 1
        bench.transcriber.retry()
        assert await bench.next_text() == (1, "one")


async def test_what_fails_twice_is_given_up():
    async with Bench(MemoryError("private"), RuntimeError("private"), "two") as bench:
        bench.transcriber.put(1, RECORDING)
        bench.transcriber.put(2, RECORDING)
        assert await bench.next() == RecognitionFailed(1, "MemoryError", again=True)
        bench.transcriber.retry()
        assert await bench.next() == RecognitionFailed(1, "RuntimeError", again=False)
        assert await bench.next_text() == (2, "two")


@pytest.mark.parametrize("error", [StopIteration("private"), StopAsyncIteration(), AssertionError()])
async def test_no_error_of_a_library_ends_the_transcriber(error):
    async with Bench(error, "one") as bench:
        bench.transcriber.put(1, RECORDING)
        event = await bench.next()
        assert isinstance(event, RecognitionFailed)
        assert "private" not in event.reason
        bench.transcriber.retry()
        assert await bench.next_text() == (1, "one")


async def test_what_is_understood_early_is_told_before_the_rest():
    async with Bench("one two three") as bench:
        bench.recogniser.reports = ["one", "one two"]
        bench.transcriber.put(7, RECORDING)
        events = [await bench.next() for _ in range(3)]
    assert [(event.dictation, event.transcript.text, event.is_all) for event in events] == [
        (7, "one", False),
        (7, "one two", False),
        (7, "one two three", True),
    ]


async def test_what_is_recognised_ahead_of_time_is_told_with_its_recording():
    async with Bench() as bench:
        bench.recogniser.ahead = ["one"]
        bench.transcriber.anticipate(GROWING)
        event = await bench.next()
        assert isinstance(event, Anticipated)
        assert event.recording is GROWING
        assert event.transcript.text == "one"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError("private"), "MemoryError"),
        (StopIteration("private"), "StopIteration"),
        (SaykeyError("The model cannot be run."), "The model cannot be run."),
    ],
)
async def test_what_fails_ahead_of_time_is_logged_without_text_and_troubles_nobody(caplog, error, reason):
    caplog.set_level(logging.DEBUG)
    async with Bench("one") as bench:
        bench.recogniser.ahead = [error]
        bench.transcriber.anticipate(GROWING)
        bench.transcriber.put(1, RECORDING)
        assert await bench.next_text() == (1, "one")
        assert bench.transcriber.failure == ""
        assert bench.events.empty()
    (record,) = [record for record in caplog.records if record.name == "device.transcriber"]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"not recognised ahead of time: {reason}"
    assert record.exc_info is None


async def test_a_finished_recording_waits_for_one_that_is_recognised_ahead_of_time():
    async with Bench("one two") as bench:
        began = bench.held_up()
        bench.recogniser.ahead = ["one"]
        bench.transcriber.anticipate(GROWING)
        bench.transcriber.put(1, RECORDING)
        await asyncio.wait_for(began.wait(), PATIENCE_S)
        assert bench.recogniser.recordings == []
        bench.recogniser.gate.set()
        assert isinstance(await bench.next(), Anticipated)
        assert await bench.next_text() == (1, "one two")
        assert bench.recogniser.recordings == [RECORDING]


async def test_it_is_idle_when_all_is_done_and_nothing_waits():
    async with Bench("one") as bench:
        assert bench.transcriber.is_idle
        began = bench.held_up()
        bench.recogniser.ahead = ["one"]
        bench.transcriber.anticipate(GROWING)
        assert not bench.transcriber.is_idle
        await asyncio.wait_for(began.wait(), PATIENCE_S)
        assert not bench.transcriber.is_idle
        bench.transcriber.put(1, RECORDING)
        bench.recogniser.gate.set()
        assert isinstance(await bench.next(), Anticipated)
        assert await bench.next_text() == (1, "one")
        assert bench.transcriber.is_idle


async def test_it_is_not_idle_while_a_failed_recording_waits_for_its_second_try():
    async with Bench(MemoryError(), "one") as bench:
        bench.transcriber.put(1, RECORDING)
        assert isinstance(await bench.next(), RecognitionFailed)
        assert not bench.transcriber.is_idle
        bench.transcriber.retry()
        assert await bench.next_text() == (1, "one")


async def test_what_is_recognised_ahead_of_time_must_get_on_too():
    async with Bench() as bench:
        began = bench.held_up()
        bench.recogniser.ahead = ["one"]
        bench.transcriber.anticipate(GROWING)
        await asyncio.wait_for(began.wait(), PATIENCE_S)
        assert bench.progress.stalled() == []
        bench.now_s = 3600
        assert bench.progress.stalled() == ["recogniser"]
        bench.recogniser.gate.set()
        await bench.next()
        assert bench.progress.stalled() == []


STUCK = """
import asyncio, threading
import numpy as np
from device.audio.recording import Recording
from device.progress import Progress
from device.transcriber import Transcriber

class Stuck:
    def recognise(self, recording, report):
        print("stuck", flush=True)
        is_stuck.set()
        threading.Event().wait()

async def main():
    transcriber = Transcriber(Stuck(), print, Progress())
    transcriber.put(1, Recording(np.zeros(16, np.float32), ()))
    task = asyncio.create_task(transcriber.run())
    await asyncio.to_thread(is_stuck.wait)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

is_stuck = threading.Event()
asyncio.run(main())
"""


def test_a_recogniser_that_hangs_does_not_keep_the_process_alive():
    done = subprocess.run(
        [sys.executable, "-c", STUCK],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "stuck\n", "")
