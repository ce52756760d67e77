"""What a user sees and an administrator reads: a LED, and the states in the service's journal."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from wait import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOOK_EVERY_S = 0.005
_LIMIT_S = 240.0

_STATE = re.compile(r" *[0-9.]+ s  (?P<state>[a-z ]+)(: .*)?")
"""As the service's indicator writes it."""


class Journal:
    """Follows what the service says.

    Attributes:
        states: When it has shown which, in seconds since the epoch.
    """

    def __init__(self) -> None:
        self.states: list[tuple[float, str]] = []
        self._passed = 0

    def reach(self, state: str) -> None:
        """Return when it has shown a state since the last one that was waited for."""

        def shown() -> bool:
            for place, (_, each) in enumerate(self.states[self._passed :], self._passed):
                if each == state:
                    self._passed = place + 1
                    return True
            return False

        try:
            until(shown, _LIMIT_S)
        except TimeoutError:
            raise TimeoutError(f"no {state!r} after {self.states[self._passed - 1 :]}") from None

    def follow(self, lines: Iterator[str]) -> None:
        """Read what journalctl says, to its end."""
        for line in lines:
            entry = json.loads(line)
            found = _STATE.fullmatch(str(entry.get("MESSAGE", "")))
            if found:
                self.states.append((int(entry["__REALTIME_TIMESTAMP"]) / 1e6, found["state"]))


@contextmanager
def journal() -> Iterator[Journal]:
    """Follow the service's journal in the block."""
    command = ["journalctl", "--unit=saykey", "--output=json", "--follow", "--lines=all"]
    followed = Journal()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        thread = threading.Thread(target=followed.follow, args=(reader.stdout,))
        thread.start()
        try:
            yield followed
        finally:
            reader.terminate()
            thread.join()


class Light:
    """Watches a LED.

    Attributes:
        turns: When it was lit or went dark, in seconds since the epoch.
    """

    def __init__(self, file: Path) -> None:
        self.turns: list[tuple[float, bool]] = []
        self._file = file
        self._ends = threading.Event()

    def watch(self) -> None:
        """Look at it until told to stop."""
        with self._file.open("rb", buffering=0) as file:
            while not self._ends.wait(_LOOK_EVERY_S):
                file.seek(0)
                lit, now_s = file.read(1) == b"1", time.time()
                if not self.turns or self.turns[-1][1] != lit:
                    self.turns.append((now_s, lit))

    def end(self) -> None:
        """Stop."""
        self._ends.set()


@contextmanager
def light(file: Path) -> Iterator[Light]:
    """Watch a LED in the block."""
    watched = Light(file)
    thread = threading.Thread(target=watched.watch)
    thread.start()
    try:
        yield watched
    finally:
        watched.end()
        thread.join()


def shown(journal: Journal, light: Light, since_s: float) -> dict[str, Any]:
    """Give what was seen since a moment, for the test to compare."""
    return {
        "states": [each for each in journal.states if each[0] >= since_s],
        "turns": light.turns,
        "until_s": time.time(),
    }
