"""The boot loaders: how they are kept, what a closed program must be, and what comes of Debian's sources.

There is no emulator of these chips. What can be known without one: the header is as the chip wants it, the
parts lie where the kernel expects them, and (test_card_loads.py) the same source starts a card of this
layout. In place of Rockchip's closed program there are bytes of the same number.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from device.boards.board import board_named
from image import boards, boot_loader, programs
from image.boards import Board, BootLoader, Closed, board_of
from image.boot_loader import build, with_closed
from image.contents import sha256_of
from image.disk import ALIGNMENT
from image.errors import BuildError
from tests.boards.device_tree import read, texts
from tests.image import arm64
from tests.image.suppliers import card_controllers

WITH_LOADER = [name for name in boards.names() if board_of(name).boot_loader]

CLOSED_BYTES = 75_320
"""As many as Rockchip's program has."""

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
      echo loader > "$out/loader.bin"
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


LOADER = BootLoader("some_defconfig", "some_chip", "loader.bin")


def test_what_is_built_is_kept(count: Path, tmp_path: Path):
    work = tmp_path / "a new/work"
    first = build(LOADER, work)
    assert first.read_text() == "loader\n"
    assert build(LOADER, work) == first
    assert count.read_text() == "\n"
    assert list(work.iterdir()) == [first.parent]


def test_with_anything_else_it_is_built_anew(count: Path, tmp_path: Path):
    others = [
        replace(LOADER, u_boot="another_defconfig"),
        replace(LOADER, platform=""),
        replace(LOADER, settings=("CONFIG_MMC=y",)),
        replace(LOADER, closed=Closed("ddr.bin", "somewhere", "12ab", "1", "LicenseRef-closed")),
        replace(LOADER, closed=Closed("ddr.bin", "somewhere", "34cd", "2", "LicenseRef-closed")),
    ]
    built = [build(each, tmp_path) for each in (LOADER, *others)]
    assert len(set(built)) == len(built)
    assert count.read_text() == "\n" * len(built)


def test_what_it_was_made_from_is_known_with_licences(count: Path, tmp_path: Path):
    assert boot_loader.sources(build(LOADER, tmp_path)) == [
        boot_loader.Source("u-boot", "2025.01-3", "GPL-2.0-or-later"),
        boot_loader.Source("arm-trusted-firmware", "2.12.1", "BSD-3-Clause"),
        boot_loader.Source("gcc-14-aarch64-linux-gnu", "14.2", ""),
    ]


def test_nothing_is_kept_of_what_failed_and_its_words_are_shown(count: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("FAILING", "no space left")
    work = tmp_path / "work"
    with pytest.raises(BuildError, match="no space left"):
        build(LOADER, work)
    assert list(work.iterdir()) == []
    monkeypatch.setenv("FAILING", "")
    assert build(LOADER, work).is_file()


def test_a_closed_program_is_asked_for_by_name_and_no_other_is_taken(tmp_path: Path):
    board = board_of("orange-pi-5")
    file = tmp_path / "rk3588_ddr.bin"
    where = r"get rk3588_ddr_\S*\.bin from .*github.com/rockchip-linux/rkbin, and name it: --closed FILE"
    with pytest.raises(BuildError, match=rf"without a source: {where}"):
        with_closed(board, None)
    with pytest.raises(BuildError, match=rf"no file {file}: {where}"):
        with_closed(board, file)
    with pytest.raises(BuildError, match=r"/proc/self/mem cannot be read .*: look at its permissions"):
        with_closed(board, Path("/proc/self/mem"))
    file.write_bytes(b"program")
    with pytest.raises(BuildError, match=rf"{file} is another program .*: {where}"):
        with_closed(board, file)
    loader = given(board, file).boot_loader
    assert loader is not None
    assert loader.closed is not None
    assert loader.closed.file == file


@pytest.mark.parametrize("name", sorted({*boards.names()} - {"orange-pi-5"}))
def test_the_other_boards_need_none(name: str):
    board = board_of(name)
    assert with_closed(board, None) == board
    with pytest.raises(BuildError, match="needs no closed program: leave out --closed"):
        with_closed(board, Path("anything"))


def test_there_are_boards_to_build_it_for():
    assert WITH_LOADER == ["orange-pi-5", "orange-pi-zero-2w", "orange-pi-zero-3"]


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> Path:
    """Give what stands for a closed program."""
    file = tmp_path_factory.mktemp("closed") / "program"
    file.write_bytes(Random(CLOSED_BYTES).randbytes(CLOSED_BYTES))
    return file


def given(board: Board, file: Path) -> Board:
    """Give a board that takes any file for its closed program, and has it."""
    if board.boot_loader is None or board.boot_loader.closed is None:
        return board
    own = replace(board.boot_loader.closed, sha256=sha256_of(file))
    return with_closed(replace(board, boot_loader=replace(board.boot_loader, closed=own)), file)


@pytest.fixture(scope="module", params=WITH_LOADER)
def board(request, closed: Path) -> Board:
    return given(board_of(request.param), closed)


@pytest.fixture(scope="module")
def loader(board: Board) -> BootLoader:
    assert board.boot_loader is not None
    return board.boot_loader


@pytest.fixture(scope="module")
def blob(loader: BootLoader) -> Path:
    arm64.need("mmdebstrap")
    return build(loader, arm64.LOADERS)


@pytest.fixture(scope="module")
def settings(blob: Path) -> dict[str, str]:
    """Give all that U-Boot was built with."""
    lines = blob.with_name(boot_loader.CONFIG).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line.startswith("CONFIG_"))


