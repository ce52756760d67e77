"""`saykey-trainer record`, most of it as a process of its own with a microphone made of software."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from device import settings_files
from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ
from device.demo import RECORDING, SENTENCE
from tests.parts import PATIENCE_S
from tests.pulse import PulseMicrophone
from tests.saykey import write_config
from trainer.commands import record as command
from trainer.commands.record import record
from trainer.dataset import load_manifest
from trainer.errors import DataError
from trainer.recording import prompts
from trainer.recording.folder import RecordingFolder

PROGRAM = """
import sys, typer
from device.errors import SaykeyError
from trainer.commands.record import record
try:
    typer.run(record)
except SaykeyError as error:
    sys.exit(f"saykey-trainer: {error}")
"""

BRIEF, WORDS = read(RECORDING)[: 3 * SAMPLE_RATE_HZ // 2], "And you always want"

app = typer.Typer()
app.command()(record)


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200", "TERM": "dumb"})


class Session:
    """A session at the other end of two pipes."""

    def __init__(self, *words, env=None):
        self.said = ""
        self._lines = SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *map(str, words)],
            cwd=Path(__file__).parents[3],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.kill()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, words):
        while words not in (line := self._lines.get(timeout=PATIENCE_S)):
            self.said += line
            assert line, f"{words!r} is not in:\n{self.said}{self._process.stderr.read()}"
        self.said += line

    def hit(self, keys):
        self._process.stdin.write(keys)
        self._process.stdin.flush()

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            stream.close()

    def end(self):
        self._process.stdin.close()
        status = self._process.wait(timeout=PATIENCE_S)
        self._reader.join()
        while line := self._lines.get():
            self.said += line
        return status, self._process.stderr.read()


@pytest.fixture(scope="module")
def pulse(tmp_path_factory):
    with PulseMicrophone(tmp_path_factory.mktemp("record"), rate_hz=48_000, channels=2) as pulse:
        yield pulse


@pytest.fixture
def speech(tmp_path):
    """The first words of the recording that ships, with silence around them."""
    soundfile.write(tmp_path / "speech.wav", np.pad(BRIEF, (4_000, 12_000)), SAMPLE_RATE_HZ)
    return tmp_path / "speech.wav"


@pytest.fixture
def sentences(tmp_path):
    (tmp_path / "own.txt").write_text(f"{WORDS}\nAnother one.\n")
    return tmp_path / "own.txt"


def take(session, pulse, speech):
    session.until("Space records")
    session.hit(" ")
    session.until("Recording")
    pulse.play(speech)
    session.hit(" ")
    session.until("good: peak")


def loudness(samples):
    """Give the power of each 10 ms, shape (n,)."""
    return np.square(samples[: samples.size // 160 * 160].reshape(-1, 160)).mean(axis=1)


def test_what_is_said_is_recorded_and_outlives_a_kill(tmp_path, pulse, speech, sentences):
    folder = tmp_path / "mine"
    with Session(folder, "--sentences", sentences, "--count", 2, "--speaker", "me", env=pulse.env) as session:
        session.until(WORDS)
        take(session, pulse, speech)
        session.hit(" ")
        session.until("Another one.")
        session.hit(" ")
        session.until("Recording")
        session.kill()
    (utterance,) = load_manifest(folder)
    assert (utterance.text, utterance.speaker) == (WORDS, "me")
    kept, spoken = loudness(read(utterance.path)), loudness(BRIEF)
    fit = np.correlate(kept, spoken, "full") / np.linalg.norm(kept) / np.linalg.norm(spoken)
    assert fit.max() > 0.9  # the frames do not begin together
    again = RecordingFolder(folder)
    assert (again.texts("me"), again.mended) == ({WORDS}, [])


def test_it_ends_with_the_input_and_counts(tmp_path, pulse):
    with Session(tmp_path / "mine", env=pulse.env) as session:
        session.until("Be quiet")
        status, errors = session.end()
    assert (status, errors) == (0, "")
    assert session.said.endswith("mine: 0 recorded, 100 to go\n")


def test_without_the_microphone_it_says_what_to_do(tmp_path, pulse):
    with Session(tmp_path / "mine", "--device", "no such", env=pulse.env) as session:
        status, errors = session.end()
    assert status == 1
    assert errors.startswith("saykey-trainer: --device: no microphone is called 'no such'; there are: ")
    assert errors.count("\n") == 1


@pytest.fixture
def chosen(monkeypatch):
    """Give what would be read in each session."""
    sessions = []
    monkeypatch.setattr(
        command, "_read_aloud", lambda _folder, _kept, prompts, _device, _speaker: sessions.append(prompts)
    )
    return sessions


def test_the_own_words_come_in_three_sentences_of_five(tmp_path, chosen):
    (tmp_path / "words.txt").write_text("Kubernetes = koo burr net eez\nNguyen\n")
    assert run(tmp_path / "mine", "--words", tmp_path / "words.txt", "--count", 50).exit_code == 0
    assert sum("Kubernetes" in prompt.text for prompt in chosen[0]) == 15
    assert sum("Nguyen" in prompt.text for prompt in chosen[0]) == 15
    assert len(chosen[0]) == 50


def test_the_same_prompts_come_the_next_time_and_more_of_them_when_asked(tmp_path, chosen):
    (tmp_path / "words.txt").write_text("Kubernetes\n")
    run(tmp_path, "--words", tmp_path / "words.txt", "--count", 20)
    run(tmp_path)
    run(tmp_path, "--count", 30)
    assert chosen[1] == chosen[0] == chosen[2][:20]
    assert len({prompt.text for prompt in chosen[2]}) == 30
    assert sum(prompt.word == "Kubernetes" for prompt in chosen[2]) > 12
    run(tmp_path, "--count", 10)
    assert chosen[3] == chosen[2] == prompts.load(tmp_path)


def test_without_anything_it_is_a_hundred_sentences(tmp_path, chosen):
    run(tmp_path)
    assert len(chosen[0]) == command.COUNT == 100


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--long", "a.wav"], "--long and --text go together"),
        (["--text", "a.txt"], "--long and --text go together"),
        (["--long", "a.wav", "--text", "a.txt", "--count", "5"], "--long takes no microphone"),
        (["--count", "0"], "--count"),
    ],
)
def test_a_wrong_call_is_explained(tmp_path, words, told):
    done = run(tmp_path / "mine", *words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert not (tmp_path / "mine").exists()


@pytest.fixture
def configured(tmp_path, real_settings, monkeypatch):
    """The settings of the machine name the real model."""
    config, load = write_config(tmp_path), settings_files.load
    monkeypatch.setattr(settings_files, "load", lambda _none: load(config))


def test_a_long_recording_is_cut_once(tmp_path, configured):
    sound = read(RECORDING)
    pause = np.zeros(3 * SAMPLE_RATE_HZ, np.float32)
    soundfile.write(tmp_path / "long.wav", np.concatenate([sound, pause, sound]), SAMPLE_RATE_HZ)
    (tmp_path / "text.txt").write_text(
        f"{SENTENCE}\nPurple elephants were seen on roller skates in Glasgow today."
    )
    words = [tmp_path / "mine", "--long", tmp_path / "long.wav", "--text", tmp_path / "text.txt"]
    first = run(*words)
    assert (first.exit_code, first.stdout) == (0, "1 new, 0 there already, 1 left out\n")
    assert "0:07" in first.stderr
    assert "left out, the text says something else" in first.stderr
    assert "Purple elephants" in first.stderr
    (utterance,) = load_manifest(tmp_path / "mine")
    assert utterance.text == SENTENCE
    assert soundfile.info(utterance.path).duration == pytest.approx(4, abs=1)
    assert run(*words).stdout == "0 new, 1 there already, 1 left out\n"


def test_a_recording_and_a_text_that_do_not_belong_together_are_named(tmp_path, configured):
    (tmp_path / "text.txt").write_text("Purple elephants were seen on roller skates in Glasgow today.")
    done = run(tmp_path / "mine", "--long", RECORDING, "--text", tmp_path / "text.txt")
    assert isinstance(done.exception, DataError)
    assert "do the two belong together?" in str(done.exception)
