"""Each board's first partition, made of Debian's own packages, against those: what is named there is there.

What brings up a board cannot be tried without it. These tests read the same device trees, firmware and
modules as the board will.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from device.boards.board import board_named
from image import boards, boot
from image.kernel import Kernel, closure
from image.recipe import HERE, listed
from tests.boards.device_tree import read, texts
from tests.image import arm64
from tests.image.suppliers import Tree, card_controllers, modules_for

pytestmark = pytest.mark.image

PI_WORDS = {
    "arm_64bit",
    "upstream_kernel",
    "kernel",
    "initramfs",
    "enable_uart",
    "disable_splash",
    "boot_delay",
}
"""What config.txt of every Raspberry Pi says."""


@pytest.fixture(scope="module", params=boards.names())
def board(request) -> boards.Board:
    return boards.board_of(request.param)


@pytest.fixture(scope="module")
def folder(board: boards.Board, tmp_path_factory) -> Path:
    """Give what is in a board's first partition, but for the initial RAM file system."""
    arm64.need("fdtput")
    folder = tmp_path_factory.mktemp("boot") / "partition"
    kernel = Kernel(arm64.packages(), arm64.kernel_version())
    boot.fill(board, kernel, b"", arm64.packages(), folder)
    return folder


@pytest.fixture(scope="module")
def trees(board: boards.Board, folder: Path) -> list[Tree]:
    return [read(folder / Path(name).name) for name in board.device_trees]


@pytest.fixture
def modules() -> Path:
    return Kernel(arm64.packages(), arm64.kernel_version()).modules


def test_the_controller_at_the_keyboards_socket_is_a_device(board: boards.Board, trees: list[Tree]):
    usb = board_named(board.name).usb
    for tree in trees:
        role = texts(tree[usb.node]["dr_mode"])[0]
        assert role == (usb.set_dr_mode or usb.dr_mode)
        # "otg" leaves it to the cable.
        assert role in {"peripheral", "otg"}


def test_only_what_the_boards_file_says_is_changed_in_its_trees(board: boards.Board, trees: list[Tree]):
    for name, tree in zip(board.device_trees, trees, strict=True):
        before = read(arm64.device_tree(name))
        changed = {
            (path, key) for path, node in tree.items() for key in node if before[path].get(key) != node[key]
        }
        assert changed == {(node, key) for node, key, _ in board.patches}
        assert set(tree) == set(before)


def test_a_controller_that_is_made_a_device_has_room_as_the_kernels_other_trees_give_it(
    board: boards.Board, trees: list[Tree]
):
    # The Pi 4's is the same controller, and the kernel's tree makes it a device.
    if not board_named(board.name).usb.set_dr_mode:
        return
    kept = read(arm64.device_tree("broadcom/bcm2711-rpi-4-b.dtb"))["/soc/usb@7e980000"]
    for tree in trees:
        ours = tree[board_named(board.name).usb.node]
        for key in ("g-rx-fifo-size", "g-np-tx-fifo-size", "g-tx-fifo-size", "dr_mode"):
            assert ours[key] == kept[key]


def test_all_that_the_card_needs_is_loaded_before_it_is_read(
    board: boards.Board, trees: list[Tree], modules: Path
):
    for tree in trees:
        (card,) = card_controllers(tree)
        assert _lacking(modules_for(tree, card, modules), [*board.early_modules], modules) == set()


def test_all_that_the_keyboards_controller_needs_is_in_the_image(
    board: boards.Board, trees: list[Tree], modules: Path
):
    loaded = [*board.modules, *board.early_modules, *listed(HERE / "modules.txt")]
    for tree in trees:
        needed = modules_for(tree, board_named(board.name).usb.node, modules)
        assert _lacking(needed, loaded, modules) == set()


def test_the_console_is_the_one_that_the_tree_gives_to_the_kernel(board: boards.Board, trees: list[Tree]):
    # ttyS0 and ttyAMA0 are serial0 of the tree (Linux, drivers/tty/serial, of_alias_get_id).
    name, _, baud = board.console.partition(",")
    for tree in trees:
        port, _, speed = texts(tree["/chosen"]["stdout-path"])[0].partition(":")
        assert port == "serial" + re.sub(r"\D", "", name)
        assert speed.startswith(baud)
        assert tree[texts(tree["/aliases"][port])[0]].get("status", b"okay\0") == b"okay\0"


