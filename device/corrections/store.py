"""The folder with the sealed corrections: how many and how old they may be, and how they are deleted.

A file is called after the day it was kept and the sum of what is in it, as in
`2026-01-31-0123456789abcdef0123456789abcdef.sealed`, and has that day's beginning as its time.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """One file.

    Attributes:
        day: When it was kept, by this device's clock.
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


def today() -> date:
    """Give the day in UTC, which no change of the time zone turns back."""
    return datetime.now(UTC).date()


class Store:
    """The folder, which need not be there. It has one writer at a time, and files may vanish from it."""

    def __init__(self, folder: Path | None = None, today: Callable[[], date] = today) -> None:
        """Name the folder.

        Args:
            folder: It; without, the one in the state folder.
            today: Gives the day.
        """
        self.folder = folder or state_folder() / FOLDER
        self._today = today

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

    def add(self, sealed: bytes, limits: Limits) -> None:
        """Write a file, whole or not at all; the oldest make room for it. One that is alone too much is none.

        Raises:
            OSError: The disk refuses, or is full.
        """
        new = Kept(self._today(), sum_of(sealed), len(sealed))
        if new.size > limits.size:
            self.tidy(limits)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tidy(Limits(limits.size - new.size, limits.days))
        target = self.folder / new.name
        unfinished = target.with_name(f"{new.name}{_UNFINISHED}")
        try:
            with new_file(unfinished) as file:
                file.write(sealed)
            # The second would tell when it was said. What else the file system notes is its own affair.
            _set_day(unfinished, new.day)
            unfinished.replace(target)
            sync(self.folder)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise

    def tidy(self, limits: Limits) -> None:
        """Remove what is too old, what is too much, the oldest first, and what a cut left unfinished.

        What is dated after today, as by a clock that was wrong, counts as of today from now on.

        Raises:
            OSError: The disk refuses.
        """
        if not self._names():
            return
        self._delete(name for name in self._names() if name.endswith(_UNFINISHED))
        kept, now = self.kept(), self._today()
        size = sum(each.size for each in kept)
        for each in kept:
            if size > limits.size or (now - each.day).days > limits.days:
                (self.folder / each.name).unlink(missing_ok=True)
                size -= each.size
            elif each.day > now:
                with suppress(FileNotFoundError):
                    _set_day(self.folder / each.name, now)
                    (self.folder / each.name).replace(self.folder / Kept(now, each.sum, each.size).name)
        sync(self.folder)

    def remove(self, names: Iterable[str]) -> int:
        """Delete these files and no others; say how many were there.

        Args:
            names: As this folder has, or had, them: a file that was dated anew since is found all the same.

        Raises:
            OSError: The disk refuses.
        """
        sums = {each.sum for name in names if (each := kept_as(name, 0))}
        return self._delete(each.name for each in self.kept() if each.sum in sums)

    def forget(self) -> int:
        """Delete all, and the folder; say how many there were.

        Raises:
            OSError: The disk refuses.
        """
        self._delete(name for name in self._names() if name.endswith(_UNFINISHED))
        count = self._delete(each.name for each in self.kept())
        with suppress(FileNotFoundError):
            if not self._names():
                self.folder.rmdir()
                sync(self.folder.parent)
        return count

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
    midnight = datetime.combine(day, time(), UTC).timestamp()
    os.utime(file, (midnight, midnight))
