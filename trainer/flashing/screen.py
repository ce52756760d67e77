"""What flashing shows: sentences, a spinner while it waits, a bar while it copies."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from trainer.progress import Report, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


class Screen(Protocol):
    """Where it is shown."""

    def say(self, sentence: str) -> None:
        """Show a sentence."""

    def waiting(self, what: str) -> AbstractContextManager[None]:
        """Show what is waited for, as long as the block lasts."""

    def copying(self) -> AbstractContextManager[Report]:
        """Give what draws a bar."""


class ConsoleScreen:
    """Shows it on a terminal."""

    def __init__(self, console: Console) -> None:
        """Name the console."""
        self._console = console

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        self._console.print(sentence, markup=False, emoji=False, highlight=False)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Turn a spinner; without a terminal, print the words once."""
        if not self._console.is_terminal:
            self.say(f"{what} ...")
            yield
            return
        with self._console.status(what):
            yield

    def copying(self) -> AbstractContextManager[Report]:
        """Draw a bar."""
        return shown()