@dataclass
class Part:
    """An image behind the first stage.

    Attributes:
        content: Its bytes.
        begin: Where in the memory it comes; none for the device tree, which goes behind U-Boot.
    """

    content: bytes
    begin: int | None

    @property
    def end(self) -> int:
        assert self.begin is not None
        return self.begin + len(self.content)


@pytest.fixture(scope="module")
def parts(blob: Path, loader: BootLoader, settings: dict[str, str], tmp_path_factory) -> dict[str, Part]:
    """Give the images behind the first stage: U-Boot, Trusted Firmware, a device tree."""
    content = blob.read_bytes()
    if loader.closed:
        start = int(settings["CONFIG_SPL_PAD_TO"], 16)
    else:
        # U-Boot, arch/arm/mach-sunxi/board.c, spl_mmc_get_uboot_raw_sector: behind 32 KiB, or a larger SPL.
        start = max(32 << 10, int.from_bytes(content[16:20], "little"))
    fit = tmp_path_factory.mktemp("fit") / "fit"
    fit.write_bytes(content[start:])
    nodes = {path: node for path, node in read(fit).items() if re.fullmatch("/images/[^/]+", path)}
    return {
        path.rpartition("/")[2]: Part(
            fit_data(fit.read_bytes(), node), int.from_bytes(node["load"]) if "load" in node else None
        )
        for path, node in nodes.items()
    }


def fit_data(fit: bytes, node: dict[str, bytes]) -> bytes:
    """Give an image of a FIT, in it or behind it (Flattened Image Tree Specification 1.0, 4.3)."""
    if "data" in node:
        return node["data"]
    tree_bytes = int.from_bytes(fit[4:8])
    begin = (tree_bytes + 3 & ~3) + int.from_bytes(node["data-offset"])
    content = fit[begin : begin + int.from_bytes(node["data-size"])]
    assert len(content) == int.from_bytes(node["data-size"])
    return content


@pytest.mark.image
def test_it_lies_before_the_first_partition(loader: BootLoader, blob: Path):
    assert loader.offset + blob.stat().st_size <= ALIGNMENT


@pytest.mark.image
def test_the_chip_takes_its_header(loader: BootLoader, blob: Path, closed: Path, settings: dict[str, str]):
    content = blob.read_bytes()
    (_rockchips if loader.closed else _allwinners)(content, closed.read_bytes())
    assert loader.offset == (32 << 10 if loader.closed else 8 << 10)
    if loader.closed:  # where the first stage looks for the second
        sector = int(settings["CONFIG_SYS_MMCSD_RAW_MODE_U_BOOT_SECTOR"], 16)
        assert loader.offset + int(settings["CONFIG_SPL_PAD_TO"], 16) == sector * 512


def _allwinners(content: bytes, _: bytes) -> None:
    # U-Boot, include/sunxi_image.h, struct boot_file_head; tools/sunxi_egon.c for the sum.
    _, magic, check_sum, length = struct.unpack_from("<I8s2I", content)
    assert magic == b"eGON.BT0"
    assert length % 512 == 0
    words = struct.unpack(f"<{length // 4}I", content[:length])
    assert (sum(words) - check_sum + 0x5F0A6C39) % (1 << 32) == check_sum


