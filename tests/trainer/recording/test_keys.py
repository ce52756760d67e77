from __future__ import annotations

import os
import termios

import pytest

from trainer.recording.keys import END, TerminalKeys


@pytest.fixture
def terminal():
    ours, theirs = os.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_keys_of_a_terminal_come_at_once_and_it_is_given_back_as_it_was(terminal):
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    with TerminalKeys(theirs) as keys:
        assert keys.hit() == ""
        os.write(ours, b" k")
        assert keys.hit() == " k"
        os.write(ours, b"\x1b[D")
        assert keys.hit() == ""
    assert termios.tcgetattr(theirs) == before


def test_a_pipe_will_do_and_its_end_is_the_end():
    there, here = os.pipe()
    with TerminalKeys(there) as keys:
        assert keys.hit() == ""
        os.write(here, b"r")
        assert keys.hit() == "r"
        os.close(here)
        assert keys.hit() == keys.hit() == END
    os.close(there)


def test_a_terminal_that_is_gone_is_the_end(terminal):
    ours, theirs = os.openpty()
    with TerminalKeys(theirs) as keys:
        os.close(ours)
        assert keys.hit() == END
    os.close(theirs)
