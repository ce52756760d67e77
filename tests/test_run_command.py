from __future__ import annotations

import asyncio
import os
import shutil
import signal
import termios

import numpy as np
import pytest
import soundfile

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ, samples_in
from device.cli import main
from device.demo import RECORDING, SENTENCE
from device.errors import SaykeyError
from device.events import ButtonMoved, StopRequested
from device.simulation.terminal import TerminalButton
from tests import tiny_model
from tests.pulse import PulseMicrophone
from tests.saykey import Daemon, saykey, words, write_config


@pytest.fixture
def config(tmp_path, real_settings):
    return write_config(tmp_path)


@pytest.fixture
def wordless(tmp_path):
    """Settings with a model that is quick to load and knows nothing, and no microphone."""
    model = tiny_model.write(tmp_path / "whisper")
    return write_config(tmp_path, model, "[microphone]", 'device = "no such microphone"')


@pytest.fixture(scope="module")
def pulse(tmp_path_factory):
    with PulseMicrophone(tmp_path_factory.mktemp("run")) as pulse:
        yield pulse


@pytest.fixture(scope="module")
def memo(tmp_path_factory):
    """The demo recording, with silence behind it."""
    return write_memo(tmp_path_factory.mktemp("memo") / "memo.wav", read(RECORDING))


@pytest.fixture(scope="module")
def brief(tmp_path_factory):
    """Its first words, with silence behind them."""
    return write_memo(
        tmp_path_factory.mktemp("memo") / "brief.wav", read(RECORDING)[: 3 * SAMPLE_RATE_HZ // 2]
    )


def write_memo(file, samples):
    # Silence, so that no word is still under way in the sound system when all has been played.
    soundfile.write(file, np.pad(samples, (0, samples_in(700))), SAMPLE_RATE_HZ)
    return file


@pytest.fixture
def daemon(config, pulse):
    """A daemon that hears."""
    with Daemon(config, env=pulse.env) as daemon:
        daemon.until("microphone")
        yield daemon


# With the real model and a microphone of software.


def speak(daemon, pulse, memo):
    daemon.push()
    daemon.until("listening")
    pulse.play(memo)


def test_what_is_heard_is_typed_word_for_word_as_from_the_file(daemon, pulse, memo, config):
    speak(daemon, pulse, memo)
    daemon.push()
    daemon.until("typing")
    daemon.until("idle")
    daemon.end_of_input()
    status, typed = daemon.end()
    assert status == 0, daemon.log
    transcribed = saykey("transcribe", "--config", config, RECORDING)
    assert words(typed) == words(transcribed.stdout) != []
    assert not set(words(daemon.log)) & {"always", "want", "superlative", "degree"}


@pytest.mark.parametrize("stage", ["idle", "listening", "released", "typing"])
def test_sigterm_at_any_stage(daemon, pulse, brief, stage):
    if stage != "idle":
        speak(daemon, pulse, brief)
    if stage in {"released", "typing"}:
        daemon.push()
    if stage == "typing":
        daemon.until(stage)
    daemon.process.send_signal(signal.SIGTERM)
    status, typed = daemon.end()
    assert status == 0, daemon.log
    assert "Traceback" not in daemon.log
    if "dictations lost" in daemon.log:  # a machine so slow that the time for it was over
        assert not typed.strip()
    elif stage != "idle":
        assert words(typed)[:2] == words(SENTENCE)[:2]


def test_a_full_disk_is_explained(config, pulse, brief):
    with open("/dev/full", "wb") as full, Daemon(config, env=pulse.env, stdout=full) as daemon:  # noqa: PTH123
        daemon.until("microphone")
        speak(daemon, pulse, brief)
        daemon.push()
        status, _ = daemon.end()
    assert status == 1, daemon.log
    assert daemon.log.endswith("saykey: The output cannot be written: No space left on device.\n")
    assert "Traceback" not in daemon.log


# Without a microphone, and with a model that is quick to load.


def test_a_missing_microphone_is_shown(wordless):
    with Daemon(wordless) as daemon:
        daemon.until("error: ")
        daemon.process.send_signal(signal.SIGTERM)
        status, typed = daemon.end()
    assert (status, typed.strip()) == (0, ""), daemon.log


def test_the_end_of_the_input_ends_it(wordless):
    with Daemon(wordless) as daemon:
        daemon.until("error")
        daemon.end_of_input()
        assert daemon.end()[0] == 0, daemon.log


def test_a_terminal_is_given_back_as_it_was(wordless):
    ours, theirs = os.openpty()
    before = termios.tcgetattr(ours)
    with Daemon(wordless, stdin=theirs) as daemon:
        daemon.until("error")
        os.write(ours, b" q")
        assert daemon.end()[0] == 0, daemon.log
    assert termios.tcgetattr(ours) == before
    os.close(ours)
    os.close(theirs)


def test_an_input_that_can_be_no_button_is_explained(wordless):
    done = saykey("run", "--simulate", "--config", wordless)
    assert done.returncode == 1
    assert done.stderr.startswith("saykey: Standard input can be no button")
    assert "Traceback" not in done.stderr


def test_without_a_gadget_it_says_what_to_do(wordless):
    done = saykey("run", "--config", wordless)
    assert (done.returncode, done.stdout) == (1, "")
    assert "USB device controller" in done.stderr


def cut(folder):
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:-1000])


