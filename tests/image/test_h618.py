"""The boot loader of boards with an H618: how it is kept, and what comes of Debian's sources.

There is no emulator of that chip. What can be known without one: the header is as the chip wants it, the
parts lie where the kernel expects them, and (test_card_starts.py) the same source starts a card of this
layout.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from device.boards.board import Board, board_named, boards
from image import h618, programs
from image.disk import ALIGNMENT
from image.errors import BuildError
from tests.boards.device_tree import read, texts
from tests.image import arm64
from tests.image.suppliers import card_controllers

if TYPE_CHECKING:
    from pathlib import Path

OURS = [
    name
    for name in boards()
    if (image := board_named(name).image)
    and image.boot_loader
    and image.boot_loader.trusted_firmware == h618.PLATFORM
]

MMDEBSTRAP = """\
#!/bin/sh
# Stands in for mmdebstrap: leaves what the script in the root file system would, and counts how often.
echo >> "$COUNT"
[ -z "$FAILING" ] || {
  echo "E: $FAILING" >&2
  exit 25
}
for word; do
  case $word in
    '--customize-hook=copy-out /build/out '*)
      eval "set -- $word"  # it is quoted as for a shell
      out=$3/out
      mkdir "$out"
      echo loader > "$out/u-boot-sunxi-with-spl.bin"
      printf '%s\\n' 'u-boot 2025.01-3' 'arm-trusted-firmware 2.12.1' 'gcc-14-aarch64-linux-gnu 14.2' \\
        > "$out/versions"
      ;;
  esac