def test_the_command_line_is_one_line_that_mounts_the_root_read_only(board: boards.Board, folder: Path):
    if board.boot_files:
        (line,) = (folder / "cmdline.txt").read_text().splitlines()
    else:
        (line,) = re.findall(
            r"^  append (.*)$", (folder / "extlinux/extlinux.conf").read_text(), re.MULTILINE
        )
    words = line.split(" ")
    assert {"ro", "rootwait", "root=LABEL=saykey-root", f"console={board.console}"} <= set(words)
    assert "rw" not in words


def test_u_boot_is_given_files_that_are_there(board: boards.Board, folder: Path):
    if board.boot_loader is None:
        return
    text = (folder / "extlinux/extlinux.conf").read_text()
    named = dict(re.findall(r"^  (kernel|initrd|fdt) /(.*)$", text, re.MULTILINE))
    assert set(named) == {"kernel", "initrd", "fdt"}
    assert all((folder / file).is_file() for file in named.values())
    # It starts what bears the default's name, and asks nobody.
    assert re.findall(r"^default (.*)$", text, re.MULTILINE) == re.findall(
        r"^label (.*)$", text, re.MULTILINE
    )
    assert "prompt" not in text


def test_a_pis_firmware_knows_every_word_of_its_settings(board: boards.Board, folder: Path):
    if not board.boot_files:
        return
    words = [re.split("[= ]", line)[0] for line in _settings(folder)]
    assert set(words) - {"device_tree"} == PI_WORDS
    assert len(set(words)) == len(words)
    content = b"".join((folder / name).read_bytes() for name in board.boot_files if name.endswith(".elf"))
    assert [word for word in words if word.encode() not in content] == []


def test_a_pis_firmware_is_given_files_that_are_there(board: boards.Board, folder: Path):
    if not board.boot_files:
        return
    settings = _settings(folder)
    assert "arm_64bit=1" in settings
    (kernel,) = (line.partition("=")[2] for line in settings if line.startswith("kernel="))
    (initrd, where) = next(line for line in settings if line.startswith("initramfs ")).split(" ")[1:]
    assert (folder / kernel).is_file()
    assert (folder / initrd).is_file()
    assert where == "followkernel"
    for line in settings:
        if line.startswith("device_tree="):
            assert (folder / line.partition("=")[2]).is_file()
    assert not [line for line in settings if line.startswith("dtoverlay")]  # there is no folder overlays
    # Not zipped: firmware and U-Boot start an Image (Linux, Documentation/arch/arm64/booting.rst).
    assert (folder / kernel).read_bytes()[56:60] == b"ARM\x64"


def test_where_the_firmware_chooses_the_tree_it_knows_each_board(board: boards.Board, folder: Path):
    if not board.boot_files or len(board.device_trees) == 1:
        return
    content = b"".join((folder / name).read_bytes() for name in board.boot_files if name.endswith(".elf"))
    assert b"bcm%d-rpi-%s.dtb" in content
    for name in board.device_trees:
        model = re.fullmatch(r"broadcom/bcm\d+-rpi-(.*)\.dtb", name)
        assert model
        assert b"\0" + model[1].encode() + b"\0" in content


def _lacking(needed: set[str], loaded: list[str], modules: Path) -> set[str]:
    """Give what is needed and neither among what is loaded, nor what that needs itself."""
    there = _plain(closure(modules, loaded)) | _built_in(modules)
    return _plain(needed) - there


@cache
def _built_in(modules: Path) -> set[str]:
    return _plain((modules / "modules.builtin").read_text().splitlines())


def _plain(names: list[str] | set[str]) -> set[str]:
    return {Path(name).name.partition(".ko")[0].replace("-", "_") for name in names}


def _settings(folder: Path) -> list[str]:
    lines = (folder / "config.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
