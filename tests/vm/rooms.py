"""What takes long to arrange is arranged once for many tests, and anew after one that failed."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

T = TypeVar("T")


class Rooms(Generic[T]):
    """A room for all tests until one fails; the next has another, in which nothing has happened yet.

    Args:
        arrange: Gives a room, which it leaves tidy.
    """

    def __init__(self, arrange: Callable[[], AbstractContextManager[T]]) -> None:
        self._arrange = arrange
        self._room: T | None = None
        self._leaving = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def during(self, test: pytest.FixtureRequest, tidy: Callable[[T], object] = bool) -> Iterator[T]:
        """Give the room for one test: what a fixture is.

        Args:
            test: The test.
            tidy: Leaves the room as the next test wants it; it is not called after a test that failed.
        """
        failed = test.session.testsfailed
        room = self._enter()
        yield room
        with ExitStack() as leaving:
            leaving.callback(self._leave)
            if test.session.testsfailed == failed:
                tidy(room)
                leaving.pop_all()

    def _enter(self) -> T:
        if self._room is None:
            with ExitStack() as leaving:
                self._room = leaving.enter_context(self._arrange())
                self._leaving = leaving.pop_all()
        return self._room

    def _leave(self) -> None:
        self._room = None
        self._leaving.close()
