"""`saykey wiring`: how buttons and LEDs are wired to the board, and what to buy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from device.boards.bill import bill_in_text, bill_of
from device.boards.board import board_named, boards, this_board
from device.boards.wiring import pins_of, wiring_of
from device.boards.wiring_svg import in_svg
from device.boards.wiring_text import in_text
from device.errors import SaykeyError, SettingsError
from device.settings_files import load

if TYPE_CHECKING:
    import argparse

    from device.boards.board import Board

HELP = "Show how buttons and LEDs are wired to the board, and what to buy."

EPILOG = """\
The pins are those of the table [gpio] of the settings; where that names none, those that are proposed for the
board. The header is drawn as it lies with pin 1 at the top left. Wire it while the board has no power.
What to buy is listed with prices, which are approximate.

examples:
  saykey wiring
  saykey wiring --board pi-zero-2w
  saykey wiring --board orange-pi-5 --svg wiring.svg
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--board", metavar="NAME", help=f"one of {', '.join(boards())}; without, the one that this is"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw it into this file")


def run(arguments: argparse.Namespace) -> int:
    """Print the wiring, or draw it.

    Raises:
        SettingsError: The board is not known, or the settings cannot be read.
        SaykeyError: The drawing cannot be written.
    """
    board = _board(arguments.board)
    gpio = load(arguments.config).settings.gpio
    wiring = wiring_of(board, gpio)
    if arguments.svg:
        try:
            arguments.svg.write_text(in_svg(wiring), encoding="utf-8")
        except OSError as error:
            raise SaykeyError(f"{arguments.svg} cannot be written: {error.strerror}.") from error
        print(f"The wiring of the {board.name} is drawn in {arguments.svg}.")
        return 0
    print(in_text(wiring))
    print(f"To the computer: {board.usb.socket}.")
    print(f"The cable: {board.usb.cable}.")
    print(
        f"A USB microphone: {board.audio.usb or 'there is no socket left; a microphone hat takes its place'}."
    )
    print("\nWhat to buy, in US dollars without tax and shipping. Prices are approximate.\n")
    print(bill_in_text(bill_of(wiring)))
    if not pins_of(gpio):
        print("\nThese pins are proposed. They count once they stand in the settings:\n\n[gpio]")
        for key, pin in pins_of(board.gpio).items():
            print(f'{key} = "{pin}"')
    return 0


def _board(name: str | None) -> Board:
    if name is not None:
        return board_named(name)
    if board := this_board():
        return board
    raise SettingsError(f"This is no board that Saykey knows: add --board with one of {', '.join(boards())}.")
