"""Text that waits to be typed. It lives in memory only: what was said is never written to a disk."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from device.keyboard.record import Record


@dataclass(slots=True, eq=False)
class Entry:
    """The text of one dictation, and how far it has been typed.

    Attributes:
        dictation: Number of the dictation, from 1; 0 for what is taken back or typed again.
        text: What is to be typed.
        done: Characters dealt with: typed, substituted or refused.
        keys_done: Keys already pressed of the character after those, when it takes several.
        typed: What the characters dealt with became at the host.
        first_key_s: When the first key was pressed, on the clock of `time.monotonic`; `None` before.
        last_key_s: When the latest key was pressed.
        record: What became of the characters so far.
    """

    dictation: int
    text: str = field(repr=False)  # no log and no traceback shall show it
    done: int = 0
    keys_done: int = 0
    typed: str = field(default="", repr=False)
    first_key_s: float | None = None
    last_key_s: float | None = None
    record: Record = field(init=False)

    def __post_init__(self) -> None:
        self.record = Record(asked=len(self.text))

    def press(self, at_s: float) -> None:
        """Note that the host took the press of the next key."""
        self.keys_done += 1
        self.last_key_s = at_s
        if self.first_key_s is None:
            self.first_key_s = at_s

    def settle(self, instead: str | None) -> None:
        """Note that the next character is dealt with, by what was typed for it; `None` is nothing."""
        self.record.count(self.text[self.done], instead)
        self.typed += instead or ""
        self.done += 1
        self.keys_done = 0


class Outbox:
    """Entries in the order of their dictations. Used on the event loop only.

    While it is held, nothing is typed until the user asks for it: after a stop, and after the host was
    away. An outbox that has become empty is no longer held.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._held = False
        self._open = asyncio.Event()

    @property
    def held(self) -> bool:
        """Whether text waits for the user's press."""
        return self._held

    @property
    def pending(self) -> int:
        """How many characters are still to be dealt with."""
        return sum(len(entry.text) - entry.done for entry in self._entries)

    def put(self, entry: Entry) -> None:
        """Add an entry behind the others."""
        self._entries.append(entry)
        self._update()

    def hold(self) -> None:
        """Keep what is here until `release`. Typing stops before the next report."""
        self._held = True
        self._update()

    def release(self) -> None:
        """Let what is here be typed."""
        self._held = False
        self._update()

    def holds(self, entry: Entry) -> bool:
        """Say whether an entry is here: not all of it has been typed."""
        return entry in self._entries

    def cut(self, entry: Entry, *, typing: bool) -> bool:
        """Throw away what is left of an entry that is here.

        Args:
            entry: Any entry.
            typing: Keys are being sent. The first entry's next character may be under way then, and stays.

        Returns:
            Whether nothing is left, and it is not here any more.
        """
        if typing and entry is self._entries[0]:
            entry.text = entry.text[: entry.done + 1]
            return False
        self._entries.remove(entry)
        self._update()
        return True

    async def next(self) -> Entry:
        """Wait for an entry that may be typed; give the first, which stays here until `finish`."""
        while not self._open.is_set():
            await self._open.wait()
        return self._entries[0]

    def may_type(self, entry: Entry) -> bool:
        """Say whether this entry is still the one to type: not held back, not thrown away."""
        return self._open.is_set() and self._entries[0] is entry

    def finish(self, entry: Entry) -> None:
        """Take out the first entry, when it is this one; it may have been thrown away meanwhile."""
        if self._entries and self._entries[0] is entry:
            self._entries.popleft()
            self._update()

    def _update(self) -> None:
        if not self._entries:
            self._held = False
        if self._entries and not self._held:
            self._open.set()
        else:
            self._open.clear()
