from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.boards.board import Board, board_named, boards
from device.boards.header import is_left
from device.boards.wiring import PARTS, Wiring, pins_of, wiring_of
from device.boards.wiring_svg import in_svg
from device.boards.wiring_text import in_text
from device.settings import GpioSettings

NONE = GpioSettings()

POWER = {"3V3", "5V", "GND"}


@pytest.fixture(params=boards())
def wiring(request) -> Wiring:
    return wiring_of(board_named(request.param), NONE)


@st.composite
def wirings(draw) -> Wiring:
    """Any pins of any board for any parts."""
    board = board_named(draw(st.sampled_from(boards())))
    signals = [pin for pin in board.pins.pins if pin not in POWER]
    pins = draw(st.lists(st.sampled_from(signals), unique=True, max_size=len(PARTS), min_size=1))
    keys = draw(st.permutations(list(PARTS)))
    named = dict(zip(keys, pins, strict=False))
    return wiring_of(board, GpioSettings(**named, active_high=draw(st.booleans())))


def drawn(svg: str) -> list[str]:
    """Give the words of a drawing."""
    root = ET.fromstring(svg)  # noqa: S314  our own drawing
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def name_of(board: Board, number: int) -> str:
    return board.pins.pins[number - 1]


def test_where_the_settings_name_no_pin_those_of_the_board_are_drawn(wiring: Wiring):
    assert {wire.pin for wire in wiring.wires} == set(pins_of(wiring.board.gpio).values())
    assert wiring.elsewhere == ()


def test_where_they_name_pins_only_those_are_drawn():
    wiring = wiring_of(board_named("pi-4"), GpioSettings(button="GPIO26"))
    assert [(wire.pin, wire.number, wire.other) for wire in wiring.wires] == [("GPIO26", 37, 39)]


def test_the_text_shows_each_part_with_its_pins(wiring: Wiring):
    text = in_text(wiring)
    for wire in wiring.wires:
        what = f"{wire.part.title} ({wire.part.kind})"
        (drawing, words) = (line for line in text.splitlines() if what in line)
        assert re.search(rf"\b{re.escape(wire.pin)}\b", drawing)
        assert f"pin {wire.number} ({wire.pin})" in words
        assert f"pin {wire.other} ({name_of(wiring.board, wire.other)})" in words


def test_the_text_shows_each_pin_of_the_header_once(wiring: Wiring):
    rows = in_text(wiring).splitlines()[2:]
    pins = wiring.board.pins.pins
    for row, number in zip(rows, range(1, len(pins), 2), strict=False):
        left, right = pins[number - 1 : number + 1]
        assert re.search(rf"(^|\s){left} +{number} [●·]{{2}} {number + 1} +{right}( |$)", row)


def test_the_text_fits_into_a_terminal(wiring: Wiring):
    assert max(map(len, in_text(wiring).splitlines())) <= 110


def test_the_drawing_shows_each_part_and_each_pin(wiring: Wiring):
    words = drawn(in_svg(wiring))
    for wire in wiring.wires:
        assert wire.part.title + (" LED" if wire.part.kind == "LED" else "") in words
    for number, name in enumerate(wiring.board.pins.pins, 1):
        assert str(number) in words
        assert name in words


@given(wirings())
def test_every_wire_ends_where_it_should(wiring: Wiring):
    for wire in wiring.wires:
        assert name_of(wiring.board, wire.number) == wire.pin
        assert name_of(wiring.board, wire.other) in {"GND", "3V3"}
        if wire.part.kind == "button":
            assert name_of(wiring.board, wire.other) == "GND"
            assert is_left(wire.other) == is_left(wire.number)
            assert (wire.pull_up is not None) == (wiring.board.pull_up == "external")
    assert len({wire.number for wire in wiring.wires}) == len(wiring.wires)


@given(wirings())
def test_what_is_drawn_is_well_formed_and_says_what_the_text_says(wiring: Wiring):
    words, text = drawn(in_svg(wiring)), in_text(wiring)
    for wire in wiring.wires:
        assert any(word.startswith(wire.part.title) for word in words)
        assert f"pin {wire.number} ({wire.pin})" in text
        if is_left(wire.number) != is_left(wire.other) or name_of(wiring.board, wire.other) == "3V3":
            assert f"pin {wire.other}, {name_of(wiring.board, wire.other)}" in words


def test_the_colours_of_one_led_have_one_leg_in_common(wiring: Wiring):
    assert len({wire.other for wire in wiring.wires if wire.part.colour}) == 1


def test_leds_that_a_low_level_lights_are_wired_to_3_3_volts():
    board = board_named("pi-zero-2w")
    wiring = wiring_of(board, msgspec.structs.replace(board.gpio, active_high=False))
    ends = {wire.part.kind: name_of(board, wire.other) for wire in wiring.wires}
    assert ends == {"button": "GND", "LED": "3V3"}
    assert "330 Ω, short leg, long leg, pin 17 (3V3)" in in_text(wiring)


def test_a_button_of_a_board_that_cannot_pull_its_pin_up_gets_a_resistor():
    wiring = wiring_of(board_named("orange-pi-5"), NONE)
    assert "10 kΩ from pin 7 to pin 1 (3V3)" in in_text(wiring)
    assert "10 kΩ to pin 1" in drawn(in_svg(wiring))
    assert "kΩ" not in in_text(wiring_of(board_named("pi-4"), NONE))


def test_a_pin_that_is_not_on_the_header_is_named():
    wiring = wiring_of(board_named("pi-4"), GpioSettings(button="GPIO17", led="PC6"))
    assert "PC6 is not on this board's header." in in_text(wiring)
    assert "Not on this header: PC6." in drawn(in_svg(wiring))


def test_the_picture_in_the_manual_is_what_is_drawn():
    picture = Path(__file__).parents[2] / "docs/wiring.svg"
    assert picture.read_text(encoding="utf-8") == in_svg(wiring_of(board_named("pi-zero-2w"), NONE))
