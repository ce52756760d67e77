from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.boards.bill import Item, bill_in_text, bill_of, parts
from device.boards.board import Board, board_named, boards
from device.boards.wiring import wiring_of
from device.settings import GpioSettings

BUYING = (Path(__file__).parents[2] / "docs/hardware.md").read_text(encoding="utf-8")


@pytest.fixture(params=boards())
def board(request) -> Board:
    return board_named(request.param)


def counts(items: list[Item]) -> dict[str, int]:
    """Give how many of each, by the short names."""
    names = {part.name: name for name, part in parts().parts.items()}
    return {names[item.name]: item.count for item in items if item.name in names}


def test_it_begins_with_the_board_and_has_a_microphone_a_card_and_a_cable(board: Board):
    items = bill_of(wiring_of(board, GpioSettings()))
    assert (items[0].name, items[0].usd, items[0].count) == (board.price.of, board.price.usd, 1)
    there = counts(items)
    assert there["card"] == there["cable"] == 1
    assert (there.get("usb_microphone", 0), there.get("hat", 0)) == ((1, 0) if board.audio.usb else (0, 1))
    assert set(board.price.besides) <= set(there)


def test_every_price_says_how_it_is_known_and_of_when_it_is(board: Board):
    for item in bill_of(wiring_of(board, GpioSettings())):
        assert re.fullmatch(r"(announced|estimate,) [A-Z][a-z]+ 20\d\d", item.basis), item
        assert item.usd > 0


def test_there_are_as_many_parts_as_are_wired():
    gpio = GpioSettings(
        button="GPIO17", undo="GPIO27", led_red="GPIO23", led_green="GPIO24", led_blue="GPIO25"
    )
    there = counts(bill_of(wiring_of(board_named("pi-4"), gpio)))
    assert {"button": 2, "rgb_led": 1, "led_resistor": 3, "wires": 1}.items() <= there.items()
    assert not {"led", "pull_up"} & set(there)


def test_a_button_whose_pin_the_chip_cannot_hold_high_needs_a_resistor():
    there = counts(bill_of(wiring_of(board_named("orange-pi-5"), GpioSettings(button="GPIO1_C6"))))
    assert (there["button"], there["pull_up"]) == (1, 1)


def test_where_nothing_is_on_the_header_no_wires_are_bought():
    assert "wires" not in counts(bill_of(wiring_of(board_named("pi-4"), GpioSettings(button="GPIO99"))))


@given(
    st.lists(
        st.builds(Item, st.integers(1, 9), st.text("ab ", min_size=1), st.integers(1, 200), st.just("x"))
    )
)
def test_the_text_has_a_line_for_each_and_their_sum(items: list[Item]):
    items = [Item(1, "board", 15, "announced"), *items]
    *lines, last = bill_in_text(items).splitlines()
    assert len(lines) == len(items)
    assert int(last.split()[-1]) == sum(item.usd for item in items)


def test_the_manual_names_the_same_prices(board: Board):
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in BUYING.splitlines() if row[:1] == "|"
    ]
    basis = board.price.basis.split(",")[0]
    assert any(
        board.price.of in row[0] and float(row[2]) == board.price.usd and row[3] == basis
        for row in rows
        if len(row) == 4
    )


@pytest.mark.parametrize("name", parts().parts)
def test_the_manual_has_every_part_at_its_price(name: str):
    part = parts().parts[name]
    assert re.search(rf"\| (or )?{re.escape(part.name)} \|[^|]*\| {part.usd:g} \| estimate \|", BUYING)


def test_the_manual_says_when_the_estimates_were_made():
    assert f"of {parts().estimated}" in BUYING
