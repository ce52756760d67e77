from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from image.errors import BuildError
from image.programs import lacking, run


class Interrupted(subprocess.Popen[str]):
    """A program whose caller is interrupted as soon as it runs."""

    def communicate(self, *_given: object) -> NoReturn:
        while not Path("ready").exists():
            assert self.poll() is None
        raise KeyboardInterrupt


def test_what_it_prints_is_given():
    assert (
        run("sh", "-c", "cat; echo $MINE $LC_ALL", env={"MINE": "mine"}, given="in\n") == "in\nmine C.UTF-8\n"
    )


def test_a_failure_is_told_with_the_end_of_what_was_printed():
    with pytest.raises(BuildError, match=r"(?s)^sh -c .* failed \(3\):.*line 20\n  why$") as raised:
        run("sh", "-c", "seq -f 'line %.0f' 20; echo why >&2; exit 3")
    assert "line 2\n" not in str(raised.value)


def test_a_program_that_is_missing_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("image.programs._PATH", "/nowhere")
    with pytest.raises(BuildError, match="mcopy is missing: run sudo apt install mtools"):
        run("mcopy")
    assert {"mtools", "mmdebstrap"} <= set(lacking())


def test_who_interrupts_the_build_ends_what_runs_and_it_may_undo_what_it_did(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("image.programs.subprocess.Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("sh", "-c", 'trap "echo undone > told" TERM; sh -c "echo > ready; sleep 1000"; echo on >> told')
    assert (tmp_path / "told").read_text() == "undone\non\n"
