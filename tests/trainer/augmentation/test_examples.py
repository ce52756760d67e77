"""Examples to listen to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile

from device.audio.sound import SAMPLE_RATE_HZ
from trainer.augmentation.augmenter import Augmenter
from trainer.augmentation.examples import write_examples
from trainer.augmentation.settings import AugmentSettings
from trainer.dataset import Utterance
from trainer.errors import DataError


@pytest.fixture(scope="module")
def augmenter():
    return Augmenter(AugmentSettings(clean_share=0), [], [], 1)


@pytest.fixture
def utterances(tmp_path):
    made = []
    for name in "abc":
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, 0.3 * np.sin(np.arange(8000) / 9), SAMPLE_RATE_HZ)
        made.append(Utterance(name, path, f"<{name}> & co", "set", "speaker"))
    return made


def test_each_is_written_before_and_after_with_what_was_done(utterances, augmenter, tmp_path):
    lines = write_examples(utterances, augmenter, tmp_path / "out", count=2, seed=1)

    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "01-augmented.wav", "01-recorded.wav", "02-augmented.wav", "02-recorded.wav", "index.html",
    ]  # fmt: skip
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert all(name in page for name in names[:-1])
    assert "&amp; co" in page
    assert "& co" not in page
    assert len(lines) == 2
    assert all(line.split(": ", 1)[1].split(",")[0] in page for line in lines)
    assert soundfile.info(tmp_path / "out/01-augmented.wav").samplerate == SAMPLE_RATE_HZ


def test_half_a_character_is_spelled_out(utterances, augmenter, tmp_path):
    utterance = dataclasses.replace(utterances[0], text="Yes \ud83d.")
    write_examples([utterance], augmenter, tmp_path / "out", count=1, seed=1)
    assert r"Yes \ud83d." in (tmp_path / "out/index.html").read_text(encoding="utf-8")


def test_more_than_there_are_gives_all(utterances, augmenter, tmp_path):
    assert len(write_examples(utterances, augmenter, tmp_path / "out", count=9, seed=1)) == 3


def test_what_is_there_is_never_replaced(utterances, augmenter, tmp_path):
    with pytest.raises(DataError, match="something in it"):
        write_examples(utterances, augmenter, tmp_path, count=2, seed=1)
    assert utterances[0].path.exists()


def test_a_full_disk_leaves_nothing(utterances, augmenter, tmp_path):
    resource = pytest.importorskip("resource", reason="limits of a file's size are POSIX's")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(DataError, match="cannot be written"):
            write_examples(utterances, augmenter, tmp_path / "out", count=2, seed=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav", "c.wav"]
