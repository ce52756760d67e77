"""File systems, judged by their own programs, and made twice."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from image.filesystems import Name, ext4, ext4_of, fat32
from image.layer import new_layer
from image.recipe import EPOCH_S
from tests.image.arm64 import need

if TYPE_CHECKING:
    from pathlib import Path

NAME = Name.of("SAYKEY", "some digest")


def said(*words: object) -> str:
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(word) for word in words], check=True, capture_output=True, text=True, env=environment
    )
    return done.stdout


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "boot"
    (root / "extlinux").mkdir(parents=True)
    (root / "saykey").mkdir()
    (root / "bcm2711-rpi-4-b.dtb").write_bytes(os.urandom(50_000))
    (root / "extlinux/extlinux.conf").write_text("label saykey\n")
    (root / "README.TXT").write_text("read me\n")
    return root


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    system, board = tmp_path / "system.tar", tmp_path / "board.tar"
    with new_layer(system, EPOCH_S) as layer:
        for number in range(300):
            layer.file(f"usr/lib/things/{number % 7}/thing{number}", bytes([number % 256]) * number * 37)
        layer.file("usr/bin/saykey", b"#!/usr/bin/python3\n", 0o755)
        layer.link("etc/off.service", "/dev/null")
        layer.file("dev/null", b"")
        layer.file("etc/hostname", b"old\n")
    with new_layer(board, EPOCH_S) as layer:
        layer.file("etc/hostname", b"saykey\n")
    return [system, board]


def made(work: Path, layers: list[Path]) -> Path:
    work.mkdir()
    file = work / "root.part"
    ext4_of(file, layers, ["./dev/*", "dev/*"], Name.of("saykey-root", "some digest"), work)
    return file


def test_mtools_lists_what_is_in_the_fat(tmp_path: Path, folder: Path):
    need("mcopy", "mkfs.vfat")
    file = tmp_path / "boot.part"
    fat32(file, folder, NAME, 64)
    listed = said("mdir", "-/", "-b", "-i", file, "::").split()
    assert sorted(listed) == [
        "::/README.TXT", "::/bcm2711-rpi-4-b.dtb", "::/extlinux/", "::/extlinux/extlinux.conf", "::/saykey/",
    ]  # fmt: skip
    assert said("mtype", "-i", file, "::/README.TXT") == "read me\n"
    assert "SAYKEY" in said("mlabel", "-s", "-i", file, "::")
    said("fsck.vfat", "-n", file)


def test_a_fat_made_twice_at_other_times_is_the_same(tmp_path: Path, folder: Path):
    need("mcopy", "mkfs.vfat")
    fat32(tmp_path / "one", folder, NAME, 64)
    for path in folder.rglob("*"):
        os.utime(path, (time.time(), time.time()))
    fat32(tmp_path / "two", folder, NAME, 64)
    assert sha256(tmp_path / "one") == sha256(tmp_path / "two")


def test_e2fsck_finds_nothing_to_mend(tmp_path: Path, layers: list[Path]):
    need("mke2fs", "debugfs")
    said("e2fsck", "-f", "-n", made(tmp_path / "one", layers))


def test_the_root_has_the_layers_content_as_roots(tmp_path: Path, layers: list[Path]):
    need("mke2fs", "debugfs")
    file = made(tmp_path / "one", layers)
    assert said("debugfs", "-R", "cat /etc/hostname", file) == "saykey\n"
    status = said("debugfs", "-R", "stat /usr/bin/saykey", file)
    assert re.search(r"Mode:\s+0755", status)
    assert re.search(r"User:\s+0\s+Group:\s+0", status)
    assert "/dev/null" in said("debugfs", "-R", "stat /etc/off.service", file)
    assert "null" not in said("debugfs", "-R", "ls /dev", file)


def test_a_root_made_twice_is_the_same(tmp_path: Path, layers: list[Path]):
    need("mke2fs", "debugfs")
    assert sha256(made(tmp_path / "one", layers)) == sha256(made(tmp_path / "two", layers))


def test_no_time_in_it_is_that_of_the_build(tmp_path: Path, layers: list[Path]):
    need("mke2fs", "debugfs")
    file = made(tmp_path / "one", layers)
    inodes = (2, 11, 12, 40, 200)
    status = "".join(said("debugfs", "-R", f"stat <{inode}>", file) for inode in inodes)
    times = re.findall(r"[acm]r?time: (0x[0-9a-f]+):([0-9a-f]+)", status)
    assert len(times) == 4 * len(inodes)
    assert set(times) == {(hex(EPOCH_S), "00000000")}


def test_a_root_for_who_is_not_root_is_roots_too(tmp_path: Path, layers: list[Path], monkeypatch):
    need("mke2fs", "debugfs", "fakeroot")
    as_root = sha256(made(tmp_path / "one", layers))
    monkeypatch.setattr("image.filesystems.os.geteuid", lambda: 1000)
    assert sha256(made(tmp_path / "two", layers)) == as_root


def test_the_data_partition_is_whole_and_can_be_grown(tmp_path: Path):
    need("mke2fs")
    file = tmp_path / "data.part"
    ext4(file, Name.of("saykey-data", "some digest"), 64)
    with file.open("r+b") as grown:
        grown.truncate(4 << 30)
    said("resize2fs", "-f", file)
    said("e2fsck", "-f", "-n", file)
    ext4(tmp_path / "two", Name.of("saykey-data", "some digest"), 64)
    ext4(tmp_path / "three", Name.of("saykey-data", "some digest"), 64)
    assert sha256(tmp_path / "two") == sha256(tmp_path / "three")


def test_a_name_is_the_same_for_the_same_content_alone():
    assert Name.of("SAYKEY", "one") == Name.of("SAYKEY", "one")
    assert len({Name.of("SAYKEY", "one"), Name.of("SAYKEY", "two"), Name.of("saykey-root", "one")}) == 3
