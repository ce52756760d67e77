"""What each board's card has on its first partition, and which boards have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.boards.board import board_named
from device.settings_files import load
from image import boot
from image.boards import Board, board_of, names
from image.command import main
from image.errors import BuildError
from image.kernel import EARLY, Kernel, closure
from image.recipe import HERE, LABELS, listed
from image.settings import first_settings
from tests.image import arm64

VIRT = str(Path(__file__).with_name("virt.toml"))


@pytest.fixture(params=[*names(), VIRT], ids=lambda name: Path(name).stem)
def board(request) -> Board:
    return board_of(request.param)


def test_every_board_but_the_one_that_debians_kernel_does_not_know_has_an_image():
    every = ["orange-pi-5", "orange-pi-zero-2w", "orange-pi-zero-3", "pi-3a-plus", "pi-4", "pi-zero-2w"]
    assert names() == every


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pi4", "did you mean pi-4"),
        ("toaster", "it is one of orange-pi-5"),
        ("pi-5", "image/install.sh"),
        ("nowhere.toml", "There is no board"),
    ],
)
def test_a_board_without_an_image_is_refused_with_what_to_do(name: str, said: str):
    with pytest.raises(BuildError, match=said):
        board_of(name)


def test_a_key_that_is_missing_is_named(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "Mine"\n[image]\nconsole = "ttyS0"\n')
    with pytest.raises(BuildError, match=r"mine.toml.*device_trees"):
        board_of(str(file))
    file.write_text("name = \n")
    with pytest.raises(BuildError, match=r"mine.toml cannot be read"):
        board_of(str(file))


def test_the_command_tells_what_is_wrong_in_one_line(capsys: pytest.CaptureFixture[str]):
    assert main(["pi4"]) == 1
    assert capsys.readouterr().err == "image/build: There is no board 'pi4': did you mean pi-4?\n"
    assert main(["orange-pi-5"]) == 1
    assert "without a source: get rk3588_ddr" in capsys.readouterr().err


def test_the_kernel_is_told_where_the_system_is_and_speaks_at_the_boards_console(board: Board):
    words = boot.command_line(board).split()
    assert f"root=LABEL={LABELS['root']}" in words
    assert "ro" in words
    assert f"console={board.console}" in words
    assert len(boot.command_line(board)) < 1024  # what the firmware of a Pi reads at most


def test_a_pi_starts_debians_kernel_and_only_a_tree_that_its_image_has():
    text = boot.pi_settings(board_of("pi-zero-2w"))
    assert "device_tree=bcm2837-rpi-zero-2-w.dtb\n" in text
    assert "kernel=vmlinuz\n" in text
    assert "initramfs initrd.img followkernel\n" in text
    assert "device_tree=" not in boot.pi_settings(board_of("pi-4"))  # it has two: the firmware chooses


def test_u_boot_is_told_which_files_to_load():
    lines = boot.extlinux(board_of("orange-pi-zero-3")).splitlines()
    assert "  fdt /sun50i-h618-orangepi-zero3.dtb" in lines
    assert "  kernel /vmlinuz" in lines
    assert "  initrd /initrd.img" in lines
    assert any(line.startswith("  append console=ttyS0,115200 root=LABEL=saykey-root ") for line in lines)


def test_a_new_device_has_the_pins_that_its_board_proposes(tmp_path: Path, board: Board):
    file = tmp_path / "saykey.toml"
    file.write_text(first_settings(board))
    read_back = load(file, tmp_path).settings.gpio
    expected = "" if board.name == "virt" else board_named(board.name).gpio.button
    assert read_back.button == expected


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(arm64.packages(), arm64.kernel_version())


@pytest.mark.image
def test_no_board_has_a_driver_of_wifi_or_of_a_network_card(board: Board, kernel: Kernel):
    chosen = closure(kernel.modules, [*listed(HERE / "modules.txt"), *board.modules, *board.early_modules])
    assert [path for path in chosen if "/net/wireless/" in path or "/net/ethernet/" in path] == []
    assert any(path.endswith("usb_f_hid.ko.xz") for path in chosen)


@pytest.mark.image
def test_what_mounts_the_system_comes_with_what_ext4_asks_for_by_another_name(board: Board, kernel: Kernel):
    chosen = {Path(path).name for path in closure(kernel.modules, [*board.early_modules, *EARLY])}
    assert {"ext4.ko.xz", "overlay.ko.xz", "crc32c_generic.ko.xz"} <= chosen


@pytest.mark.image
def test_a_pi_has_the_overlay_that_its_settings_offer(kernel: Kernel, tmp_path: Path):
    arm64.need("dtc", "fdtput")
    for name in ("pi-4", "orange-pi-zero-3"):
        board = board_of(name)
        boot.fill(board, kernel, b"", kernel.folder, tmp_path / name)
        assert (tmp_path / name / "overlays/wm8960-mics.dtbo").is_file() == bool(board.boot_files)
        assert not list((tmp_path / name / "saykey").iterdir())
