from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer.errors import DataError
from trainer.files import replacing, replacing_folder, scratch, write_text


def test_a_link_where_the_new_file_is_written_is_not_followed(tmp_path):
    (tmp_path / "diary").write_text("mine")
    (tmp_path / ".list.partial").symlink_to("diary")
    write_text(tmp_path / "list", "new")
    assert (tmp_path / "diary").read_text() == "mine"
    assert (tmp_path / "list").read_text() == "new"
    assert not (tmp_path / "list").is_symlink()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["diary", "list"]


def test_a_link_that_comes_again_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "diary").write_text("mine")
    (tmp_path / ".list.partial").symlink_to("diary")
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # as if it were put there anew
    with pytest.raises(FileExistsError):
        write_text(tmp_path / "list", "new")
    assert (tmp_path / "diary").read_text() == "mine"


def test_what_fails_leaves_the_file_before_and_nothing_else(tmp_path):
    write_text(tmp_path / "list", "before")
    with pytest.raises(LookupError), replacing(tmp_path / "list") as partial:
        raise LookupError(partial.write_text("half"))
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("list", "before")]


@pytest.mark.parametrize(("ending", "there"), [("well", ["anna"]), ("killed", [])])
def test_two_do_not_write_one_folder_at_once(tmp_path, ending, there):
    script = (
        "import sys; from pathlib import Path; from trainer.files import replacing_folder\n"
        "with replacing_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'first').touch(); print('in', flush=True); input()"
    )
    target = tmp_path / "new" / "anna"
    with subprocess.Popen(
        [sys.executable, "-c", script, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "in\n"
        with (
            pytest.raises(DataError, match=r"another saykey-trainer is at work in .*anna: wait for it"),
            replacing_folder(target),
        ):
            pass
        if ending == "killed":
            other.kill()
        other.communicate("\n" if ending == "well" else None)
    assert [file.name for file in target.parent.iterdir() if not file.name.startswith(".")] == there
    assert not there or [file.name for file in target.iterdir()] == ["first"]
    with replacing_folder(target) as folder:
        (folder / "second").touch()
    assert [file.name for file in target.parent.iterdir()] == ["anna"]
    assert [file.name for file in target.iterdir()] == ["second"]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_nothing_is_left_of_a_scratch_folder(temporary):
    with scratch() as folder:
        (folder / "model").mkdir()
        (folder / "model" / "weights").touch()
        assert folder.parent == temporary
    assert not list(temporary.iterdir())


def test_what_a_kill_left_is_swept_and_what_others_use_or_own_is_not(temporary):
    script = (
        "import os, signal\nfrom trainer.files import scratch\n"
        "with scratch() as folder: (folder / 'weights').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"TMPDIR": str(temporary)}, check=False
        )
    old, in_use = temporary.glob("saykey-trainer-*/weights")
    other = temporary / "saykey-diary"
    other.mkdir()
    hours_ago = time.time() - 7200
    for path in (old.parent, other):
        os.utime(path, (hours_ago, hours_ago))
    with scratch():
        pass
    assert set(temporary.iterdir()) == {in_use.parent, other}


def test_a_link_is_not_followed(temporary, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "diary").touch()
    os.utime(elsewhere, (0, 0))
    (temporary / "saykey-trainer-x").symlink_to(elsewhere)
    with scratch():
        pass
    assert (elsewhere / "diary").exists()
