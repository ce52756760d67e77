"""Text that waits to be typed. It lives in memory only: what was said is never written to a disk."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile

from device.keyboard.record import Record
from device.text.body import KEYS
from device.text.clusters import last_cluster

BACKSPACE = "\b"
"""What takes back the cluster before the caret. No transcript has one."""

_SHIFT = 16
"""By so many characters at most a revision is taken to move what follows it."""


@dataclass(slots=True, eq=False)
class Entry:
    """The text of one dictation, and how far it has been typed.

    What stands at the host is made equal to the text one key after the other, so that the text may change at
    any time: see `next`. It always begins with what is out of reach: what the user left behind, and
    what stands before a key that does what no Backspace takes back.

    Attributes:
        dictation: Number of the dictation, from 1; 0 for what is taken back or typed again.
        text: What is to be typed.
        language: Code of the language that it is in: the host may read keys otherwise while that is spoken.
        is_open: More text may come, or another.
        is_cut: What is left of it was thrown away.
        before: The end of the text that stands before it.
        dealt: The characters dealt with: typed, substituted or refused, and not taken back.
        out_of_reach: How many of those can no more be taken back.
        keys_done: Keys already pressed of the character after those, when it takes several.
        first_key_s: When the first key was pressed, on the clock of `time.monotonic`; `None` before.
        last_key_s: When the latest key was pressed.
        record: What became of the characters dealt with.
    """

    dictation: int
    text: str = field(repr=False)  # no log and no traceback shall show it
    language: str = field(default="", kw_only=True)
    is_open: bool = False
    is_cut: bool = False
    before: str = field(default="", repr=False)
    dealt: str = field(default="", repr=False)
    out_of_reach: int = 0
    keys_done: int = 0
    first_key_s: float | None = None
    last_key_s: float | None = None
    record: Record = field(init=False)
    _became: list[str | None] = field(default_factory=list, repr=False)  # each of the characters dealt with

    def __post_init__(self) -> None:
        self.record = Record(asked=len(self.text))

    @property
    def done(self) -> int:
        """How many characters are dealt with."""
        return len(self.dealt)

    @property
    def typed(self) -> str:
        """What stands at the host of this entry."""
        return self._typed(self.done)

    @property
    def next(self) -> str:
        """The next character to type, a Backspace where what stands disagrees; empty when nothing is left."""
        return self.text[self.done : self.done + 1] if self._agreed == self.done else BACKSPACE

    @property
    def pending(self) -> int:
        """How many characters are still to be dealt with, those to be taken back among them."""
        return len(self.text) + self.done - 2 * self._agreed

    @property
    def rests(self) -> bool:
        """Whether nothing is to be done before it is amended."""
        return self.is_open and not (self.is_cut or self.pending or self.keys_done)

    @property
    def stays(self) -> int:
        """How much of `typed` is out of reach."""
        return len(self._typed(self.out_of_reach))

    @property
    def is_begun(self) -> bool:
        """Whether keys were pressed for it of which something stands, or is under way."""
        return bool(self.done or self.keys_done)

    def speak(self, language: str) -> None:
        """Note the language that it is in, unless it was begun in another one."""
        if not self.is_begun:
            self.language = language

    def press(self, at_s: float) -> None:
        """Note that the host took the press of the next key."""
        self.keys_done += 1
        self.last_key_s = at_s
        if self.first_key_s is None:
            self.first_key_s = at_s

    def settle(self, character: str, instead: str | None) -> None:
        """Note that a character is dealt with, by what was typed for it; `None` is nothing."""
        self.keys_done = 0
        if character == BACKSPACE and BACKSPACE not in self.text:
            self._take_back(len(self.typed) - self._left_by_backspace)
        else:
            self.record.count(character, instead)
            self.dealt += character
            self._became.append(instead)
            if instead and instead in KEYS:
                self.out_of_reach = self.done
        self._fit()

    def amend(self, text: str) -> None:
        """Replace the text, except for what is out of reach."""
        self.text = self._behind_what_stays(text)
        self._recount()
        self._fit()

    def cut(self) -> None:
        """Throw away what is left, except for the next character, which may be under way."""
        agreed = self._agreed
        self.text = self.text[: agreed + (agreed == self.done)]
        self.is_cut = True

    def leave(self) -> None:
        """Note that what stands is out of reach: the host may be another one, or the caret elsewhere."""
        self.out_of_reach = self.done
        if self._agreed < self.done:
            self.amend(self.text)

    @property
    def _agreed(self) -> int:
        """How many of the characters dealt with are as the text has them."""
        if self.text.startswith(self.dealt):
            return self.done
        agreed = takewhile(lambda pair: pair[0] == pair[1], zip(self.text, self.dealt, strict=False))
        return sum(1 for _ in agreed)

    @property
    def _left_by_backspace(self) -> int:
        """How much of `typed` a Backspace leaves; less than nothing when it takes of the text before, too."""
        return len(self.typed) - len(last_cluster(self.before + self.typed))

    def _typed(self, characters: int) -> str:
        return "".join(each or "" for each in self._became[:characters])

    def _behind_what_stays(self, text: str) -> str:
        """Give a text behind what is out of reach: what seems to follow that in it."""
        stays = self.dealt[: self.out_of_reach]
        if text.startswith(stays):
            return text
        from difflib import SequenceMatcher  # rarely needed, on a machine with little memory

        window = text[: len(stays) + _SHIFT]
        *matches, end = SequenceMatcher(None, stays, window, autojunk=False).get_matching_blocks()
        last = matches[-1] if matches else end._replace(a=0, b=0)
        return stays + text[last.b + len(stays) - last.a :]

    def _fit(self) -> None:
        """See to it that a Backspace can be pressed where `next` asks for it."""
        while self._agreed < self.done and not self._became[-1]:
            self._take_back(0)  # at the host there is nothing of it
        if self._agreed < self.done and self._left_by_backspace < self.stays:
            self.leave()

    def _take_back(self, count: int) -> None:
        """Forget characters, the last one at least, that became so many at the host."""
        while True:
            became = self._became.pop() or ""
            self.dealt = self.dealt[:-1]
            if len(became) >= count:
                break
            count -= len(became)
        stays = became[: len(became) - count]  # of three dots, two: as if they had been asked for
        self.dealt += stays
        self._became += stays
        self.out_of_reach = min(self.out_of_reach, self.done)
        self._recount()

    def _recount(self) -> None:
        self.record = Record(asked=len(self.text), times_ms=self.record.times_ms)
        for character, instead in zip(self.dealt, self._became, strict=True):
            self.record.count(character, instead)


class Outbox:
    """Entries in the order of their dictations. Used on the event loop only.

    Nothing overtakes an entry that is open. While it is held, nothing is typed until the user asks for it:
    after a stop, and after the host was away. An outbox that has become empty is no longer held.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._held = False
        self._changed = asyncio.Event()

    @property
    def held(self) -> bool:
        """Whether text waits for the user's press."""
        return self._held

    @property
    def first(self) -> str:
        """The text of the first entry, which is the one that is typed; empty when there is none."""
        return self._entries[0].text if self._entries else ""

    @property
    def pending(self) -> int:
        """How many characters are still to be dealt with."""
        return sum(entry.pending for entry in self._entries)

    def put(self, entry: Entry) -> None:
        """Add an entry behind the others."""
        self._entries.append(entry)
        self._update()

    def amend(self, entry: Entry, text: str, *, is_open: bool) -> bool:
        """Say what an open entry is from now on, from its beginning.

        What is typed and agrees with it stays, the rest of that is taken back. What is out of reach stays
        too, and is followed by what seems to follow it in the new text.

        Args:
            entry: Any entry.
            text: All of its text, without Backspaces.
            is_open: More may come.

        Returns:
            Whether it was amended: not when it is not here, not open any more, or cut.
        """
        if entry not in self._entries or entry.is_cut or not entry.is_open:
            return False
        entry.amend(text)
        entry.is_open = is_open
        if not (is_open or self.pending):
            self._held = False  # there is nothing that the user's press would type
        self._update()
        return True

    def hold(self) -> None:
        """Keep what is here until `release`. Typing stops before the next report."""
        self._held = True
        self._update()

    def release(self) -> None:
        """Let what is here be typed."""
        self._held = False
        self._update()

    def leave(self) -> None:
        """Note that it goes elsewhere now than before: nothing that stands there is taken back.

        What would take it back is thrown away: it would delete what it did not type. No key is under way.
        """
        self._entries = deque(entry for entry in self._entries if BACKSPACE not in entry.text)
        for entry in self._entries:
            entry.leave()
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
        under_way = typing and entry is self._entries[0]
        if under_way:
            entry.cut()
        else:
            self._entries.remove(entry)
        self._update()
        return not under_way

    async def next(self) -> Entry:
        """Wait until the first entry may be typed or finished; give it. It stays here until `finish`."""
        while self._held or not self._entries or self._entries[0].rests:
            self._changed.clear()
            await self._changed.wait()
        return self._entries[0]

    def may_type(self, entry: Entry) -> bool:
        """Say whether this entry is still the one to type: not held back, not thrown away."""
        return not self._held and bool(self._entries) and self._entries[0] is entry

    def finish(self, entry: Entry) -> None:
        """Take out the first entry, when it is this one; it may have been thrown away meanwhile."""
        if self._entries and self._entries[0] is entry:
            self._entries.popleft()
            self._update()

    def _update(self) -> None:
        if not self._entries:
            self._held = False
        self._changed.set()
