"""The keys that are hit in the terminal, each at once, on any system that the trainer runs on."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

END = "q"
"""The key that the end of the input stands for."""

_ESCAPE = "\x1b"


class Keys(Protocol):
    """The keys that the owner hits."""

    def hit(self) -> str:
        """Give the keys that were hit since the last call, in order, without waiting."""


if sys.platform == "win32":
    import msvcrt

    class TerminalKeys:
        """The keys of a Windows console."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def hit(self) -> str:
            """Give the keys that were hit since the last call, in order, without waiting."""
            keys = ""
            while msvcrt.kbhit():
                key = msvcrt.getwch()
                if key in "\x00\xe0":  # a function or cursor key: its code follows
                    msvcrt.getwch()
                else:
                    keys += key
            return keys

else:
    import termios
    import tty

    class TerminalKeys:
        """The keys of a terminal, or what comes through a pipe in its place."""

        def __init__(self, file: int = 0) -> None:
            """Make keys that are not read yet.

            Args:
                file: Descriptor of a terminal, pipe or file: standard input.
            """
            self._file = file
            self._before: list[Any] | None = None

        def __enter__(self) -> Self:
            if os.isatty(self._file):
                self._before = termios.tcgetattr(self._file)
                tty.setcbreak(self._file)
            return self

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> None:
            if self._before is not None:
                with suppress(termios.error):  # a terminal that is gone
                    termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

        def hit(self) -> str:
            """Give the keys that were hit since the last call, in order, without waiting."""
            if not select.select([self._file], [], [], 0)[0]:
                return ""
            try:
                read = os.read(self._file, 64)
            except OSError:  # a terminal that is gone
                read = b""
            keys = read.decode(errors="replace")
            if not keys:
                return END
            return "" if keys.startswith(_ESCAPE) else keys  # a cursor key, not its letters
