"""The settings of a new device: the pins that its board's file proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from image.boards import Board

_HEAD = """\
# The settings that this device begins with; saykey config lists all that can be set. What SAYKEY.TOML on the
# card's boot partition or on the drive says counts instead.
"""


def first_settings(board: Board) -> str:
    """Write them.

    Args:
        board: The board.
    """
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in board.pins]
    return _HEAD + "\n".join(["\n[gpio]", *lines, ""] if lines else [])
