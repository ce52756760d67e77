from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from device.speech import features
from tests.trainer.training.made import examples
from trainer.training.features import Features

SAID = [("personal", "a", 5_000), ("personal", "b", 161), ("general", "c", features.MAX_SAMPLES)]

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tests.trainer.training.made import examples
from trainer.training.features import Features
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    Features(examples([("personal", "a", 50_000)]), 80, Path(sys.argv[1]), lambda what, done: None)
except OSError as error:
    print(type(error).__name__, list(Path(sys.argv[1]).iterdir()))
"""


class Told:
    def __init__(self):
        self.said = []

    def __call__(self, what, done):
        self.said.append((what, done))


@pytest.mark.parametrize("n_mels", [80, 128])
def test_features_are_the_devices(tmp_path, n_mels):
    learned = examples(SAID)
    kept = Features(learned, n_mels, tmp_path, Told())

    for number, example in enumerate(learned.examples):
        mel = kept[number]
        assert mel.flags.writeable
        assert np.array_equal(mel, features.window(learned.sound(example), n_mels, mel.shape[1]))
        assert np.array_equal(mel, kept.made_of(learned.sound(example)))


def test_they_are_computed_once(tmp_path):
    first, again = Told(), Told()
    one = Features(examples(SAID), 80, tmp_path, first)
    two = Features(examples(SAID), 80, tmp_path, again)

    assert [done for _, done in first.said] == pytest.approx([1 / 3, 2 / 3, 1])
    assert again.said == []
    assert all(np.array_equal(one[number], two[number]) for number in range(3))


def test_those_of_other_sounds_are_removed(tmp_path):
    Features(examples(SAID), 80, tmp_path, Told())
    (tmp_path / ".features-0.npy.partial").write_bytes(b"half")
    (tmp_path / "log.jsonl").write_text("{}")
    Features(examples(SAID[:2]), 80, tmp_path, Told())

    assert len(list(tmp_path.glob("*features*"))) == 1
    assert (tmp_path / "log.jsonl").exists()


@pytest.mark.parametrize("left", [0, 40, 5_000])
def test_a_file_that_was_cut_is_made_anew(tmp_path, left):
    whole = Features(examples(SAID), 80, tmp_path, Told())[2]
    (file,) = tmp_path.glob("*.npy")
    file.write_bytes(file.read_bytes()[:left])
    told = Told()

    assert np.array_equal(Features(examples(SAID), 80, tmp_path, told)[2], whole)
    assert told.said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no files")
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path], capture_output=True, text=True, check=False
    )

    assert done.stdout == "OSError []\n", done.stderr
