"""A card of our layout, and what the boards' U-Boot takes from it, in a virtual machine.

The machine is QEMU's `virt`, with the card in an SD controller. U-Boot is built of the same source with the
same settings: what differs is its drivers. Whether that machine runs the kernel then is no matter here.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from image import boot_loader
from image.boards import BootLoader, board_of
from image.boot import INITRD, KERNEL, command_line, extlinux
from image.disk import FAT32_LBA, Partition, assemble
from image.programs import run
from tests.image import arm64

pytestmark = pytest.mark.image

# An SD controller on PCI instead of the chip's own. A board's configuration knows where a device tree goes in
# its memory; that of `virt` does not, since QEMU gives it one.
VIRTUAL = BootLoader(
    "qemu_arm64_defconfig",
    platform="",
    file="u-boot.bin",
    settings=(
        "CONFIG_MMC=y",
        "CONFIG_MMC_SDHCI=y",
        "CONFIG_MMC_PCI=y",
        "# CONFIG_ENV_IS_IN_FLASH is not set",
        'CONFIG_PREBOOT="setenv fdt_addr_r 0x43000000"',
    ),
)

BOARD = replace(board_of("orange-pi-zero-2w"), console="ttyAMA0")
"""Whose files are on the card, but for the console and the device tree, which are of the virtual machine."""

VIRT = "virt"

LIMIT_S = 300


def test_u_boot_takes_kernel_device_tree_and_initial_ram_file_system_from_the_card(tmp_path: Path):
    arm64.need("mmdebstrap", "qemu-system-aarch64", "fdtput", "mcopy", "mkfs.vfat")
    log = _started(boot_loader.build(VIRTUAL, arm64.LOADERS), _card(tmp_path))
    for file in (KERNEL, INITRD, Path(BOARD.device_trees[0]).name):
        assert f"Retrieving file: /{file}" in log
    assert f"append: {command_line(BOARD)}" in log
    assert "Loading Ramdisk to" in log
    assert "Starting kernel" in log
    assert "Hit any key" not in log  # nothing that comes in at the console's pins can stop it


def _card(folder: Path) -> Path:
    tree = folder / Path(BOARD.device_trees[0]).name
    run("qemu-system-aarch64", "-machine", f"{VIRT},dumpdtb={tree}", "-cpu", "cortex-a53", "-m", "1024")
    run("fdtput", "-t", "s", tree, "/", "model", "from the card")
    initrd = folder / INITRD
    initrd.write_bytes(bytes(1 << 20))
    settings = folder / "extlinux.conf"
    settings.write_text(extlinux(BOARD))
    fat = folder / "fat"
    with fat.open("wb") as file:
        file.truncate(128 << 20)
    run("mkfs.vfat", "-F", "32", "-n", "SAYKEY", fat)
    run("mmd", "-i", fat, "::extlinux")
    run("mcopy", "-i", fat, settings, "::extlinux")
    run("mcopy", "-i", fat, arm64.packages() / f"boot/vmlinuz-{arm64.kernel_version()}", f"::{KERNEL}")
    run("mcopy", "-i", fat, initrd, tree, "::")
    card = folder / "card"
    assemble(card, 0x5A1CE1, [Partition(FAT32_LBA, fat)])
    with card.open("r+b") as file:
        file.truncate(256 << 20)  # QEMU wants a power of two
    return card


def _started(loader: Path, card: Path) -> str:
    """Start a virtual machine from a card, and give what its console shows until it ends."""
    command = [
        *("qemu-system-aarch64", "-machine", VIRT, "-cpu", "cortex-a53", "-m", "1024", "-nographic"),
        *("-no-reboot", "-net", "none", "-bios", str(loader), "-device", "sdhci-pci"),
        *("-drive", f"if=none,id=card,format=raw,file={card}", "-device", "sd-card,drive=card"),
    ]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=LIMIT_S, text=True
    )
    return ended.stdout
