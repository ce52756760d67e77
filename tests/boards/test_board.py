from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import msgspec
import pytest
from gpiozero.pins.pi import PiBoardInfo

from device.boards.board import Board, board_named, boards, this_board
from device.boards.header import FOLDER, header_named
from device.boards.wiring import PARTS, pins_of
from device.errors import SettingsError
from device.hardware.pins import parse
from device.settings import GpioSettings

if TYPE_CHECKING:
    from pathlib import Path

SERIAL = (8, 10)
"""Pins of the header on which boards offer a console."""

PI_4B = 0xA03111


@pytest.fixture(params=boards())
def board(request) -> Board:
    return board_named(request.param)


def on_tree(root: Path, *compatible: str) -> Path:
    file = root / "proc/device-tree/compatible"
    file.parent.mkdir(parents=True)
    file.write_bytes("".join(f"{name}\0" for name in compatible).encode())
    return root


def test_every_proposed_pin_is_on_the_header_and_none_is_taken_twice(board: Board):
    numbers = [board.pins.number_of(pin) for pin in pins_of(board.gpio).values()]
    assert None not in numbers
    assert len(set(numbers)) == len(numbers)


def test_every_proposed_pin_is_one_that_the_pin_library_is_asked_for(board: Board):
    assert all(parse(pin).name == pin for pin in pins_of(board.gpio).values())


def test_no_proposed_pin_is_one_of_a_hat_a_display_or_the_console(board: Board):
    taken = {*board.audio.i2s, *board.audio.i2c, *(board.pins.pins[number - 1] for number in SERIAL)}
    assert not taken & set(pins_of(board.gpio).values())


def test_the_pins_of_a_hat_are_on_the_header(board: Board):
    assert all(board.pins.number_of(pin) for pin in (*board.audio.i2s, *board.audio.i2c))


def test_a_button_is_proposed_and_a_light(board: Board):
    assert board.gpio.button
    assert board.gpio.led


def test_every_board_with_an_image_ends_up_as_a_usb_device(board: Board):
    if board.image is None:
        return
    assert (board.usb.set_dr_mode or board.usb.dr_mode) in {"peripheral", "otg"}
    assert board.usb.driver in board.image.kernel_modules


def test_every_setting_of_a_pin_is_a_part_that_can_be_drawn():
    settings = {field.name for field in msgspec.structs.fields(GpioSettings)}
    assert set(PARTS) == settings - {"active_high"}


def test_no_two_boards_are_the_same():
    every = [board_named(name) for name in boards()]
    compatible = list(chain.from_iterable(board.compatible for board in every))
    assert len(set(compatible)) == len(compatible)
    assert len({board.name for board in every}) == len(every)


@pytest.mark.parametrize("name", [file.stem for file in FOLDER.glob("*.toml")])
def test_a_header_has_two_full_columns_with_power_where_every_such_header_has_it(name: str):
    pins = header_named(name).pins
    assert len(pins) in {26, 40}
    power = {1: "3V3", 2: "5V", 4: "5V", 6: "GND", 9: "GND", 14: "GND", 17: "3V3", 20: "GND", 25: "GND"}
    if len(pins) == 40:
        power |= {30: "GND", 34: "GND", 39: "GND"}
    assert {number: pin for number, pin in enumerate(pins, 1) if pin in {"3V3", "5V", "GND"}} == power
    signals = [pin for pin in pins if pin not in {"3V3", "5V", "GND"}]
    assert len(set(signals)) == len(signals)


def test_the_header_of_a_pi_is_the_one_that_gpiozero_knows():
    known = PiBoardInfo.from_revision(PI_4B).headers["J8"].pins
    assert header_named("raspberry-pi-40").pins == tuple(known[number].name for number in range(1, 41))


def test_the_board_is_found_by_what_its_device_tree_calls_it(tmp_path: Path, board: Board):
    for each in board.compatible:
        assert this_board(on_tree(tmp_path / each, each, "some,chip")) == board


def test_another_machine_is_no_board(tmp_path: Path):
    assert this_board(tmp_path) is None
    assert this_board(on_tree(tmp_path, "pine64,pine64", "allwinner,sun50i-a64")) is None


@pytest.mark.parametrize("name", ["pi-1", "", "../boards/pi-4", "headers/orange-pi-5"])
def test_a_board_that_is_not_there_is_refused_with_the_list_of_those_that_are(name: str):
    with pytest.raises(SettingsError, match=r"no board .*: it is one of orange-pi-5, .*pi-zero-2w\."):
        board_named(name)


def test_power_is_no_pin_to_wire_something_to():
    assert header_named("orange-pi-5").number_of("GND") is None