def _rockchips(content: bytes, closed: bytes) -> None:
    # U-Boot, tools/rkcommon.c, struct header0_info_v2 and image_entry.
    magic, _, counts = struct.unpack_from("<4s2I", content)
    assert magic == b"RKNS"
    assert counts >> 16 == 2  # images: the closed program, and U-Boot's first stage
    assert hashlib.sha256(content[:1536]).digest() == content[1536:1568]
    images = []
    for number in range(2):
        place, *_, total = struct.unpack_from("<4I8x32s", content, 120 + 88 * number)
        begin, size = 512 * (place & 0xFFFF), 512 * (place >> 16)
        images.append(content[begin : begin + size])
        assert hashlib.sha256(images[-1]).digest() == total
    assert images[0].rstrip(b"\0") == closed.rstrip(b"\0")
    assert b"U-Boot SPL" in images[1]


@pytest.mark.image
def test_it_holds_u_boot_trusted_firmware_and_the_boards_device_tree(
    board: Board, parts: dict[str, Part], tmp_path: Path
):
    (u_boot,) = (part.content for name, part in parts.items() if name in {"uboot", "u-boot"})
    (tree,) = (part.content for name, part in parts.items() if name.startswith("fdt"))
    assert re.search(rb"\0U-Boot \d{4}\.\d\d", u_boot)
    assert b"sysboot mmc 0:1 fat" in u_boot
    assert any(b"BL31: " in part.content for part in firmware(parts))
    file = tmp_path / "tree"
    file.write_bytes(tree)
    ours = read(file)
    assert texts(ours["/"]["compatible"])[0] in board_named(board.name).compatible
    # What it calls mmc 0 is where the kernel finds the card.
    kernels = read(arm64.device_tree(board.device_trees[0]))
    assert texts(ours["/aliases"]["mmc0"]) == card_controllers(kernels)


@pytest.mark.image
def test_its_parts_do_not_lie_upon_each_other_and_the_kernel_leaves_trusted_firmware_alone(
    board: Board, parts: dict[str, Part]
):
    spans = sorted((part.begin, part.end) for part in parts.values() if part.begin is not None)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert firmware(parts)
    for name in board.device_trees:
        kept = kept_from_linux(board, read(arm64.device_tree(name)))
        for part in firmware(parts):
            assert any(first <= part.begin and part.end <= last for first, last in kept), hex(part.begin)


def firmware(parts: dict[str, Part]) -> list[Part]:
    """Give Trusted Firmware, which may be in several places."""
    return [part for name, part in parts.items() if name.startswith("atf")]


def kept_from_linux(board: Board, tree: dict[str, dict[str, bytes]]) -> list[tuple[int, int]]:
    """Give the memory that the kernel does not use."""
    if board.boot_loader and board.boot_loader.closed:
        # U-Boot, arch/arm/mach-rockchip/sdram.c: it tells Linux of what begins at 2 MiB. Trusted Firmware,
        # plat/rockchip/rk3588/rk3588_def.h: SRAM_BASE and PMUSRAM_BASE, the chip's own memory.
        return [(0, 2 << 20), (0xFF00_0000, 0xFF11_0000)]
    kept = tree["/reserved-memory/secmon@40000000"]
    assert "no-map" in kept
    begin, size = struct.unpack(">2Q", kept["reg"])
    return [(begin, begin + size)]


@pytest.mark.image
def test_it_does_nothing_but_start_linux(loader: BootLoader, settings: dict[str, str]):
    assert ("CONFIG_SUNXI_DRAM_H616_LPDDR4" in settings) == (loader.closed is None)
    assert settings["CONFIG_BOOTDELAY"] == "-2"
    assert settings.get("CONFIG_PREBOOT", '""') == '""'
    unwanted = ("USB", "USB_GADGET", "NET", "NET_LWIP", "WATCHDOG_AUTOSTART", "CMD_FASTBOOT", "FAT_WRITE")
    assert [name for name in unwanted if f"CONFIG_{name}" in settings] == []
    assert [name for name in settings if name.startswith("CONFIG_ENV_IS_IN_")] == []


@pytest.mark.image
def test_it_is_made_of_debians_sources(blob: Path):
    assert {"u-boot", "arm-trusted-firmware"} < {source.name for source in boot_loader.sources(blob)}


@pytest.mark.image
def test_built_again_it_is_the_same(loader: BootLoader, blob: Path, tmp_path: Path):
    again = build(loader, tmp_path)
    assert again != blob
    assert again.read_bytes() == blob.read_bytes()
