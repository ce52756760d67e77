"""A device that is played: its drive is a folder that goes and comes, and its time is the test's."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bundles import OWNER, bundle, encoded, index_of, public
from trainer.flashing.flash import Computer
from trainer.flashing.parcel import open_parcel
from trainer.flashing.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from minisign import KeyPair

    from trainer.flashing.parcel import Parcel
    from trainer.progress import Report

ID = hashlib.sha256(encoded(index_of())).hexdigest()
"""Of the bundle that is made here."""

INSTALLED = "Installed anna-0123abcd in 12 s."


def parcel(folder: Path, *, signed_by: KeyPair = OWNER) -> Parcel:
    """Give a small bundle of the owner's, or of somebody's whose key is not here."""
    file = folder / "made.saykey"
    file.write_bytes(bundle(pair=signed_by))
    return open_parcel(file, public(OWNER))


def result(*sentences: str, last: str = f"bundle: {ID}") -> str:
    return "".join(f"{line}\r\n" for line in (*sentences, last))


class Screen:
    """Remembers what is shown: sentences, and how much was said to be done."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.done: list[float] = []

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        self.said.append(what)
        yield

    @contextmanager
    def copying(self) -> Iterator[Report]:
        yield lambda _what, done: self.done.append(done)


class Device:
    """A device and the computer that it is plugged into.

    Attributes:
        drive: Where its drive is now.
        taken: Each time that it was ejected, what was on it: the content by the name.
    """

    def __init__(
        self, folder: Path, *, key: str = "none yet", serial: str = "12", shown: bool = True
    ) -> None:
        self.drive = folder / "SAYKEY"
        self.elsewhere = self.drive
        self.taken: list[dict[str, bytes]] = []
        self.can_eject = True
        self.answer: Callable[[], str | None] = lambda: result(INSTALLED)
        self._away = folder / "away"
        self._away.mkdir(parents=True)
        self._seconds = 0.0
        self._back_at: float | None = None
        lines = (
            "Saykey",
            "Version: 0.1.0",
            "Model: tiny.en",
            f"Serial: {serial}",
            "Free: 900 MB",
            f"Key: {key}",
        )
        info = "".join(f"{line}\r\n" for line in lines)
        (self._away / "INFO.TXT").write_text(info, newline="")
        (self._away / "RESULT.TXT").write_text(result("Installed it before."), newline="")
        if shown:
            self.show()

    def show(self) -> None:
        """Be mounted where it is mounted next."""
        self.drive = self.elsewhere
        self._away.rename(self.drive)

    def show_after(self, seconds: float) -> None:
        """Be mounted later."""
        self._back_at = self._seconds + seconds

    def computer(self) -> Computer:
        """Give what flashing sees of it."""
        return Computer(lambda: [self.drive] if self.drive.exists() else [], self.eject)

    def patience(self, timeout_s: float = 60) -> Patience:
        """Give waiting by the device's own time."""
        return Patience(timeout_s, lambda: self._seconds, self._pause)

    def eject(self, path: Path) -> bool:
        """Take what is on the drive; be away for ten seconds, and then there with an answer."""
        assert path == self.drive
        if self.can_eject:
            self.ejected()
        return self.can_eject

    def ejected(self) -> None:
        """As `eject`, whoever does it."""
        self.taken.append({file.name: file.read_bytes() for file in self.drive.iterdir()})
        self.drive.rename(self._away)
        if len(self.taken) == 1:
            self.show_after(10)

    def _pause(self, seconds: float) -> None:
        self._seconds += seconds
        if self._back_at is None or self._seconds < self._back_at:
            return
        self._back_at = None
        if self.taken and (answer := self.answer()) is not None:
            (self._away / "RESULT.TXT").write_text(answer, newline="")
        self.show()
