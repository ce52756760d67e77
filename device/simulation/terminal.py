"""A desk's parts: a key of the terminal as the button, lines as the indicator, and the host's screen."""

from __future__ import annotations

import asyncio
import os
import termios
import time
import tty
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from device.errors import SaykeyError
from device.events import ButtonMoved, StopRequested
from device.ports import State
from device.simulation.virtual_keyboard import VirtualKeyboard

if TYPE_CHECKING:
    from device.events import Post
    from device.keyboard.reports import Report
    from device.simulation.virtual_host import VirtualHost

REPORT_INTERVAL_S = 0.001
"""A real host polls a high-speed keyboard every millisecond at best (USB 2.0, 9.6.6)."""

_KEYS = b" \n\r"
_QUIT = b"q\x04"


class TerminalButton:
    """Space or Enter pushes the button down, and again lets it come up: terminals do not tell of releases.

    `q` and the end of the input stop the device.
    """

    def __init__(self, file: int = 0) -> None:
        """Make a button that is not watched yet.

        Args:
            file: Descriptor of a terminal or pipe: standard input.
        """
        self._file = file
        self._before: list[Any] | None = None
        self._pressed = False
        self._post: Post | None = None

    def start(self, post: Post) -> None:
        """Begin to read keys, each at once.

        Raises:
            SaykeyError: The input is neither a terminal nor a pipe.
        """
        try:
            asyncio.get_running_loop().add_reader(self._file, self._read)
        except OSError as error:
            raise SaykeyError(
                "Standard input can be no button: run this in a terminal, or give it a pipe."
            ) from error
        self._post = post
        if os.isatty(self._file):
            self._before = termios.tcgetattr(self._file)
            tty.setcbreak(self._file)

    def stop(self) -> None:
        """Give the terminal back as it was."""
        if self._post is not None:
            asyncio.get_running_loop().remove_reader(self._file)
        if self._before is not None:
            with suppress(termios.error):  # a terminal that is gone
                termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)
        self._before = self._post = None

    def is_held(self) -> bool:
        """Say that it is not down: a terminal tells of keys that are struck, not of keys that are held."""
        return False

    def _read(self) -> None:
        try:
            keys = os.read(self._file, 64)
        except OSError:  # a terminal that is gone
            keys = b""
        if self._post is None:
            return
        if not keys:
            # It stays readable for ever, and a second request would stop the typing of what was said.
            asyncio.get_running_loop().remove_reader(self._file)
            self._post(StopRequested())
        for key in keys:
            if key in _QUIT:
                self._post(StopRequested())
            elif key in _KEYS:
                self._pressed = not self._pressed
                self._post(ButtonMoved(self._pressed, time.monotonic()))


class TerminalIndicator:
    """One line for each state, with the seconds since the start."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._start_s = time.monotonic()

    def show(self, state: State, detail: str = "") -> None:
        """Write a line, where that is possible. That it starts was seen on the terminal."""
        if state is State.STARTING:
            return
        passed_s = time.monotonic() - self._start_s
        line = f"{passed_s:7.2f} s  {state.value}{': ' * bool(detail)}{detail}"
        with suppress(OSError):
            print(line, file=self._stream, flush=True)


class Screen(VirtualKeyboard):
    """A virtual host's keyboard, with the host's text written out as it arrives."""

    def __init__(self, host: VirtualHost, stream: TextIO, *, interval_s: float = 0.0) -> None:
        super().__init__(host, interval_s=interval_s)
        self._stream = stream
        self._shown = 0

    async def send(self, report: Report) -> None:
        """Hand a report to the host, and show what it typed."""
        await super().send(report)
        self._stream.write(self._host.text[self._shown :])
        self._stream.flush()
        self._shown = len(self._host.text)
