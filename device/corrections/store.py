"""The folder with the sealed corrections: how many and how old they may be, and how they are deleted.

A file is called after the day it was kept and the sum of what is in it, as in
`2026-01-31-0123456789abcdef0123456789abcdef.sealed`, and has that day's beginning as its time. Beside them is
the day that was seen last, so that they age where the clock does not go on.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import msgspec

from device.corrections.days import Seen, by_the_clock, counted_on
from device.corrections.sealed import HEAD_BYTES, key_id
from device.kept_host import state_folder
from device.models.files import new_file, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from device.settings import CorrectionsSettings

FOLDER = "corrections"
"""Its name in the state folder."""

_NAME = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})-(?P<sum>[0-9a-f]{32})\.sealed")

_UNFINISHED = ".new"

_SEEN = "day.json"


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """One file.

    Attributes:
        day: When it was kept, as this device counts days.
        sum: What is in it, in short: of two files with the same one, one is superfluous.
        size: In bytes.
    """

    day: date
    sum: str
    size: int

    @property
    def name(self) -> str:
        """Its name."""
        return f"{self.day.isoformat()}-{self.sum}.sealed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be there.

    Attributes:
        size: Bytes of all files together.
        days: How old a file may be.
    """

    size: int
    days: int

    @classmethod
    def of(cls, settings: CorrectionsSettings) -> Limits:
        """Give those that the settings name."""
        return cls(settings.max_mb * 1_000_000, settings.max_days)


class Store:
    """The folder, which need not be there. It has one writer at a time, and files may vanish from it."""

    def __init__(self, folder: Path | None = None, now: Callable[[], Seen] = by_the_clock) -> None:
        """Name the folder.

        Args:
            folder: It; without, the one in the state folder.
            now: Gives what clock and kernel say.
        """
        self.folder = folder or state_folder() / FOLDER
        self._now = now

    def today(self) -> date:
        """Give the day, as this device counts them.

        Raises:
            OSError: The folder cannot be read.
        """
        return counted_on(self._last_seen(), self._now()).day

    def kept(self) -> list[Kept]:
        """Give what is there, the oldest first.

        Raises:
            OSError: The folder cannot be read.
        """
        found = []
        for name in self._names():
            with suppress(FileNotFoundError):
                if each := kept_as(name, (self.folder / name).lstat().st_size):
                    found.append(each)
        return sorted(found)

    def read(self, kept: Kept) -> bytes:
        """Give what is in a file.

        Raises:
            OSError: It cannot be read.
        """
        return (self.folder / kept.name).read_bytes()

    def key_id(self, kept: Kept) -> str:
        """Give the number of the key that a file is sealed to, as the file says.

        Raises:
            OSError: It cannot be read.
        """
        with (self.folder / kept.name).open("rb") as file:
            return key_id(file.read(HEAD_BYTES))

    def add(self, sealed: bytes, limits: Limits) -> None:
        """Write a file, whole or not at all; the oldest make room for it. One that is alone too much is none.

        Raises:
            OSError: The disk refuses, or is full.
        """
        if len(sealed) > limits.size:
            self.tidy(limits)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tidy(Limits(limits.size - len(sealed), limits.days))
        new = Kept(self.today(), sum_of(sealed), len(sealed))
        target = self.folder / new.name
        unfinished = target.with_name(f"{new.name}{_UNFINISHED}")
        try:
            with new_file(unfinished) as file:
                file.write(sealed)
            _set_day(unfinished, new.day)
            unfinished.replace(target)
            sync(self.folder)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise

    def tidy(self, limits: Limits) -> None:
        """Remove what is too old, what is too much, the oldest first, and what a cut left unfinished.

        Raises:
            OSError: The disk refuses.
        """
        if not self.folder.exists():
            return
        self._delete(name for name in self._names() if name.endswith(_UNFINISHED))
        kept, last = self.kept(), self._last_seen()
        seen = counted_on(last, self._now())
        size = sum(each.size for each in kept)
        superfluous = []
        for each in kept:
            if size > limits.size or (seen.day - each.day).days > limits.days:
                superfluous.append(each.name)
                size -= each.size
        self._delete(superfluous)
        if seen != last:  # after that: on a full disk it takes the room that there is now
            self._note(seen)

    def remove(self, names: Iterable[str]) -> int:
        """Delete these files and no others; say how many were there.

        Args:
            names: As this folder has them. What is not among its files is passed over.

        Raises:
            OSError: The disk refuses.
        """
        there = {each.name for each in self.kept()}
        return self._delete(there.intersection(names))

    def forget(self) -> int:
        """Delete all, and the folder; say how many there were.

        Raises:
            OSError: The disk refuses.
        """
        self._delete(name for name in self._names() if name.endswith(_UNFINISHED))
        count = self._delete(each.name for each in self.kept())
        self._delete([_SEEN])
        with suppress(FileNotFoundError):
            if not self._names():
                self.folder.rmdir()
                sync(self.folder.parent)
        return count

    def _last_seen(self) -> Seen:
        try:
            return msgspec.json.decode((self.folder / _SEEN).read_bytes(), type=Seen)
        except (FileNotFoundError, ValueError):  # none, or a damaged one
            return Seen(max((each.day for each in self.kept()), default=date.min), "", 0)

    def _note(self, seen: Seen) -> None:
        new = self.folder / f"{_SEEN}{_UNFINISHED}"
        with new_file(new) as file:
            file.write(msgspec.json.encode(seen))
        _set_day(new, seen.day)
        new.replace(self.folder / _SEEN)
        sync(self.folder)

    def _names(self) -> list[str]:
        try:
            return [file.name for file in self.folder.iterdir()]
        except FileNotFoundError:
            return []

    def _delete(self, names: Iterable[str]) -> int:
        count = 0
        for name in names:
            with suppress(FileNotFoundError):
                (self.folder / name).unlink()
                count += 1
        if count:
            sync(self.folder)
        return count


def sum_of(sealed: bytes) -> str:
    """Give what a file is called after: half of its sum, which nobody finds twice."""
    return hashlib.sha256(sealed).hexdigest()[:32]


def kept_as(name: str, size: int) -> Kept | None:
    """Read the name of a file; `None` where it is none of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return Kept(date.fromisoformat(found["day"]), found["sum"], size)
    except ValueError:
        return None


def _set_day(file: Path, day: date) -> None:
    # The second would tell when it was said. What else the file system notes is its own affair.
    midnight = datetime.combine(day, time(), UTC).timestamp()
    os.utime(file, (midnight, midnight))
