"""The event loop never blocks: no key comes late because of a disk, a lock or the recogniser."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.sound import samples_in
from device.demo import RECORDING, SENTENCE
from device.ports import State
from device.running import dictate
from device.simulation.wav_microphone import WavMicrophone
from device.speech.engine import Engine
from device.text.written import prepare
from tests.blocking import watched
from tests.parts import PATIENCE_S, Desk, TimedButton, service_manager, with_button
from tests.saykey import ROOT, words, write_config

GESTURES = with_button(double_press="undo", triple_press="again")

# What finds blocking calls.


def sleep(_file):
    time.sleep(0)


def read_a_file(file):
    file.read_bytes()


def look_at_a_file(file):
    os.stat(file)  # noqa: PTH116


def sync_a_file(file):
    with file.open("w") as opened:
        os.fsync(opened)


def wait_for_an_event(_file):
    threading.Event().wait(0.001)


def wait_for_a_lock(_file):
    lock = threading.Lock()
    lock.acquire()


def wait_for_a_queue(_file):
    waiting = queue.SimpleQueue()
    waiting.put(1)
    waiting.get()


def wait_for_a_thread(_file):
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def wait_for_a_process(_file):
    subprocess.run(["true"], check=True)


def receive(_file):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"1")
        ours.recv(1)


def import_a_module(_file):
    sys.modules.pop("this_module_is_not_there", None)
    with suppress(ImportError):
        import this_module_is_not_there  # noqa: F401


def encode(_file):
    with suppress(AttributeError):
        object.__new__(Engine).encode(np.zeros(0, np.float32))


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        (sleep, "time.sleep"),
        (read_a_file, "open"),
        (look_at_a_file, "os.stat"),
        (sync_a_file, "os.fsync"),
        (wait_for_an_event, "Condition.wait"),
        (wait_for_a_lock, "Lock.acquire"),
        (wait_for_a_queue, "SimpleQueue.get"),
        (wait_for_a_thread, "Thread.join"),
        (wait_for_a_process, "subprocess.Popen"),
        (receive, "socket.recv"),
        (import_a_module, "import of this_module_is_not_there"),
        (encode, "the encoder"),
    ],
)
async def test_a_callback_that_may_block_is_found(blocks, found, tmp_path):
    (tmp_path / "file").touch()
    with watched() as calls:
        asyncio.get_running_loop().call_soon(blocks, tmp_path / "file")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert any(call.startswith(f"{found} in {blocks.__name__} ") for call in calls), calls


async def test_what_waits_elsewhere_or_lets_others_run_meanwhile_is_not():
    ours, theirs = socket.socketpair()
    await asyncio.to_thread(time.sleep, 0)  # the pool is made
    with watched() as calls, ours, theirs:
        ours.setblocking(False)  # noqa: FBT003
        theirs.setblocking(False)  # noqa: FBT003
        await asyncio.sleep(0.001)
        await asyncio.to_thread(time.sleep, 0)
        await asyncio.get_running_loop().sock_sendall(theirs, b"1")
        await asyncio.get_running_loop().sock_recv(ours, 1)
    assert calls == []


async def test_nothing_is_watched_any_more_afterwards():
    with watched() as calls:
        pass
    time.sleep(0)  # noqa: ASYNC251
    assert calls == []


# The path.


@pytest.fixture
def plain(real_settings):
    """The real model, and a button of which every press is a dictation at once."""
    return with_button(real_settings, double_press="none", triple_press="none")


async def test_speech_recognised_by_the_model_and_a_host_that_goes_away(plain, tmp_path, monkeypatch):
    sentence = read(RECORDING)
    desk = Desk(settings=plain)
    microphone = WavMicrophone(plain, desk.button)
    parts = replace(
        desk.parts, microphone=microphone, detector=load_detector(), recogniser=load_recogniser(plain)
    )
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    with service_manager(tmp_path, monkeypatch), watched() as calls:
        desk.start(dictate(parts, plain))
        await desk.until(lambda: desk.indicator.shown)
        desk.keyboard.unplug_after(40)
        microphone.play(sentence)
        await desk.until_shown(State.HOST_AWAY)
        desk.keyboard.plug_in()
        await desk.until_shown(State.WAITING)
        microphone.play(sentence[: samples_in(1800)])
        await desk.until(lambda: words(desk.host.text)[-3:] == ["to", "see", "it"])
        await desk.until_shown(State.IDLE)
        os.kill(os.getpid(), signal.SIGTERM)
        await desk.stopped()
    assert words(desk.host.text)[: len(words(SENTENCE))] == words(SENTENCE)
    assert calls == []


async def test_faults_undo_and_what_is_said_while_something_else_is_recognised():
    button = TimedButton()
    desk = Desk("One.", "Two.", RuntimeError(), "Three.", settings=GESTURES, button=button)

    async def until_typed(text):
        await desk.until(lambda: desk.host.text == text and desk.indicator.states[-1] is State.IDLE)

    prepare(GESTURES.recognition.language, GESTURES)  # as whoever loads a recogniser does
    with watched() as calls:
        async with desk:
            desk.recogniser.gate.clear()
            desk.say()
            await desk.until_recognising(1)
            desk.say()
            await desk.acted()
            desk.recogniser.gate.set()
            await until_typed("One. Two.")
            button.taps(2)
            button.rest()
            await until_typed("One.")
            button.taps(3)
            button.rest()
            await until_typed("One. Two.")
            desk.say()
            await desk.until(lambda: "RuntimeError" in desk.indicator.shown[-1][1])
            desk.microphone.lose()
            desk.microphone.come_back()
            desk.keyboard.unplug_after(3)
            desk.dictation.retry()
            await desk.until_shown(State.HOST_AWAY)
            desk.keyboard.plug_in()
            await desk.until_shown(State.WAITING)
            desk.tap()
            button.rest()
            await desk.until_typed("One. Two. Three.")
    assert calls == []


def test_in_a_new_process_nothing_is_imported_once_it_runs(real_settings, tmp_path):
    """Here the other tests have imported all there is; on a board, a module comes from a slow card."""
    config = write_config(tmp_path, "tiny.en", "[button]", 'double_press = "none"', 'triple_press = "none"')
    done = subprocess.run(
        [sys.executable, "-m", "tests.fresh_path", config],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.stderr == ""
    text, *calls = done.stdout.splitlines()
    assert words(text) == 2 * words(SENTENCE)
    assert calls == []
