from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.errors import DataError
from trainer.files import write_text
from trainer.personalize.steps import STEPS, Step, keys, read, run, to_do

MEMORY = next((str(path) for path in [Path("/dev/shm")] if path.is_dir()), None)  # noqa: S108
"""Where it takes no time to bring a file to the disk."""

NEEDS = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


class KilledError(BaseException):
    """What ends a run in the middle, as a kill would."""


class Desk:
    """Steps that write what they were made of, can be killed, and remember how often each was done."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.done: list[str] = []
        self.kill: tuple[str, str] | None = None

    def steps(self, options: dict[str, int]) -> list[Step]:
        return [
            Step(
                name=name,
                what=name,
                run=lambda report, name=name: self._do(name, options, report),
                results=(self.work / name,),
                inputs={"option": options.get(name, 0)},
                needs=needs,
            )
            for name, needs in NEEDS.items()
        ]

    def _do(self, name, options, report):
        report("Doing", 0.0)
        self._perhaps_killed(name, "before")
        parts = [(self.work / need).read_text() for need in NEEDS[name]]
        write_text(self.work / name, f"{name}{options.get(name, 0)}({','.join(parts)})")
        self.done.append(name)
        self._perhaps_killed(name, "after")

    def _perhaps_killed(self, name, when):
        if self.kill == (name, when):
            raise KilledError


def right(name: str, options: dict[str, int]) -> str:
    return f"{name}{options.get(name, 0)}({','.join(right(need, options) for need in NEEDS[name])})"


kills = st.none() | st.tuples(st.sampled_from(list(NEEDS)), st.sampled_from(["before", "after"]))
options_ = st.dictionaries(st.sampled_from(list(NEEDS)), st.integers(0, 1))


@settings(max_examples=60)
@given(st.lists(st.tuples(options_, kills), max_size=5), options_)
def test_whatever_was_killed_or_changed_the_results_are_right_in_the_end(before, options):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        desk = Desk(Path(folder))
        for earlier, kill in before:
            desk.kill = kill
            with suppress(KilledError):
                run(desk.steps(earlier), desk.work)
        desk.kill = None
        run(desk.steps(options), desk.work)
        assert {name: (desk.work / name).read_text() for name in NEEDS} == {
            name: right(name, options) for name in NEEDS
        }
        assert to_do(desk.steps(options), desk.work) == []


@given(st.lists(kills, max_size=5))
@settings(max_examples=40)
def test_no_step_is_done_again_without_need(before):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        desk, lost = Desk(Path(folder)), 0
        for kill in [*before, None]:
            desk.kill = kill
            try:
                run(desk.steps({}), desk.work)
            except KilledError:
                lost += kill[1] == "after"  # done, but nobody could know
        assert len(desk.done) == len(NEEDS) + lost


def test_a_result_that_was_taken_away_is_made_again_with_all_that_follows(tmp_path):
    desk = Desk(tmp_path)
    run(desk.steps({}), tmp_path)
    (tmp_path / "b").unlink()
    assert [step.name for step in to_do(desk.steps({}), tmp_path)] == ["b", "d"]
    run(desk.steps({}), tmp_path)
    assert desk.done == ["a", "b", "c", "d", "b", "d"]


def test_the_keys_change_with_what_they_are_made_of(tmp_path):
    desk = Desk(tmp_path)
    before, after = keys(desk.steps({})), keys(desk.steps({"b": 1}))
    assert {name for name in NEEDS if before[name] != after[name]} == {"b", "d"}


def test_an_error_names_no_step_that_failed_and_ends_what_is_shown(tmp_path):
    shown = []

    class Show:
        def before(self, number, step):
            shown.append(("before", number, step.name))

        def begin(self, number, step):
            shown.append(("begin", number, step.name))
            return lambda what, _done: shown.append((what, step.name))

        def end(self, step, seconds):
            assert seconds >= 0
            shown.append(("end", step.name))

    desk = Desk(tmp_path)
    desk.kill = ("b", "before")
    with pytest.raises(KilledError):
        run(desk.steps({}), tmp_path, Show())
    assert shown[-3:] == [("begin", 2, "b"), ("Doing", "b"), ("end", "b")]
    assert set(read(tmp_path)) == {"a"}
    desk.kill = None
    run(desk.steps({}), tmp_path, Show())
    assert ("before", 1, "a") in shown


def test_a_damaged_list_is_named(tmp_path):
    (tmp_path / STEPS).write_text('{"a": ')
    with pytest.raises(DataError, match=r"steps\.json cannot be read .*: delete it"):
        run(Desk(tmp_path).steps({}), tmp_path)


SCRIPT = """
import itertools, os, shutil, signal, sys
from pathlib import Path
from trainer.files import replacing_folder, write_text
from trainer.personalize.steps import Step, read, run

work, log = Path(sys.argv[1]), Path(sys.argv[2])

def do(name, needs):
    def doing(report):
        with replacing_folder(work / name) as folder:
            made = name + "".join((work / need / "text").read_text() for need in needs)
            (folder / "half").write_text(made)
            (folder / "half").rename(folder / "text")
        with log.open("a") as file:
            file.write(name)
    return doing

NEEDS = {"a": "", "b": "a", "c": "ab"}
steps = [Step(name, name, do(name, needs), (work / name,), {}, tuple(needs)) for name, needs in NEEDS.items()]
right = {"a": "a", "b": "ba", "c": "caba"}

def killed_at(moment):
    "Run in a process of its own, which dies before what it does to the work folder for the nth time."
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    moments = itertools.count()

    def audited(event, arguments):
        if arguments and str(work) in str(arguments[0]) and next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audited)
    run(steps, work)
    os._exit(0)

for moment in itertools.count():
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    log.write_text("")
    killed = killed_at(moment)
    for name in read(work):
        assert (work / name / "text").read_text() == right[name], (moment, name)
    assert not killed_at(None)
    assert {name: (work / name / "text").read_text() for name in NEEDS} == right, moment
    assert sorted(path.name for path in work.iterdir()) == ["a", "b", "c", "steps.json"], moment
    done = log.read_text()
    assert len(done) <= len(NEEDS) + 1, (moment, done)
    if not killed:
        break
print(moment)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_sigkill_at_any_moment_costs_at_most_the_step_under_way():
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, f"{folder}/work", f"{folder}/log"],
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40
