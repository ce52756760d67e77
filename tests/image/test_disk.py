"""The disk, judged by sfdisk."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.disk import (
    ALIGNMENT,
    FAT32_LBA,
    LINUX,
    SECTOR,
    Partition,
    assemble,
    lay_out,
    master_boot_record,
)
from image.errors import BuildError
from tests.image.arm64 import need

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1024


@pytest.fixture
def parts(tmp_path: Path) -> list[Partition]:
    made = []
    for number, (kind, size) in enumerate([(FAT32_LBA, 300 * KIB), (LINUX, 5000 * KIB), (LINUX, 64 * KIB)]):
        file = tmp_path / f"{number}.part"
        file.write_bytes(bytes([number + 1]) * size)
        made.append(Partition(kind, file))
    return made


def test_sfdisk_reads_the_table(tmp_path: Path, parts: list[Partition]):
    need("sfdisk")
    disk = tmp_path / "disk.img"
    assemble(disk, 0x5A17C0DE, parts)
    read = subprocess.run(["sfdisk", "--json", disk], check=True, capture_output=True, text=True)
    table = json.loads(read.stdout)["partitiontable"]
    assert table["label"] == "dos"
    assert table["id"] == "0x5a17c0de"
    assert [entry["type"] for entry in table["partitions"]] == ["c", "83", "83"]
    assert [entry.get("bootable", False) for entry in table["partitions"]] == [True, False, False]
    starts = [entry["start"] * SECTOR for entry in table["partitions"]]
    assert starts == lay_out([part.content.stat().st_size for part in parts])
    verified = subprocess.run(["sfdisk", "--verify", disk], check=True, capture_output=True, text=True)
    assert "No errors" in verified.stdout


def test_each_partition_is_where_the_table_says_and_nothing_is_between(
    tmp_path: Path, parts: list[Partition]
):
    disk = tmp_path / "disk.img"
    assemble(disk, 1, parts)
    content = bytearray(disk.read_bytes())
    assert len(content) % ALIGNMENT == 0
    sizes = [part.content.stat().st_size for part in parts]
    for part, start, size in zip(parts, lay_out(sizes), sizes, strict=True):
        assert content[start : start + size] == part.content.read_bytes()
        content[start : start + size] = bytes(size)
    assert not any(content[SECTOR:])


def test_a_boot_loader_lies_where_the_chip_looks(tmp_path: Path, parts: list[Partition]):
    blob, disk = tmp_path / "blob", tmp_path / "disk.img"
    blob.write_bytes(b"starts" * 1000)
    assemble(disk, 1, parts, {8 * KIB: blob})
    assert disk.read_bytes()[8 * KIB :].startswith(blob.read_bytes())


@pytest.mark.parametrize(("offset", "size"), [(0, 100), (SECTOR - 1, 1), (8 * KIB, ALIGNMENT)])
def test_a_boot_loader_that_would_lie_over_something_is_refused(
    tmp_path: Path, parts, offset: int, size: int
):
    blob = tmp_path / "blob"
    blob.write_bytes(b"x" * size)
    with pytest.raises(BuildError, match="does not fit"):
        assemble(tmp_path / "disk.img", 1, parts, {offset: blob})


def test_where_zeros_are_the_file_has_holes(tmp_path: Path):
    part, disk = tmp_path / "part", tmp_path / "disk.img"
    part.write_bytes(b"x" + bytes(40 * ALIGNMENT))
    assemble(disk, 1, [Partition(LINUX, part)])
    assert disk.stat().st_size > 40 * ALIGNMENT
    assert disk.stat().st_blocks * 512 < ALIGNMENT


@given(st.lists(st.integers(1, 1 << 36), min_size=1, max_size=4))
def test_partitions_are_aligned_in_order_and_do_not_meet(sizes: list[int]):
    starts = lay_out(sizes)
    assert starts[0] == ALIGNMENT
    assert all(start % ALIGNMENT == 0 for start in starts)
    ends = [start + size for start, size in zip(starts, sizes, strict=True)]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_what_an_mbr_cannot_tell_is_refused():
    with pytest.raises(BuildError, match="MBR"):
        master_boot_record(1, [LINUX] * 5, [SECTOR] * 5)
    with pytest.raises(BuildError, match="MBR"):
        master_boot_record(1, [LINUX], [3 << 40])
