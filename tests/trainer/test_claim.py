from __future__ import annotations

import os
import subprocess
import sys

import pytest

from trainer.claim import LOCK, claimed
from trainer.errors import DataError


def test_two_do_not_work_in_one_folder(tmp_path):
    script = (
        "import sys; from pathlib import Path; from trainer.claim import claimed\n"
        "with claimed(Path(sys.argv[1])): print('in', flush=True); input()"
    )
    folder = tmp_path / "new" / "run"
    with subprocess.Popen(
        [sys.executable, "-c", script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "in\n"
        with pytest.raises(DataError, match=r"another saykey-trainer is at work in .*run"), claimed(folder):
            pass
        other.kill()
        other.wait()
    with claimed(folder):  # a kill gives the folder back
        pass


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such rights")
def test_what_another_user_has_claimed_can_be_claimed_after(tmp_path):
    with claimed(tmp_path):
        assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o666


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), claimed(tmp_path / "file" / "run"):
        pass
