from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from trainer.training import checkpoint
from trainer.training.checkpoint import Epoch, Place

LOG = (Epoch(0, None, 0.0, None, 5.5, 200, None, 1.0), Epoch(1, 2.5, 1e-5, 8.25, 4.5, 200, 6.0, 52.0))
PLACE = Place("key", 2, 3, 40, 1.25, 24, 7.5, LOG)
TENSORS = {"weight.a": torch.arange(6.0).reshape(2, 3), "step.a": torch.tensor(3.0), "quiet": torch.ones(0)}

FULL_DISK = """
import resource, signal, sys, torch
from pathlib import Path
from trainer.training import checkpoint
from trainer.training.checkpoint import Place
file = Path(sys.argv[1]) / "checkpoint"
checkpoint.save(file, Place("key", 1), {"a": torch.ones(10)})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    checkpoint.save(file, Place("key", 2), {"a": torch.ones(10_000)})
except OSError as error:
    place, tensors = checkpoint.load(file, "key")
    print(place.epoch, float(tensors["a"].sum()), [each.name for each in file.parent.iterdir()])
"""


@pytest.fixture
def file(tmp_path):
    checkpoint.save(tmp_path / "checkpoint", PLACE, TENSORS)
    return tmp_path / "checkpoint"


def test_what_is_saved_is_read(file):
    place, tensors = checkpoint.load(file, "key")

    assert place == PLACE
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], each) for name, each in TENSORS.items())
    assert [each.name for each in file.parent.iterdir()] == ["checkpoint"]


def test_what_was_read_can_change_without_the_file(file):
    _, tensors = checkpoint.load(file, "key")
    tensors["weight.a"] += 1
    checkpoint.save(file, PLACE, tensors)

    assert torch.equal(checkpoint.load(file, "key")[1]["weight.a"], TENSORS["weight.a"] + 1)


def test_one_of_another_training_is_none(file):
    assert checkpoint.load(file, "another") is None


def test_a_missing_one_is_none(tmp_path):
    assert checkpoint.load(tmp_path / "checkpoint", "key") is None


def test_one_that_was_cut_is_none(file):
    whole = file.read_bytes()
    for left in (*range(0, len(whole), 9), len(whole) - 1):
        file.write_bytes(whole[:left])
        assert checkpoint.load(file, "key") is None


@pytest.mark.parametrize("content", [b"\xff" * 500, b"PK\x03\x04" + bytes(500), b'{"place": 1}'])
def test_another_file_is_none(file, content):
    file.write_bytes(content)
    assert checkpoint.load(file, "key") is None


@pytest.mark.parametrize("place", ["", "{", "[]", '{"key": "key", "epoch": "two"}'])
def test_one_of_another_version_is_none(tmp_path, place):
    from safetensors.torch import save_file

    save_file(TENSORS, tmp_path / "checkpoint", {"place": place} if place else None)
    assert checkpoint.load(tmp_path / "checkpoint", "key") is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no files")
def test_a_full_disk_is_an_error_and_keeps_the_one_before(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path], capture_output=True, text=True, check=False
    )

    assert done.stdout == "1 10.0 ['checkpoint']\n", done.stderr
