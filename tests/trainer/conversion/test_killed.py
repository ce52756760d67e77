"""Killing an export before each of its steps: a whole one is there, or none, and the next one ends."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import itertools, os, signal, sys
from pathlib import Path
import ctranslate2.specs, huggingface_hub.repocard, jinja2  # not again in every child
from transformers import WhisperFeatureExtractor
from device.models.manifest import damaged_files, read_manifest
from device.models.check import check
from trainer.conversion import export as exporting
from trainer.conversion.base import load_transformers
from trainer.conversion.export import export

model, root = Path(sys.argv[1]), Path(sys.argv[2])
target = root / "anna"
loaded = load_transformers(model)  # once: it takes longer than all the rest
exporting.load_transformers = lambda _model: loaded
# The engine's threads would not be there after a fork, so that it runs in the children alone.

def killed_at(step):
    "Export in a process of its own, which dies before its step; say whether it did."
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    steps = itertools.count()

    def audited(event, arguments):
        if arguments and str(root) in str(arguments[0]) and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audited)
    export(model, target, name="anna")
    os._exit(0)

def whole():
    check(target)
    assert damaged_files(target, read_manifest(target)) == []
    assert (target / "README.md").exists()

first = itertools.count(0, 9)
for step in first:
    if not killed_at(step):
        break
    assert not target.exists() or whole() is None
print(step)
for step in itertools.count(0, 9):
    if not killed_at(step):
        break
    if target.exists():
        whole()
    else:
        assert not killed_at(None)
print(step)
whole()
assert [entry.name for entry in root.iterdir()] == ["anna"], list(root.iterdir())
"""


def test_a_kill_at_any_step_leaves_a_whole_export_or_none(run: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, run / "model", tmp_path / "out"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **threads},
    )
    assert done.returncode == 0, done.stderr
    assert min(map(int, done.stdout.split())) > 40
