"""Killing a fetch before each of its steps: whatever was half done, a whole model is in the store."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests import tiny_model

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import itertools, os, shutil, signal, sys
from pathlib import Path
import ctranslate2  # but it runs nothing here: its threads would not be there after a fork
from device.models import files
from device.models.fetch import fetch
from device.models.store import Store

root, old, new = map(Path, sys.argv[1:4])
store = Store(root)

def silent(what, done):
    pass

def killed_at(step, source=new):
    "Fetch in a process of its own, which dies before its step; say whether it did."
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    steps = itertools.count()

    def count(*_):
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(event, arguments):
        if arguments and str(root) in str(arguments[0]):
            count()

    def counted(function, every=1):
        calls = itertools.count()

        def run(*arguments):
            if next(calls) % every == 0:
                count()
            return function(*arguments)
        return run

    sys.addaudithook(audited)
    os.fsync = counted(os.fsync)
    files.SummedFile.write = counted(files.SummedFile.write, every=8)
    fetch(store, "model", source, silent, force=True)
    os._exit(0)

def take_in(source):
    assert not killed_at(None, source)

def look():
    for name in store.names():
        store.verify(name)
    if store.current():
        store.verify(store.current())

def kill_at_every_step(before):
    for step in itertools.count():
        before()
        if not killed_at(step):
            break
        look()
    take_in(new)
    assert sorted(entry.name for entry in root.iterdir()) == ["current", "model"]
    return step

def empty():
    shutil.rmtree(root, ignore_errors=True)

def installed():
    assert store.names() == ["model"] and store.current() == "model"

print("first", kill_at_every_step(empty))
empty()
take_in(old)
print("replaced", kill_at_every_step(installed))
"""


def test_a_kill_at_any_step_leaves_whole_models_only(tmp_path: Path):
    old = tiny_model.write(tmp_path / "old", seed=1)
    new = tiny_model.write(tmp_path / "new", seed=2)
    command = [sys.executable, "-c", SCRIPT, tmp_path / "store", old, new]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    kills = [int(number) for number in re.findall(r"\d+", done.stdout)]
    assert min(kills) > 40
