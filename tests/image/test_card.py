"""A whole disk of a small system: taken apart by Debian's programs, and made twice."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from image.card import make_disk
from image.disk import SECTOR
from image.layer import new_layer
from image.programs import run
from image.recipe import BOOT_MIB, DATA_MIB, EPOCH_S, LABELS
from tests.image.arm64 import need

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "5a17c0de00112233"


def made(work: Path) -> Path:
    """Make a disk out of files that are written anew, at another time."""
    boot, system, blob = work / "boot", work / "system.tar", work / "blob"
    (boot / "saykey").mkdir(parents=True)
    (boot / "vmlinuz").write_bytes(b"kernel" * 5000)
    blob.write_bytes(b"eGON")
    with new_layer(system, EPOCH_S) as layer:
        layer.file("./usr/bin/saykey", b"#!/usr/bin/python3\n", 0o755)
        layer.file("./boot/initrd.img", b"on the first partition")
        layer.folder("./boot/firmware")
        layer.folder("./dev")
        layer.file("./dev/null", b"")
    return make_disk(boot, [system], {8192: blob}, DIGEST, work)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("sfdisk", "mcopy", "mke2fs", "debugfs", "mkfs.vfat")
    return made(tmp_path_factory.mktemp("disk"))


def test_the_partitions_are_what_their_labels_say(disk: Path, tmp_path: Path):
    table = json.loads(run("sfdisk", "--json", disk))["partitiontable"]
    assert table["id"] == f"0x{DIGEST[:8]}"
    assert [part["size"] * SECTOR >> 20 for part in table["partitions"]][::2] == [BOOT_MIB, DATA_MIB]
    for label, part in zip(LABELS.values(), table["partitions"], strict=True):
        file = tmp_path / label
        with disk.open("rb") as whole:
            whole.seek(part["start"] * SECTOR)
            file.write_bytes(whole.read(part["size"] * SECTOR))
        assert run("blkid", "--match-tag", "LABEL", "--output", "value", file).strip() == label


def test_the_system_is_without_what_the_kernel_and_the_first_partition_have(disk: Path):
    root = disk.with_name("root.part")
    assert run("debugfs", "-R", "cat /usr/bin/saykey", root) == "#!/usr/bin/python3\n"
    listed = run("debugfs", "-R", "ls -p /boot", root) + run("debugfs", "-R", "ls -p /dev", root)
    assert "/firmware/" in listed
    assert "initrd" not in listed
    assert "null" not in listed


def test_what_the_chip_starts_lies_before_the_first_partition(disk: Path):
    with disk.open("rb") as whole:
        whole.seek(8192)
        assert whole.read(4) == b"eGON"


def test_made_twice_it_is_the_same(disk: Path, tmp_path: Path):
    assert sum_of(made(tmp_path)) == sum_of(disk)


def sum_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
