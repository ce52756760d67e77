from __future__ import annotations

import subprocess
import sys

import pytest

from trainer.errors import DataError
from trainer.personalize.place import check, claimed
from trainer.personalize.steps import STEPS


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DataError, match="holds something else: name a new folder with --out"):
        check(tmp_path)
    with pytest.raises(DataError, match="holds something else"):
        check(tmp_path / "thesis.txt")


def test_a_new_folder_is_made_and_an_older_one_taken_up(tmp_path):
    work = tmp_path / "new" / "work"
    check(work)
    assert not work.exists()
    with claimed(work):
        pass
    with claimed(work):  # stopped before it had done anything
        (work / "data").mkdir()
        (work / STEPS).write_text("{}")
    with claimed(work):
        pass


def test_two_do_not_work_in_one_folder(tmp_path):
    script = (
        "import sys; from pathlib import Path; from trainer.personalize.place import claimed\n"
        "with claimed(Path(sys.argv[1])): print('in', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "in\n"
        with pytest.raises(DataError, match="another saykey-trainer is at work"), claimed(tmp_path):
            pass
        other.kill()
        other.wait()
    with claimed(tmp_path):  # a kill gives the folder back
        pass
