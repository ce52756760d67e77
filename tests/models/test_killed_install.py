"""Killing what changes the model in use before each of its steps: what is in use is whole, and works on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from device.models.fetch import fetch
from device.models.store import Store
from tests.bundles import public
from tests.models.flashing import packed, parts_of, silent
from tests.packages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import itertools, os, shutil, signal, sys
from pathlib import Path
from device.models import files, store as store_module
from device.models.install import install
from device.models.self_test import Heard
from device.models.signature import PublicKey
from device.models.starts import Starts
from device.models.store import Store

root, folder, key = Path(sys.argv[1]), Path(sys.argv[2]), PublicKey(sys.argv[3])
template = root.with_name("template")
store = Store(root)

def silent(what, done):
    pass

def passes(folder, expected):
    return Heard(expected.text, 0.0, 0.0)

def take(number):
    with (folder / f"{number}.saykey").open("rb") as stream:
        install(store, stream, key, silent, passes)

def killed_at(step, work):
    "Work in a process of its own, which dies before its step; say whether it did."
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) or status == 0, status
        return os.WIFSIGNALED(status)
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
    store_module.swap = counted(store_module.swap)
    files.SummedFile.write = counted(files.SummedFile.write)
    work()
    os._exit(0)

def both():
    return store.current(), store.previous()

def prepare(*steps):
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(sys.argv[4], root, symlinks=True)
    for step in steps:
        step()
    shutil.rmtree(template, ignore_errors=True)
    shutil.copytree(root, template, symlinks=True)

def hidden():
    return {name for name in os.listdir(root) if name.startswith(".") and ".starts" not in name}

def kill_at_every_step(name, work, every=1):
    "Kill at each step; then what was in use or will be is in use, and the work can be done all the same."
    before = both()
    work()
    end = both()
    assert end != before, name
    for step in itertools.count(step=every):
        shutil.rmtree(root)
        shutil.copytree(template, root, symlinks=True)
        if not killed_at(step, work):
            break
        current = store.current()
        assert current in (before[0], end[0]), (name, step, current)
        store.verify(current)
        if current != end[0]:
            work()
        assert store.current() == end[0], (name, step, both())
        store.verify(end[0])
        with store.changing():
            pass
        assert not hidden(), (name, step)
    assert both() == end
    print(name, step)

def begin():
    Starts(store).begin()

def damage(name):
    (root / name / "tokenizer.json").write_text("{")

# Over a model that was fetched; with an old one to be removed; in the place of a damaged one; the one before.
prepare()
kill_at_every_step("first", lambda: take(1))
prepare(lambda: take(1), lambda: take(2), lambda: take(3))
assert len(store.flashed()) == 3
kill_at_every_step("next", lambda: take(4), every=3)
prepare(lambda: take(1), lambda: take(2), lambda: damage(store.previous()))
kill_at_every_step("damaged", lambda: take(1), every=3)
prepare(lambda: take(1), lambda: take(2))
kill_at_every_step("again", lambda: take(1))

prepare(lambda: take(1))
kill_at_every_step("back", store.switch_back)
prepare(lambda: take(1), lambda: take(2))
kill_at_every_step("use", lambda: store.use("stock"))
prepare(lambda: take(1), begin, begin, begin)
kill_at_every_step("given up", begin)
"""


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign is not installed")
def test_a_kill_at_any_step_leaves_a_whole_model_in_use(tmp_path: Path, pristine: Path):
    stock = Store(tmp_path / "stock")
    fetch(stock, "stock", pristine, silent)
    parts = parts_of(stock.folder("stock"))
    for number in range(1, 5):
        (tmp_path / f"{number}.saykey").write_bytes(packed(parts, number))
    command = [sys.executable, "-c", SCRIPT, tmp_path / "store", tmp_path, public().text, stock.root]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    kills = {name: int(number) for name, number in re.findall(r"^(.+) (\d+)$", done.stdout, re.MULTILINE)}
    assert len(kills) == 7
    assert min(kills[name] for name in ("first", "next", "damaged")) > 40
    assert min(kills.values()) > 5