def garble(folder):
    (folder / "model.bin").write_bytes(bytes(1000))


def take_the_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def garble_the_tokenizer(folder):
    (folder / "tokenizer.json").write_text("{")


@pytest.mark.parametrize(
    "command", [["run", "--simulate"], ["transcribe", str(RECORDING)]], ids=["run", "transcribe"]
)
@pytest.mark.parametrize("damage", [cut, garble, take_the_tokenizer, garble_the_tokenizer, shutil.rmtree])
def test_a_damaged_or_missing_model_is_explained(tmp_path, capsys, damage, command):
    model = tiny_model.write(tmp_path / "whisper")
    damage(model)
    assert main([*command, "--config", str(write_config(tmp_path, model))]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("saykey: ")
    assert str(model) in error


def test_a_damaged_model_leaves_no_traceback(tmp_path):
    model = tiny_model.write(tmp_path / "whisper")
    cut(model)
    done = saykey("run", "--simulate", "--config", write_config(tmp_path, model))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("saykey: ")
    assert done.stderr.count("\n") == 1


# The button of a terminal, without the rest.


class Keys:
    """A button at the other end of a pipe, and what it posts."""

    def __init__(self):
        self.events = asyncio.Queue()
        self.there, self.here = os.pipe()
        self.button = TerminalButton(self.there)

    def __enter__(self):
        self.button.start(self.events.put_nowait)
        return self

    def __exit__(self, *_error):
        self.button.stop()
        for file in (self.there, self.here):
            os.close(file)

    async def next(self):
        return await asyncio.wait_for(self.events.get(), 30)


async def test_keys_move_the_button():
    with Keys() as keys:
        os.write(keys.here, b" x\n \r")
        moves = [await keys.next() for _ in range(4)]
        assert [move.pressed for move in moves] == [True, False, True, False]
        assert all(isinstance(move, ButtonMoved) for move in moves)
        assert keys.events.empty()


async def test_q_asks_to_stop_as_often_as_it_is_hit():
    with Keys() as keys:
        os.write(keys.here, b"qq")
        assert [await keys.next(), await keys.next()] == [StopRequested(), StopRequested()]


async def test_the_end_of_the_input_asks_to_stop_once():
    with Keys() as keys:
        os.close(keys.here)
        assert await keys.next() == StopRequested()
        for _ in range(10):
            await asyncio.sleep(0)
        assert keys.events.empty()
        keys.here = os.open(os.devnull, os.O_RDONLY)


async def test_no_event_is_posted_after_the_stop():
    with Keys() as keys:
        keys.button.stop()
        os.write(keys.here, b" ")
        for _ in range(10):
            await asyncio.sleep(0)
        assert keys.events.empty()


async def test_a_file_can_be_no_button(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(SaykeyError, match="pipe"):
        TerminalButton(file.fileno()).start(print)
