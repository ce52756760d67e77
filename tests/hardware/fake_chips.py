"""GPIO chips at the port where gpiod's stand: lines that a test moves and reads."""

from __future__ import annotations

import errno
import os

from gpiod import EdgeEvent
from gpiod.line import Direction, Value


class FakeRequest:
    """One line that is ours, as `gpiod.LineRequest` gives it."""

    def __init__(self, chips: FakeChips, path: str, line: int, settings) -> None:
        self.settings = settings
        self.where = (path, line)
        self.fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.events: list[EdgeEvent] = []
        self.gone = False
        self._chips = chips

    def get_value(self, line: int) -> Value:
        assert line == self.where[1]
        return Value.ACTIVE if self.is_active else Value.INACTIVE

    def set_value(self, line: int, value: Value) -> None:
        if self.gone:
            raise OSError(errno.ENODEV, "No such device")
        assert line == self.where[1]
        assert self.settings.direction is Direction.OUTPUT
        self._chips.levels[self.where] = (value is Value.ACTIVE) != self.settings.active_low

    def read_edge_events(self) -> list[EdgeEvent]:
        if self.gone:
            raise OSError(errno.ENODEV, "No such device")
        os.eventfd_read(self.fd)
        events, self.events = self.events, []
        return events

    def release(self) -> None:
        self._chips.requests.remove(self)
        os.close(self.fd)

    @property
    def is_active(self) -> bool:
        # A line that nothing is wired to has the level that its pull-up gives it.
        return self._chips.levels.get(self.where, True) != self.settings.active_low

    def tell(self, at_ns: int) -> None:
        kind = EdgeEvent.Type.RISING_EDGE if self.is_active else EdgeEvent.Type.FALLING_EDGE
        self.events.append(EdgeEvent(kind.value, at_ns, self.where[1], 0, 0))
        os.eventfd_write(self.fd, 1)

    def lose(self) -> None:
        """Have the chip unplugged."""
        self.gone = True
        os.eventfd_write(self.fd, 1)


class FakeChips:
    """A board's chips.

    Attributes:
        labels: What each is called, by its device file.
        levels: Whether a line is high, by file and number.
        requests: The lines that are ours.
        users: Who else uses a line.
        closed: Files that we may not open.
    """

    LINES = 96

    def __init__(self, *labels: str) -> None:
        self.labels = {f"/dev/gpiochip{number}": label for number, label in enumerate(labels)}
        self.levels: dict[tuple[str, int], bool] = {}
        self.requests: list[FakeRequest] = []
        self.users: dict[tuple[str, int], str] = {}
        self.closed: set[str] = set()

    def paths(self) -> list[str]:
        return list(self.labels)

    def label(self, path: str) -> str:
        self._open(path)
        return self.labels[path]

    def user(self, path: str, line: int) -> str:
        self._open(path, line)
        ours = any(request.where == (path, line) for request in self.requests)
        return "saykey" if ours else self.users.get((path, line), "")

    def request(self, path: str, line: int, settings) -> FakeRequest:
        self._open(path, line)
        if self.user(path, line):
            raise OSError(errno.EBUSY, "Device or resource busy")
        request = FakeRequest(self, path, line, settings)
        self.requests.append(request)
        if settings.direction is Direction.OUTPUT:
            request.set_value(line, settings.output_value)
        return request

    def move(self, path: str, line: int, *, high: bool, at_ns: int = 0) -> None:
        """Change a line's level from the outside."""
        self.levels[path, line] = high
        for request in self.requests:
            if request.where == (path, line):
                request.tell(at_ns)

    def _open(self, path: str, line: int = 0) -> None:
        if path in self.closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        if line >= self.LINES:
            raise OSError(errno.EINVAL, "Invalid argument")
