from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

from image import command
from image.command import main

if TYPE_CHECKING:
    import pytest

BUILD = Path(__file__).parents[2] / "image/build"


def test_help_names_the_boards_and_has_examples():
    done = subprocess.run([BUILD, "--help"], check=True, capture_output=True, text=True)
    assert "image/build pi-4 " in done.stdout
    assert "orange-pi-zero-2w, orange-pi-zero-3, pi-3a-plus, pi-4, pi-zero-2w" in done.stdout


def test_it_is_called_from_anywhere(tmp_path: Path):
    done = subprocess.run([BUILD, "pi4"], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "image/build: There is no board 'pi4': did you mean pi-4?\n"


def test_what_is_missing_is_told_at_once(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(command.programs, "lacking", lambda: ["mmdebstrap", "mtools"])
    assert main(["pi-4", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        "image/build: Programs are missing: run sudo apt install mmdebstrap mtools\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_disk_that_is_too_full_is_told_at_once(
    tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
):
    full = disk_usage(tmp_path)._replace(free=10**9)
    monkeypatch.setattr(command.programs, "lacking", list)
    monkeypatch.setattr(command.shutil, "disk_usage", lambda _path: full)
    assert main(["pi-4", "--out", str(tmp_path)]) == 1
    assert "has 1.0 GB left, and 4 are needed: name another --out." in capsys.readouterr().err


def test_what_a_killed_build_left_goes(tmp_path: Path, monkeypatch):
    left = [tmp_path / place / "building.abc" for place in (".", "cache", "cache/boot-loaders")]
    kept = tmp_path / "cache/boot-loaders/orange-pi-zero-3"
    for folder in (*left, kept):
        (folder / "half").mkdir(parents=True)
    full = disk_usage(tmp_path)._replace(free=10**9)  # so that nothing is built
    monkeypatch.setattr(command.programs, "lacking", list)
    monkeypatch.setattr(command.shutil, "disk_usage", lambda _path: full)
    assert main(["pi-4", "--out", str(tmp_path)]) == 1
    assert not any(folder.exists() for folder in left)
    assert kept.exists()
