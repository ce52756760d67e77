"""The rules of `device.text.written`, with which nothing that was said is lost where one of them raises.

The log then says what was raised, and nothing more: a traceback might hold what was said.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from device.text import written
from device.text.body import Body, Piece, Reading
from device.text.format import clean, joint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.settings import Settings
    from device.speech.transcript import Segment

log = logging.getLogger(__name__)


def may_hold_command(text: str, language: str, settings: Settings) -> bool:
    """Say whether it may, as `device.text.written` does, or that it does not."""
    try:
        return written.may_hold_command(text, language, settings)
    except Exception as error:  # noqa: BLE001  whatever comes up, what was said is typed
        _tell(error)
        return False


def understand(
    said: Sequence[Segment], language: str, settings: Settings, *, is_open: bool = False
) -> Reading:
    """Read what was recognised, as `device.text.written` does, or take all of it for text."""
    try:
        return written.understand(said, language, settings, is_open=is_open)
    except Exception as error:  # noqa: BLE001  as above
        _tell(error)
        return Reading(body=Body(tuple(Piece(each.text, is_words=True) for each in said), language))


def write(body: Body, before: str, settings: Settings) -> str:
    """Give the characters to type, as `device.text.written` does, or the words as they were recognised."""
    try:
        return written.write(body, before, settings)
    except Exception as error:  # noqa: BLE001  as above
        _tell(error)
        text = clean(" ".join(piece.text for piece in body.pieces))
        return text and joint(before, settings.text) + text


def _tell(error: Exception) -> None:
    log.error("the rules for text failed (%s): it is typed as it was recognised", type(error).__name__)
