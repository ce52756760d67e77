from __future__ import annotations

import asyncio
import os
import pty
import termios

from device.events import StopRequested
from device.simulation.terminal import TerminalButton


async def test_a_terminal_that_is_gone_stops_the_device_and_nothing_else():
    ours, theirs = pty.openpty()
    posted: asyncio.Queue[object] = asyncio.Queue()
    button = TerminalButton(theirs)
    button.start(posted.put_nowait)
    os.close(ours)
    assert isinstance(await posted.get(), StopRequested)
    button.stop()
    os.close(theirs)


async def test_the_terminal_is_given_back_as_it_was():
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    button = TerminalButton(theirs)
    button.start(lambda _event: None)
    assert termios.tcgetattr(theirs) != before
    button.stop()
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
