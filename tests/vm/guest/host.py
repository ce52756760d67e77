"""The host's side of the keyboard: what its kernel delivers, and the text that this is to its programs."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evdev import ecodes
from recorder import CAPS, EVENT, GONE, HERE, HOST
from wait import until
from xkbcommon import xkb

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORDER = Path(__file__).with_name("recorder.py")
_SETTLED_S = 2.0
_UP, _DOWN, _REPEATED = range(3)
"""Values of the kernel's EV_KEY."""

_KEYCODES_FROM = 8
"""xkb counts the kernel's key codes from 8 (xkeyboard-config's keycodes/evdev)."""


@dataclass
class Received:
    """What came of the keys.

    Attributes:
        text: What a text field would show.
        caps_at: Its lengths when the host switched its Caps Lock.
        caps: Whether Caps Lock is on at the end.
        down: Key codes that are down at the end.
        presses: How many keys were pressed.
        repeats: How often the kernel repeated a key that was held.
        dropped: How often events were lost between the kernel and us: such a recording proves nothing.
        first_s: When the first key was pressed, in seconds since the epoch.
        last_s: When the last key was pressed or let go.
    """

    text: str = ""
    caps_at: list[int] = field(default_factory=list)
    caps: bool = False
    down: list[int] = field(default_factory=list)
    presses: int = 0
    repeats: int = 0
    dropped: int = 0
    first_s: float = 0.0
    last_s: float = 0.0


class Host:
    """A host with one keyboard."""

    def __init__(self, log: Path, recorder: subprocess.Popen[bytes]) -> None:
        self._log = log
        self._recorder = recorder
        self._read = 0
        self._presses = 0
        self._caps_switched = 0
        self._is_here = False

    def presses(self) -> int:
        """Say how many keys have been pressed so far."""
        self._follow()
        return self._presses

    def pressed_at(self) -> list[float]:
        """Give when each key was pressed, in seconds since the epoch."""
        return [
            seconds + microseconds / 1e6
            for seconds, microseconds, kind, _, value in EVENT.iter_unpack(self._log.read_bytes())
            if kind == ecodes.EV_KEY and value == _DOWN
        ]

    def is_here(self) -> bool:
        """Say whether the keyboard is there and being read."""
        self._follow()
        return self._is_here

    def switch_caps(self) -> None:
        """Switch the host's own Caps Lock; return when that is in the log."""
        assert self._recorder.stdin is not None
        before = self.caps_switched()
        self._recorder.stdin.write(b"c")
        self._recorder.stdin.flush()
        until(lambda: self.caps_switched() > before)

    def caps_switched(self) -> int:
        """Say how often the host has switched its own Caps Lock."""
        self._follow()
        return self._caps_switched

    def settle(self) -> None:
        """Return when nothing more comes."""
        size, since_s = -1, 0.0
        while size != self._log.stat().st_size or time.monotonic() - since_s < _SETTLED_S:
            if size != self._log.stat().st_size:
                size, since_s = self._log.stat().st_size, time.monotonic()
            time.sleep(0.05)

    def received(self, layout: str) -> Received:
        """Read the whole log as a host with this layout does."""
        reader = TextField(layout)
        for event in EVENT.iter_unpack(self._log.read_bytes()):
            reader.feed(*event)
        return reader.finished()

    def _follow(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._read)
            events = log.read()
        events = events[: len(events) // EVENT.size * EVENT.size]
        self._read += len(events)
        for _, _, kind, code, value in EVENT.iter_unpack(events):
            if kind == HOST and code in (HERE, GONE):
                self._is_here = code == HERE
            elif kind == HOST:
                self._caps_switched += 1
            elif kind == ecodes.EV_KEY and value == _DOWN:
                self._presses += 1


class TextField:
    """A text field of a program on the host, with its layout by libxkbcommon and its Compose table."""

    def __init__(self, layout: str) -> None:
        context = xkb.Context()
        self._state = context.keymap_new_from_names(rules="evdev", model="pc105", layout=layout).state_new()
        self._compose = context.compose_table_new_from_locale("en_US.UTF-8").compose_state_new()
        self.down: set[int] = set()
        self.received = Received()

    def feed(self, seconds: int, microseconds: int, kind: int, code: int, value: int) -> None:
        """Read one event."""
        if kind == ecodes.EV_KEY:
            self.received.last_s = seconds + microseconds / 1e6
            self._move(code, value)
        elif kind == ecodes.EV_SYN and code == ecodes.SYN_DROPPED:
            self.received.dropped += 1
        elif kind == HOST and code == GONE:
            for key in sorted(self.down):
                self._move(key, _UP)
        elif kind == HOST and code == CAPS:
            self.received.caps_at.append(len(self.received.text))
            self._turn(ecodes.KEY_CAPSLOCK, down=True)
            self._turn(ecodes.KEY_CAPSLOCK, down=False)

    def finished(self) -> Received:
        """Give what came of all events."""
        self.received.down = sorted(self.down)
        self.received.caps = self._state.led_name_is_active("Caps Lock")
        return self.received

    def _move(self, code: int, value: int) -> None:
        if value == _REPEATED:
            self.received.repeats += 1
            return
        if value:
            self.received.presses += 1
            self.received.first_s = self.received.first_s or self.received.last_s
            self.down.add(code)
            self._press(code + _KEYCODES_FROM)
        else:
            self.down.discard(code)
        self._turn(code, down=bool(value))

    def _turn(self, code: int, *, down: bool) -> None:
        direction = xkb.KeyDirection.XKB_KEY_DOWN if down else xkb.KeyDirection.XKB_KEY_UP
        self._state.update_key(code + _KEYCODES_FROM, direction)

    def _press(self, key: int) -> None:
        if (
            self._compose.feed(self._state.key_get_one_sym(key))
            == xkb.ComposeFeedResult.XKB_COMPOSE_FEED_IGNORED
        ):
            return
        status = self._compose.get_status()
        if status == xkb.ComposeStatus.XKB_COMPOSE_COMPOSING:
            return
        if status == xkb.ComposeStatus.XKB_COMPOSE_COMPOSED:
            self.received.text += self._compose.get_utf8()
        elif status == xkb.ComposeStatus.XKB_COMPOSE_NOTHING:
            self.received.text += self._state.key_get_string(key)
        self._compose.reset()


@contextmanager
def host(name: str, log: Path) -> Iterator[Host]:
    """Record the keyboard whose product string this is."""
    command = [sys.executable, str(_RECORDER), name, str(log)]
    log.unlink(missing_ok=True)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as recorder:
        try:
            until(log.exists)
            yield Host(log, recorder)
        finally:
            recorder.stdin.close()
    if recorder.returncode:
        raise ChildProcessError(f"the recorder ended with status {recorder.returncode}: see the log")
