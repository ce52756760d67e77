"""The boards' files against Debian's arm64 kernel, and the firmware that goes with it.

SAYKEY_ARM64 names a folder into which Debian's packages linux-image-*-arm64, raspi-firmware and
bluez-firmware were unpacked: tests/image/fetch_arm64.sh makes it, and `make test-image` calls that.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.boards.board import Board, Image, board_named, boards
from device.boards.wiring import pins_of
from device.hardware.pins import PI, parse
from tests.boards.device_tree import read, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

WITH_IMAGE = [name for name in boards() if board_named(name).image]

COLOURS = {1: "red", 2: "green", 3: "blue"}
"""Of LEDs in device trees (Linux, include/dt-bindings/leds/common.h)."""

Tree = dict[str, dict[str, bytes]]


@pytest.fixture(scope="module")
def unpacked() -> Path:
    if not (folder := os.environ.get("SAYKEY_ARM64")):
        pytest.skip("SAYKEY_ARM64 names no folder with Debian's arm64 kernel in it: make test-image")
    return Path(folder)


@pytest.fixture(params=WITH_IMAGE)
def board(request) -> Board:
    return board_named(request.param)


@pytest.fixture
def image(board: Board) -> Image:
    assert board.image is not None
    return board.image


@pytest.fixture
def trees(unpacked: Path, image: Image) -> list[Tree]:
    (kernel,) = unpacked.glob("usr/lib/linux-image-*")
    return [read(kernel / name) for name in image.device_trees]


def test_there_is_a_device_tree_for_each_of_its_names(board: Board, trees: list[Tree]):
    assert tuple(texts(tree["/"]["compatible"])[0] for tree in trees) == board.compatible


def test_the_usb_controller_is_on_and_has_the_role_that_the_file_says(board: Board, trees: list[Tree]):
    for tree in trees:
        controller = tree[board.usb.node]
        assert controller.get("status", b"okay\0") == b"okay\0"
        assert texts(controller["dr_mode"]) == [board.usb.dr_mode]


def test_where_it_is_made_a_device_the_tree_lacks_what_is_set_besides(board: Board, trees: list[Tree]):
    if not board.usb.set_dr_mode:
        return
    for tree in trees:
        assert not {"g-rx-fifo-size", "g-np-tx-fifo-size", "g-tx-fifo-size"} & set(tree[board.usb.node])


def test_each_tree_has_one_of_the_boards_own_leds(board: Board, trees: list[Tree]):
    for tree in trees:
        assert set(_leds(tree)) & set(board.own_leds)
    assert all(any(led in _leds(tree) for tree in trees) for led in board.own_leds)


def test_the_kernel_calls_the_pins_of_a_pi_by_the_same_numbers(board: Board, trees: list[Tree]):
    if board.header != "raspberry-pi-40":
        return
    for tree in trees:
        names = texts(tree["/soc/gpio@7e200000"]["gpio-line-names"])
        plain = {f"GPIO{line}": name for line, name in enumerate(names[:28]) if name.startswith("GPIO")}
        del plain["GPIO4"]  # GPIO_GCLK
        assert all(pin == name for pin, name in plain.items())
        used = (board.gpio.button, board.gpio.led, board.gpio.led_red, board.gpio.led_green)
        assert set(used) <= set(plain)


def test_no_proposed_pin_is_in_use_by_the_kernel(board: Board, trees: list[Tree]):
    lines = {(pin.chip, pin.line) for pin in map(parse, pins_of(board.gpio).values())}
    for tree in trees:
        claimed = set(_claimed(tree))
        assert claimed  # there are always some, as those of the card
        assert not claimed & lines


def test_the_kernel_has_every_module(unpacked: Path, image: Image):
    (modules,) = unpacked.glob("usr/lib/modules/*")
    files = {file.name.split(".")[0] for file in (modules / "kernel").rglob("*.ko*")}
    files |= {Path(line).stem for line in (modules / "modules.builtin").read_text().splitlines()}
    plain = {name.replace("-", "_") for name in files}
    assert [name for name in image.kernel_modules if name.replace("-", "_") not in plain] == []


def test_the_firmware_is_in_the_packages(unpacked: Path, image: Image):
    for folder, names in (("raspi-firmware", image.boot_files), ("firmware", image.firmware)):
        if not (unpacked / "usr/lib" / folder).is_dir():
            pytest.skip(f"the package with {folder} is not unpacked")
        assert [name for name in names if not (unpacked / "usr/lib" / folder / name).is_file()] == []


def _claimed(tree: Tree) -> Iterator[tuple[str, int]]:
    """Give the lines that devices in use ask for, as functions of theirs or as GPIOs, named as by `parse`."""
    nodes = {node["phandle"]: path for path, node in tree.items() if "phandle" in node}
    banks = {texts(path)[0]: name for name, path in tree["/aliases"].items() if name.startswith("gpio")}
    chips = {path: banks.get(path, _chip(path)) for path, node in tree.items() if "gpio-controller" in node}
    for path, node in tree.items():
        if not _is_in_use(tree, path):
            continue
        for name, value in node.items():
            if re.fullmatch(r"pinctrl-\d", name):
                for handle in _cells(value):
                    yield from _lines(tree[nodes[handle]], chips, nodes[handle])
            elif re.fullmatch(r"(.*-)?gpios?", name):
                cells = _cells(value)
                if cells and nodes.get(cells[0]) in chips:
                    port = [int.from_bytes(cell) for cell in cells[1:3]]
                    size = int.from_bytes(tree[nodes[cells[0]]]["#gpio-cells"])
                    yield chips[nodes[cells[0]]], 32 * port[0] + port[1] if size == 3 else port[0]


def _lines(group: dict[str, bytes], chips: dict[str, str], path: str) -> Iterator[tuple[str, int]]:
    """Give the lines of a group of pins, in the way of each maker's controllers (Linux, bindings/pinctrl)."""
    if "brcm,pins" in group:
        yield from ((PI, int.from_bytes(cell)) for cell in _cells(group["brcm,pins"]))
    elif "rockchip,pins" in group:
        numbers = [int.from_bytes(cell) for cell in _cells(group["rockchip,pins"])]
        yield from ((f"gpio{bank}", line) for bank, line in zip(numbers[::4], numbers[1::4], strict=True))
    elif re.fullmatch(rb"(P[A-M]\d+\0)+", group.get("pins", b"")):
        chip = next(name for node, name in chips.items() if path.startswith(f"{node}/"))
        yield from ((chip, parse(pin).line) for pin in texts(group["pins"]))


def _chip(path: str) -> str:
    """Give what `parse` calls a chip: a pattern for a Pi's, else the label of a platform device."""
    name, _, address = path.rpartition("/")[2].partition("@")
    return PI if path == "/soc/gpio@7e200000" else f"{address}.{name}"


def _is_in_use(tree: Tree, path: str) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[:length]) or "/" for length in range(1, len(parts) + 1)]
    return all(tree[node].get("status", b"okay\0") == b"okay\0" for node in above)


def _cells(value: bytes) -> list[bytes]:
    return [value[at : at + 4] for at in range(0, len(value), 4)]


def _leds(tree: Tree) -> list[str]:
    """Give their names as the kernel makes them (Documentation/leds/leds-class.rst, "LED Device Naming")."""
    names = []
    for path, led in tree.items():
        if path.startswith("/leds/") and "label" in led:
            names += texts(led["label"])
        elif path.startswith("/leds/"):
            names.append(f"{COLOURS[int.from_bytes(led['color'])]}:{texts(led['function'])[0]}")
    return names
