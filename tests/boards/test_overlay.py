"""The overlay of the microphone hat, laid over the trees of Debian's arm64 kernel by dtc's own program."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.boards.board import board_named, boards
from tests.boards.device_tree import read, texts
from tests.boards.test_kernel import unpacked

if TYPE_CHECKING:
    from device.boards.board import Board

__all__ = ["unpacked"]

SOURCE = Path(__file__).parents[2] / "image/overlays/wm8960-mics.dts"

I2S_PINS = (18, 19, 20, 21)


def numbers(value: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(value) // 4}I", value)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    for program in ("dtc", "fdtoverlay"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt install device-tree-compiler")
    compiled = tmp_path / "overlay.dtbo"
    done = subprocess.run(
        ["dtc", "-@", "-I", "dts", "-O", "dtb", "-o", str(compiled), str(SOURCE)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return compiled


@pytest.fixture(
    params=[
        name
        for name in boards()
        if (board := board_named(name)).header.startswith("raspberry-pi") and board.image
    ]
)
def board(request) -> Board:
    return board_named(request.param)


def test_the_overlay_is_one(overlay: Path):
    assert read(overlay)["/"]["compatible"] == b"brcm,bcm2835\0"


def test_the_hat_is_at_the_pins_and_the_bus_with_a_clock_and_channels_of_its_own(
    board: Board, unpacked: Path, overlay: Path, tmp_path: Path
):
    (kernel,) = unpacked.glob("usr/lib/linux-image-*")
    for name in board.image.device_trees:
        laid = tmp_path / "laid.dtb"
        subprocess.run(["fdtoverlay", "-i", str(kernel / name), "-o", str(laid), str(overlay)], check=True)
        before, tree = read(kernel / name), read(laid)
        at = {numbers(node["phandle"])[0]: path for path, node in tree.items() if "phandle" in node}
        symbols = {key: texts(value)[0] for key, value in tree["/__symbols__"].items()}
        i2s, codec = tree[symbols["i2s"]], tree[f"{symbols['i2c1']}/audio-codec@1a"]
        card = "/mics-card"
        assert i2s["status"] == tree[symbols["i2c1"]]["status"] == b"okay\0"
        assert numbers(tree[at[numbers(i2s["pinctrl-0"])[0]]]["brcm,pins"]) == I2S_PINS
        requests = numbers(i2s["dmas"])
        assert (at[requests[0]], requests[1], at[requests[2]], requests[3]) == (
            symbols["dma"], 2, symbols["dma"], 3,
        )  # fmt: skip
        assert i2s["dmas"] == before[symbols["i2s"]].get("dmas", i2s["dmas"])
        assert numbers(tree[at[numbers(codec["clocks"])[0]]]["clock-frequency"]) == (24_000_000,)
        assert at[numbers(tree[f"{card}/simple-audio-card,codec"]["sound-dai"])[0]].endswith("audio-codec@1a")
        assert at[numbers(tree[f"{card}/simple-audio-card,cpu"]["sound-dai"])[0]] == symbols["i2s"]
        master = numbers(tree[card]["simple-audio-card,bitclock-master"])[0]
        assert at[master] == f"{card}/simple-audio-card,codec"
        assert {"snd-soc-wm8960", "snd-soc-simple-card", "snd-soc-bcm2835-i2s"} <= set(
            board.image.kernel_modules
        )
