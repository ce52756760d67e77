from __future__ import annotations

import io

from rich.console import Console

from trainer.flashing.screen import ConsoleScreen


def test_without_a_terminal_what_is_waited_for_is_said_once():
    shown = io.StringIO()
    screen = ConsoleScreen(Console(file=shown))
    screen.say("The device is at [/media/:key:/SAYKEY].")
    with screen.waiting("Waiting for the drive"):
        pass
    assert shown.getvalue() == "The device is at [/media/:key:/SAYKEY].\nWaiting for the drive ...\n"


def test_on_a_terminal_a_spinner_turns_and_is_gone_afterwards():
    shown = io.StringIO()
    with ConsoleScreen(Console(file=shown, force_terminal=True, width=80)).waiting("Waiting for the drive"):
        pass
    assert "Waiting for the drive" in shown.getvalue()
    assert shown.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back, the line cleared
