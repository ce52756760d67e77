"""The ways to the device: its drive, SSH, or its card in this computer. Each deletes there what came here."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from device.corrections.hand_over import handed_over
from device.corrections.sealed import MOST_SEALED
from device.corrections.store import FOLDER, kept_as
from device.drive.words import COLLECTED, CORRECTIONS
from device.errors import CorrectionError
from trainer.errors import FlashError
from trainer.files import replacing
from trainer.flashing.copying import RESULT
from trainer.flashing.drive import INFO, read_lines
from trainer.flashing.flash import drives, eject_drive, find_drive
from trainer.flashing.ssh import as_service, ended, started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.flashing.drive import Drive
    from trainer.flashing.flash import Computer
    from trainer.flashing.patience import Patience
    from trainer.flashing.screen import Screen

Take = Callable[[Iterable[tuple[str, bytes]]], list[str]]
"""Takes sealed files, with their names; gives the names of those that are in the folder now, on the disk."""

_ON_CARD = (FOLDER, f"saykey/{FOLDER}", f"lib/saykey/{FOLDER}", f"var/lib/saykey/{FOLDER}")
"""Where they lie: in the state folder, on an image's data partition, or where the system is on the card."""

_LONGEST_RESULT = 1 << 16

_ABOUT = ("file: ", "bundle: ")
"""How the line of a result begins that is for the trainer."""

_HAND_OVER = "$as saykey corrections hand-over"


def by_drive(
    take: Take, computer: Computer, screen: Screen, patience: Patience, place: Path | None = None
) -> None:
    """Take what is on the device's drive, and have the device delete it; the arguments are those of `flash`.

    Raises:
        FlashError: No drive or several are there, it cannot be written, or the device does not answer.
    """
    drive = find_drive(computer, screen, patience, place)
    screen.say(f"The device is at {drive.path}.")
    done: set[str] = set()
    # Only so many are on it that a model has room.
    while (names := _taken(take, drive.path)) and not done.issuperset(names):
        done.update(names)
        _drop(drive.path, names)
        eject_drive(computer, screen, drive.path)
        drive = _back(drive.serial, computer, screen, patience, place)
    if done:
        eject_drive(computer, screen, drive.path)


def by_ssh(take: Take, host: str) -> None:
    """Take what a device hands over through SSH, in one connection, and have it deleted there.

    Args:
        take: Takes it.
        host: As `ssh` takes it.

    Raises:
        FlashError: The host cannot be reached, or refuses.
        CorrectionError: What comes is cut short, or something else.
        MissingError: There is no ssh here.
    """
    with started(host, as_service(_HAND_OVER), answers=True) as device:
        assert device.stdout is not None  # noqa: S101  # it was asked for
        try:
            _name(take(handed_over(device.stdout)), device)
        except CorrectionError:
            _end(host, device)  # where the other side has said why
            raise
        except BaseException:
            device.kill()
            raise
        _end(host, device)


def by_card(take: Take, card: Path) -> None:
    """Take what is on a card, and delete it there.

    Args:
        take: Takes it.
        card: Where the partition is mounted that has what the device keeps.

    Raises:
        FlashError: There is nothing of the kind, or it may not be read or changed.
    """
    try:
        folder = next((card / place for place in _ON_CARD if (card / place).is_dir()), None)
        if folder is None:
            raise FlashError(
                f"No corrections are below {card}: name the place where the card's largest partition is "
                "mounted, or take them by the device's drive."
            )
        for name in take(_sealed_in(folder)):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise FlashError(
            f"{error.filename or card} may not be read or changed ({error.strerror}): what is there is the "
            "device's own; run it with sudo, or take them by the device's drive."
        ) from error


def _taken(take: Take, drive: Path) -> list[str]:
    """Take what is on the drive, whose folder is there only while something is in it."""
    folder = drive / CORRECTIONS
    try:
        if folder.exists():
            return take(_sealed_in(folder))
        (drive / INFO).stat()  # where it is gone, too, there is no drive any more
    except OSError as error:
        raise FlashError(
            f"{error.filename or folder} cannot be read ({error.strerror or error}): plug the device in "
            "again, and repeat."
        ) from error
    return []


def _sealed_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give the files that have the names of corrections. On a drive anything may be.

    Of one that is too long, only so much is read that this shows; of a link or a pipe, nothing, as it could
    have no end.
    """
    for file in sorted(folder.iterdir()):
        if kept_as(file.name, 0) is None:
            continue
        if stat.S_ISREG(file.lstat().st_mode):
            with file.open("rb") as opened:
                yield file.name, opened.read(MOST_SEALED + 1)
        else:
            yield file.name, b""


def _drop(drive: Path, names: Iterable[str]) -> None:
    """Tell the device what to delete. A result that is there from before is not its answer."""
    try:
        (drive / RESULT).unlink(missing_ok=True)
        with replacing(drive / COLLECTED) as new:
            new.write_text("".join(f"{name}\r\n" for name in names), encoding="ascii", newline="")
    except OSError as error:
        raise FlashError(
            f"{drive / COLLECTED} cannot be written ({error.strerror or error}): what was collected is in "
            "your folder, and still on the device; plug it in again, and repeat."
        ) from error


def _back(serial: str, computer: Computer, screen: Screen, patience: Patience, place: Path | None) -> Drive:
    """Wait until the device says what became of that; give its drive.

    Whatever it says is its answer, as the result from before was removed: its last line is about what it took
    last, which may be settings that were edited on the same drive.
    """
    named = [] if place is None else [place]

    def look() -> Drive | None:
        for drive in drives([*computer.volumes(), *named]):
            lines = [line for line in read_lines(drive.path / RESULT, _LONGEST_RESULT) if line.strip()]
            if drive.serial == serial and lines:
                for line in lines:
                    if not line.startswith(_ABOUT):
                        screen.say(line)
                return drive
        return None

    if named:
        screen.say(f"If the drive does not come back by itself, mount it at {place} again.")
    with screen.waiting("The device deletes what was collected"):
        drive = patience.until(look)
    if drive is None:
        raise FlashError(
            f"The device has not answered in {patience.timeout_s:.0f} s. What was collected is in your "
            "folder; the device may have it still. Eject its drive, if that is still there, and repeat."
        )
    return drive


def _name(names: Iterable[str], device: subprocess.Popen[bytes]) -> None:
    """Name what is to be deleted."""
    assert device.stdin is not None  # noqa: S101  # it was asked for
    try:
        with device.stdin as pipe:
            pipe.write("".join(f"{name}\n" for name in names).encode())
    except OSError:  # its status says more
        pass


def _end(host: str, device: subprocess.Popen[bytes]) -> None:
    for pipe in (device.stdin, device.stdout):
        with suppress(OSError):
            pipe.close()  # type: ignore[union-attr]  # it was asked for
    ended(host, device, instead="Take them by the device's drive.")
