"""The first partition: what the board's ROM, firmware or boot loader reads there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from image.programs import run
from image.recipe import HERE, LABELS

if TYPE_CHECKING:
    from image.boards import Board
    from image.kernel import Kernel

KERNEL, INITRD = "vmlinuz", "initrd.img"
"""Their names there."""

README = """\
Saykey
======

You may put here, and plug the board in anew:

SAYKEY.TOML             settings: which keyboard layout, which pins, and so on
saykey/NAME.saykey      a model that was trained for your voice
saykey/OWNER.PUB        the key of whoever may flash this device
saykey/WORDS.TXT        names and rare words that you say, one a line
saykey/DOCTOR.TXT       an empty file: what is wrong with the device is written into it

What came of it is said in RESULT.TXT. Leave everything else as it is: the board starts from it.
"""


def command_line(board: Board) -> str:
    """Give the kernel's parameters, as its documentation has them (admin-guide/kernel-parameters.txt).

    Args:
        board: The board. Its serial console has what goes wrong before the system runs.
    """
    return (
        f"console={board.console} root=LABEL={LABELS['root']} rootfstype=ext4 ro rootwait quiet loglevel=3 "
        "panic=10 net.ifnames=0"
    )


def pi_settings(board: Board) -> str:
    """Give config.txt of a Raspberry Pi (raspberrypi.com/documentation/computers/config_txt.html).

    Args:
        board: The board.
    """
    lines = [
        "# Raspberry Pi's firmware reads this. For settings of Saykey see README.TXT.",
        "arm_64bit=1",
        "# Debian's kernel, and its own device tree.",
        "upstream_kernel=1",
        f"kernel={KERNEL}",
        f"initramfs {INITRD} followkernel",
        "# For a ReSpeaker 2-Mics hat, take the # from the next line:",
        "#dtoverlay=wm8960-mics",
        "# A console at the pins 8 and 10, for when something is wrong.",
        "enable_uart=1",
        "disable_splash=1",
        "boot_delay=0",
    ]
    # With upstream_kernel the firmware finds the tree by itself; a board whose name it may not know is told.
    if len(board.device_trees) == 1:
        lines.insert(5, f"device_tree={Path(board.device_trees[0]).name}")
    return "\n".join(lines) + "\n"


def extlinux(board: Board) -> str:
    """Give what U-Boot starts from the partition (U-Boot, doc/develop/distro.rst).

    Args:
        board: The board.
    """
    lines = ["default saykey", "timeout 0", "label saykey", f"  kernel /{KERNEL}", f"  initrd /{INITRD}"]
    lines += [f"  fdt /{Path(tree).name}" for tree in board.device_trees[:1]]
    return "\n".join([*lines, f"  append {command_line(board)}"]) + "\n"


def fill(board: Board, kernel: Kernel, initrd: bytes, firmware: Path, folder: Path) -> None:
    """Put everything into a folder that the partition is made of.

    Args:
        board: The board.
        kernel: The kernel.
        initrd: The initial RAM file system.
        firmware: The unpacked packages of firmware.
        folder: The folder, which is made.

    Raises:
        BuildError: A file that the board names is not there, or a device tree cannot be changed.
    """
    (folder / "saykey").mkdir(parents=True)
    (folder / "README.TXT").write_text(README, encoding="ascii", newline="\r\n")
    shutil.copyfile(kernel.image, folder / KERNEL)
    (folder / INITRD).write_bytes(initrd)
    for name in board.device_trees:
        tree = folder / Path(name).name
        shutil.copyfile(kernel.device_tree(name), tree)
        patch(tree, board)
    if board.boot_files:
        for name in board.boot_files:
            shutil.copyfile(firmware / "usr/lib/raspi-firmware" / name, folder / name)
        compile_overlays(folder / "overlays")
        (folder / "config.txt").write_text(pi_settings(board), encoding="ascii")
        (folder / "cmdline.txt").write_text(command_line(board) + "\n", encoding="ascii")
    if board.boot_loader:
        (folder / "extlinux").mkdir()
        (folder / "extlinux/extlinux.conf").write_text(extlinux(board), encoding="ascii")


def compile_overlays(folder: Path) -> None:
    """Compile what a Raspberry Pi's firmware lays over its device tree where config.txt says so.

    Args:
        folder: Where they go.

    Raises:
        BuildError: One is wrong.
    """
    folder.mkdir()
    for source in sorted((HERE / "overlays").glob("*.dts")):
        compiled = folder / f"{source.stem}.dtbo"
        run("dtc", "--symbols", "--in-format", "dts", "--out-format", "dtb", "--out", compiled, source)


def patch(tree: Path, board: Board) -> None:
    """Set in a device tree what the board's file says.

    Args:
        tree: The file.
        board: The board.

    Raises:
        BuildError: It has no such node.
    """
    for node, name, values in board.patches:
        kind = "s" if isinstance(values[0], str) else "u"
        run("fdtput", "--type", kind, tree, node, name, *map(str, values))
