"""Which modules a board gets: with a made-up kernel, indexed by the real depmod where it counts."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from image.errors import BuildError
from image.kernel import Kernel, closure, initial_part, joined
from image.recipe import EPOCH_S
from tests.image.arm64 import need

if TYPE_CHECKING:
    from pathlib import Path

DEPENDENCIES = """\
kernel/fs/ext4/ext4.ko.xz: kernel/fs/mbcache.ko.xz kernel/fs/jbd2/jbd2.ko.xz
kernel/fs/mbcache.ko.xz:
kernel/fs/jbd2/jbd2.ko.xz:
kernel/drivers/usb/gadget/function/usb_f_hid.ko.xz: kernel/drivers/usb/gadget/libcomposite.ko.xz
kernel/drivers/usb/gadget/libcomposite.ko.xz:
kernel/sound/soundcore.ko.xz:
kernel/arch/arm64/crypto/crc32-ce.ko.xz:
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "usr/lib/modules/6.12.0-test"
    folder.mkdir(parents=True)
    (folder / "modules.dep").write_text(DEPENDENCIES)
    (folder / "modules.builtin").write_text("kernel/drivers/gpio/gpio-pl061.ko\n")
    (folder / "modules.builtin.modinfo").write_bytes(b"")
    (folder / "modules.order").write_text("")
    (folder / "modules.softdep").write_text(
        "# Soft dependencies\nsoftdep ext4 pre: crypto-crc32c post: not-there\nsoftdep crc32-ce pre: ext4\n"
    )
    (folder / "modules.alias").write_text(
        "# Aliases\nalias usb:v1* soundcore\nalias of:N with spaces soundcore\nalias crypto-crc32c crc32_ce\n"
    )
    for line in DEPENDENCIES.splitlines():
        file = folder / line.partition(":")[0]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"module")
    return folder


def test_what_a_module_needs_and_wishes_comes_with_it(modules: Path):
    assert closure(modules, ["ext4"]) == [
        "kernel/arch/arm64/crypto/crc32-ce.ko.xz",
        "kernel/fs/ext4/ext4.ko.xz",
        "kernel/fs/jbd2/jbd2.ko.xz",
        "kernel/fs/mbcache.ko.xz",
    ]


def test_nothing_else_comes(modules: Path):
    assert closure(modules, []) == []
    assert closure(modules, ["soundcore"]) == ["kernel/sound/soundcore.ko.xz"]


def test_dashes_are_as_good_as_underscores_and_what_is_built_in_is_there(modules: Path):
    assert closure(modules, ["usb-f-hid", "gpio_pl061"]) == closure(modules, ["usb_f_hid"])


def test_a_module_that_there_is_not_is_named(modules: Path):
    with pytest.raises(BuildError, match="brcmfmac, i2c_dev"):
        closure(modules, ["ext4", "i2c-dev", "brcmfmac"])


def test_a_boards_part_is_an_archive_that_is_the_same_twice(tmp_path: Path, modules: Path, monkeypatch):
    need("cpio")
    monkeypatch.setattr("image.kernel._index", lambda _folder, _version: None)
    kernel = Kernel(tmp_path, modules.name)
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(initial_part(kernel, ["ext4"], tmp_path / name, EPOCH_S).read_bytes())
    assert made[0] == made[1]
    words = ["cpio", "--list", "--verbose", "--numeric-uid-gid", "--quiet"]
    listed = subprocess.run(
        words, input=made[0], check=True, capture_output=True, env={"TZ": "UTC"}
    ).stdout.decode()
    assert "usr/lib/modules/6.12.0-test/kernel/fs/ext4/ext4.ko.xz" in listed
    assert all(line.split()[2:4] == ["0", "0"] for line in listed.splitlines())


def test_an_archive_behind_another_begins_where_the_kernel_looks():
    both = joined(b"packed", b"070701")
    assert both.index(b"070701") == 8
    assert both[6:8] == b"\0\0"
    assert joined(b"four", b"070701") == b"four070701"
