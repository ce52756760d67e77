from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from device.simulation.scripted_button import ScriptedButton
from device.simulation.terminal import TerminalButton

if TYPE_CHECKING:
    from device.events import ButtonMoved


def test_a_button_that_is_down_is_held_whether_anybody_watches_or_not():
    button = ScriptedButton()
    assert not button.is_held()
    button.press()
    assert button.is_held()
    button.start(lambda _: None)
    assert button.is_held()
    button.release()
    assert not button.is_held()


async def test_a_terminals_key_cannot_be_held():
    read, write = os.pipe()
    posted: asyncio.Queue[ButtonMoved] = asyncio.Queue()
    button = TerminalButton(read)
    button.start(posted.put_nowait)
    os.write(write, b" ")
    assert (await posted.get()).pressed
    assert not button.is_held()
    button.stop()
    os.close(read)
    os.close(write)
