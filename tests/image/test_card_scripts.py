"""What the card's own scripts do to a card, on files instead of cards."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

from tests.image.writes import SECTOR, Write, cut

ROOTFS = Path(__file__).parents[2] / "image/rootfs"
SCRIPTS = ROOTFS / "usr/lib/saykey"
UNITS = ROOTFS / "etc/systemd/system"
MIB = 1 << 20


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    needed = ("sfdisk", "mkfs.ext4", "e2fsck", "debugfs")
    if missing := [name for name in needed if shutil.which(name) is None]:
        pytest.skip(f"{', '.join(missing)} is missing: apt install fdisk e2fsprogs")


def script(name: str, *arguments: object) -> int:
    return subprocess.run(["sh", SCRIPTS / name, *map(str, arguments)], check=False).returncode


# Growing.


def card(tmp_path: Path, size_mib: int) -> Path:
    file = tmp_path / "card"
    with file.open("wb") as disk:
        disk.truncate(size_mib * MIB)
    table = "label: dos\nlabel-id: 0x53415901\n4MiB,8MiB,c,*\n12MiB,20MiB,83\n32MiB,16MiB,83\n"
    subprocess.run(["sfdisk", "--quiet", file], input=table, text=True, check=True)
    return file


def table(file: Path) -> dict[str, object]:
    said = subprocess.run(["sfdisk", "--json", file], check=True, capture_output=True, text=True).stdout
    found: dict[str, object] = json.loads(said)["partitiontable"]
    return found


def test_the_last_partition_grows_to_the_end_of_the_card(tmp_path: Path):
    file = card(tmp_path, 256)
    before = table(file)
    assert script("grow", file, 3) == 0
    after = table(file)
    assert after["id"] == before["id"]
    assert after["partitions"][:2] == before["partitions"][:2]
    last = after["partitions"][2]
    assert last["start"] == before["partitions"][2]["start"]
    assert 0 <= 256 * MIB - (last["start"] + last["size"]) * SECTOR < MIB


def test_only_the_first_sector_is_written_to_grow(tmp_path: Path):
    file = card(tmp_path, 256)
    before = file.read_bytes()
    script("grow", file, 3)
    assert file.read_bytes()[SECTOR:] == before[SECTOR:]
    assert file.read_bytes()[:440] == before[:440]


def test_what_has_grown_grows_no_more(tmp_path: Path):
    file = card(tmp_path, 256)
    script("grow", file, 3)
    once = file.read_bytes()
    assert script("grow", file, 3) == 0
    assert file.read_bytes() == once


# Checking.


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data partition with a file on it."""
    file = tmp_path / "data"
    with file.open("wb") as disk:
        disk.truncate(256 * MIB)
    assert script("make", file) == 0
    (tmp_path / "bond").write_bytes(Random(1).randbytes(3 * MIB))
    debugfs(file, f"write {tmp_path}/bond bond", writes=True)
    return file


def debugfs(file: Path, request: str, *, writes: bool = False) -> str:
    options = ["-w"] if writes else []
    return subprocess.run(
        ["debugfs", *options, "-R", request, file], check=True, capture_output=True, text=True
    ).stdout


def test_a_new_one_is_whole_and_has_its_label(data: Path):
    assert script("check", data) == 0
    assert "saykey-data" in debugfs(data, "show_super_stats -h")
    assert subprocess.run(["e2fsck", "-f", "-n", data], check=False, capture_output=True).returncode == 0


def test_one_that_lost_its_superblock_is_repaired_with_what_is_on_it(data: Path):
    with data.open("r+b") as disk:
        disk.write(bytes(8192))
    assert script("check", data) == 1
    assert script("check", data) == 0
    assert "bond" in debugfs(data, "ls")


def test_one_that_the_kernel_has_grown_and_that_lost_its_superblock_is_repaired(data: Path):
    debugfs(data, "feature needs_recovery", writes=True)  # which the kernel's copies say, too
    with data.open("r+b") as disk:
        first = disk.read(2048)[1024:]
        disk.seek(32768 * 4096)
        disk.write(first)
        disk.seek(0)
        disk.write(bytes(8192))
    assert script("check", data) == 1
    assert script("check", data) == 0
    assert "bond" in debugfs(data, "ls")


def test_one_in_which_the_kernel_has_met_an_error_is_repaired(data: Path):
    debugfs(data, "clri <2>", writes=True)
    debugfs(data, "set_super_value state 2", writes=True)  # EXT4_ERROR_FS
    assert script("check", data) == 1
    assert script("check", data) == 0


def test_what_is_no_file_system_is_beyond_repair_until_it_is_made_anew(data: Path):
    with data.open("r+b") as disk:
        disk.write(b"\x5a" * (256 * MIB))
    assert script("check", data) == 2
    assert script("make", data) == 0
    assert script("check", data) == 0


# Cuts, as tests of the whole image make them.


def test_a_cut_keeps_what_was_flushed_and_of_the_rest_only_what_was_written(tmp_path: Path):
    file = tmp_path / "card"
    writes = [
        Write(0, b"a" * 1024, is_flush=False, is_sure=False),
        Write(0, b"", is_flush=True, is_sure=False),
        Write(512, b"b" * 2048, is_flush=False, is_sure=False),
        Write(4096, b"c" * 512, is_flush=False, is_sure=True),
        Write(0, b"d" * 512, is_flush=False, is_sure=False),
    ]
    found = set()
    for seed in range(60):
        file.write_bytes(bytes(8192))
        cut(file, writes, 4, Random(seed))
        content = file.read_bytes()
        assert content[:512] == b"a" * 512
        assert set(content[512:1024]) <= {ord("a"), ord("b")}
        assert set(content[1024:2560]) <= {0, ord("b")}
        assert b"d" not in content
        found.add(content[512:2560])
    assert len(found) > 2


# The tree.


def test_what_is_run_can_be_run():
    for file in (*SCRIPTS.iterdir(), *(ROOTFS / "etc/initramfs-tools").rglob("saykey-overlay")):
        assert file.stat().st_mode & 0o111, file
        assert file.read_text().startswith("#!/bin/sh\n"), file


def test_links_lead_to_nothing_or_to_units_that_are_there():
    ours = {file.name for file in (ROOTFS.parents[1] / "systemd").glob("*.service")} | {
        file.name for file in UNITS.glob("*.service") if file.is_file() and not file.is_symlink()
    }
    for link in (each for each in UNITS.rglob("*") if each.is_symlink()):
        target = str(link.readlink())
        assert target == "/dev/null" or Path(target).name in {*ours, "multi-user.target"}, link


def test_nobody_can_log_in_and_nothing_is_served():
    for unit in ("getty@.service", "serial-getty@.service", "systemd-logind.service", "debug-shell.service"):
        assert (UNITS / unit).readlink() == Path("/dev/null")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt install systemd"
)
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path):
    units = [file for file in UNITS.glob("saykey*.service") if not file.is_symlink()]
    for unit in units:
        text = re.sub(r"(?m)^(ExecStart=)/usr/lib/saykey", rf"\1{SCRIPTS}", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no"]
    done = subprocess.run(
        [*verify, *(tmp_path / each.name for each in units)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"SYSTEMD_LOG_TARGET": "console"},
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "saykey" in line]) == (0, [])