done
"""


@pytest.fixture
def count(tmp_path: Path, monkeypatch) -> Path:
    """Give a file that gets a line whenever something is built."""
    program = tmp_path / "bin/mmdebstrap"
    program.parent.mkdir()
    program.write_text(MMDEBSTRAP)
    program.chmod(0o755)
    count = tmp_path / "count"
    count.touch()
    monkeypatch.setattr(programs, "_PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("COUNT", str(count))
    monkeypatch.setenv("FAILING", "")
    return count


def test_what_is_built_is_kept(count: Path, tmp_path: Path):
    work = tmp_path / "a new/work"
    first = h618.build("orangepi_zero3_defconfig", work)
    assert first.read_text() == "loader\n"
    assert h618.build("orangepi_zero3_defconfig", work) == first
    assert count.read_text() == "\n"
    assert list(work.iterdir()) == [first.parent]


def test_each_board_has_its_own(count: Path, tmp_path: Path):
    assert h618.build("orangepi_zero3_defconfig", tmp_path) != h618.build(
        "orangepi_zero2w_defconfig", tmp_path
    )
    assert count.read_text() == "\n\n"


def test_with_other_settings_it_is_built_anew(count: Path, tmp_path: Path):
    plain = h618.built("qemu_arm64_defconfig", tmp_path)
    assert h618.built("qemu_arm64_defconfig", tmp_path, more="CONFIG_MMC=y\n") != plain


def test_what_it_was_made_from_is_known_with_licences(count: Path, tmp_path: Path):
    blob = h618.build("orangepi_zero3_defconfig", tmp_path)
    assert h618.sources(blob) == [
        h618.Source("u-boot", "2025.01-3", "GPL-2.0-or-later"),
        h618.Source("arm-trusted-firmware", "2.12.1", "BSD-3-Clause"),
        h618.Source("gcc-14-aarch64-linux-gnu", "14.2", ""),
    ]


def test_nothing_is_kept_of_what_failed_and_its_words_are_shown(count: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("FAILING", "no space left")
    work = tmp_path / "work"
    with pytest.raises(BuildError, match="no space left"):
        h618.build("orangepi_zero3_defconfig", work)
    assert list(work.iterdir()) == []
    monkeypatch.setenv("FAILING", "")
    assert h618.build("orangepi_zero3_defconfig", work).is_file()


def test_there_are_boards_to_build_it_for():
    assert OURS == ["orange-pi-zero-2w", "orange-pi-zero-3"]


@pytest.fixture(scope="module", params=OURS)
def board(request) -> Board:
    return board_named(request.param)


@pytest.fixture(scope="module")
def blob(board: Board) -> Path:
    arm64.need("mmdebstrap")
    assert board.image is not None
    assert board.image.boot_loader is not None
    return h618.build(board.image.boot_loader.u_boot, arm64.LOADERS)


@pytest.fixture(scope="module")
def parts(blob: Path, tmp_path_factory) -> Path:
    """Give the image behind the SPL: a FIT, which has U-Boot, Trusted Firmware and a device tree."""
    content = blob.read_bytes()
    (length,) = struct.unpack_from("<I", content, 16)
    fit = tmp_path_factory.mktemp("fit") / "fit"
    # U-Boot, arch/arm/mach-sunxi/board.c, spl_mmc_get_uboot_raw_sector: behind 32 KiB, or a larger SPL.
    fit.write_bytes(content[max(32 << 10, length) :])
    return fit


@pytest.mark.image
def test_it_is_where_the_boards_file_says(board: Board, blob: Path):
    assert board.image is not None
    assert board.image.boot_loader is not None
    assert board.image.boot_loader.offset_kib == h618.OFFSET_KIB
    assert board.image.boot_loader.file == blob.name
    assert (h618.OFFSET_KIB << 10) + blob.stat().st_size <= ALIGNMENT  # where the first partition begins


@pytest.mark.image
def test_the_chip_takes_its_header(blob: Path):
    # U-Boot, include/sunxi_image.h, struct boot_file_head; tools/sunxi_egon.c for the sum.
    content = blob.read_bytes()
    _, magic, check_sum, length = struct.unpack_from("<I8s2I", content)
    assert magic == b"eGON.BT0"
    assert length % 512 == 0
    words = struct.unpack(f"<{length // 4}I", content[:length])
    assert (sum(words) - check_sum + 0x5F0A6C39) % (1 << 32) == check_sum


@pytest.mark.image
def test_it_holds_u_boot_trusted_firmware_and_the_boards_device_tree(
    board: Board, parts: Path, tmp_path: Path
):
    arm64.need("dumpimage")
    pieces = []
    for number in range(3):
        file = tmp_path / str(number)
        subprocess.run(
            ["dumpimage", "-T", "flat_dt", "-p", str(number), "-o", file, parts],
            check=True,
            capture_output=True,
        )
        pieces.append(file)
    u_boot, firmware, tree = pieces
    assert re.search(rb"\0U-Boot \d{4}\.\d\d", u_boot.read_bytes())
    assert b"sysboot mmc 0:1 fat" in u_boot.read_bytes()
    assert b"BL31: Detected Allwinner" in firmware.read_bytes()
    assert texts(read(tree)["/"]["compatible"])[0] in board.compatible
    # What it calls mmc 0 is where the kernel finds the card.
    assert board.image is not None
    kernels = read(arm64.device_tree(board.image.device_trees[0]))
    assert texts(read(tree)["/aliases"]["mmc0"]) == card_controllers(kernels)


@pytest.mark.image
def test_its_parts_do_not_lie_upon_each_other_and_the_kernel_leaves_trusted_firmware_alone(
    board: Board, parts: Path
):
    images = {
        path.rpartition("/")[2]: node for path, node in read(parts).items() if path.startswith("/images/")
    }
    spans = {
        name: (_number(node["load"]), _number(node["load"]) + len(node["data"]))
        for name, node in images.items()
        if "load" in node
    }
    assert set(spans) == {"uboot", "atf"}
    assert all(end <= begin for (_, end), (begin, _) in pairwise(sorted(spans.values())))
    assert board.image is not None
    for name in board.image.device_trees:
        kept = read(arm64.device_tree(name))["/reserved-memory/secmon@40000000"]
        begin, size = struct.unpack(">2Q", kept["reg"])
        assert "no-map" in kept
        assert begin <= spans["atf"][0]
        assert spans["atf"][1] <= begin + size


@pytest.mark.image
def test_it_does_nothing_but_start_linux(blob: Path):
    lines = blob.with_name(h618.CONFIG).read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if line.startswith("CONFIG_"))
    assert settings["CONFIG_BOOTDELAY"] == "-2"
    assert settings["CONFIG_SUNXI_DRAM_H616_LPDDR4"] == "y"
    assert settings.get("CONFIG_PREBOOT", '""') == '""'
    unwanted = ("USB", "USB_GADGET", "NET", "NET_LWIP", "WATCHDOG_AUTOSTART", "CMD_FASTBOOT", "FAT_WRITE")
    assert [name for name in unwanted if f"CONFIG_{name}" in settings] == []
    assert [name for name in settings if name.startswith("CONFIG_ENV_IS_IN_")] == []


@pytest.mark.image
def test_it_is_made_of_debians_sources(blob: Path):
    assert {"u-boot", "arm-trusted-firmware"} < {source.name for source in h618.sources(blob)}


@pytest.mark.image
def test_built_again_it_is_the_same(tmp_path: Path):
    arm64.need("mmdebstrap")
    blob = h618.build("orangepi_zero3_defconfig", arm64.LOADERS)
    again = h618.build("orangepi_zero3_defconfig", tmp_path)
    assert again != blob
    assert again.read_bytes() == blob.read_bytes()


def _number(cells: bytes) -> int:
    return int.from_bytes(cells)
