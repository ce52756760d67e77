"""`saykey-trainer augment`."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.commands.augment import augment
from trainer.errors import DataError

app = typer.Typer()
app.command()(augment)


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in "abc":
        soundfile.write(folder / f"{name}.wav", 0.3 * np.sin(np.arange(8000) / 9), SAMPLE_RATE_HZ)
        (folder / f"{name}.txt").write_text(f"Sentence {name}.", encoding="utf-8")
    return folder


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_examples_are_written_and_described(recordings, tmp_path):
    noise = tmp_path / "noise"
    noise.mkdir()
    soundfile.write(noise / "fan.wav", np.random.default_rng(0).uniform(-0.1, 0.1, 9000), SAMPLE_RATE_HZ)

    done = run(recordings, "--out", tmp_path / "out", "--count", 2, "--noise", noise, "--rooms", noise)

    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["01-augmented.wav", "02-augmented.wav"]
    assert lines[2].endswith("index.html.")
    assert (tmp_path / "out/index.html").is_file()


def test_examples_are_not_put_among_the_recordings(recordings):
    done = run(recordings, "--out", recordings / "examples")
    assert isinstance(done.exception, DataError)
    assert "lies among the recordings" in str(done.exception)
    assert not (recordings / "examples").exists()


def test_the_seed_decides_what_is_heard(recordings, tmp_path):
    said = [run(recordings, "--out", tmp_path / str(number), "--seed", seed).output.splitlines()[:-1]
            for number, seed in enumerate((1, 1, 2))]  # fmt: skip

    assert said[0] == said[1] != said[2]


def test_a_folder_without_noise_is_named(recordings, tmp_path):
    with pytest.raises(DataError, match="no sound files"):
        CliRunner().invoke(
            app, [str(recordings), "--out", str(tmp_path / "out"), "--noise", str(tmp_path / "none")],
            catch_exceptions=False,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()
