"""Flashing by the drive: the bundle is dropped on it, and the device says what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from device import __version__
from trainer.errors import FlashError
from trainer.flashing.copying import RESULT, put
from trainer.flashing.drive import read_drive, read_lines, volumes
from trainer.flashing.eject import eject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from trainer.flashing.drive import Drive
    from trainer.flashing.parcel import Parcel
    from trainer.flashing.patience import Patience
    from trainer.flashing.screen import Screen

HOW = (
    "No Saykey is here as a drive. Hold its button while you plug it in, or run on it: saykey drive on. "
    "Where drives are not mounted by themselves, mount it."
)

_SUCCESS = "Installed "
"""How the sentence begins that tells of a success."""

_LONGEST_RESULT = 1 << 16


@dataclass(frozen=True, slots=True)
class Computer:
    """What flashing needs of this computer.

    Attributes:
        volumes: Gives the places where drives are mounted.
        eject: Ejects what is mounted there; gives whether that was possible.
    """

    volumes: Callable[[], Iterable[Path]] = volumes
    eject: Callable[[Path], bool] = eject


class Answer(NamedTuple):
    """What the device says of a bundle."""

    sentences: tuple[str, ...]
    installed: bool


class _Heard(NamedTuple):
    drive: Drive
    answer: Answer


def flash(
    parcel: Parcel, computer: Computer, screen: Screen, patience: Patience, place: Path | None = None
) -> Answer:
    """Bring a bundle to the device that is there as a drive, and give what it says of it.

    Args:
        parcel: The bundle.
        computer: The computer that the device is plugged into.
        screen: Shows what is being done, and what the user has to do.
        patience: How long the drive is waited for, and then the answer.
        place: Where the drive is mounted, if it is not to be looked for.

    Raises:
        FlashError: No drive or several are there, it does not trust this bundle's key, there is no room, or
            no answer comes.
    """
    drive = find_drive(computer, screen, patience, place)
    _check_key(parcel, drive)
    screen.say(f"The device is at {drive.path}.")
    if drive.version not in {"", __version__}:
        screen.say(f"It runs Saykey {drive.version}, and this trainer is of {__version__}: it may refuse.")
    with screen.copying() as report:
        put(parcel, drive.path, with_key=drive.key is None, report=report)
    eject_drive(computer, screen, drive.path)
    if drive.key is None and parcel.key is not None:
        screen.say(
            "The device trusts no key yet. When it asks, press its button within 60 s: it trusts yours then "
            f"({parcel.key.id})."
        )
    heard = _heard(parcel, drive.serial, computer, screen, patience, place)
    eject_drive(computer, screen, heard.drive.path)
    return heard.answer


def answer_in(result: Iterable[str], parcel: Parcel) -> Answer | None:
    """Give what the lines of a result say of a bundle, if they are about that one."""
    lines = [line.strip() for line in result if line.strip()]
    if not lines or lines[-1] not in {f"bundle: {parcel.id}", f"file: {parcel.file_name}"}:
        return None
    sentences = tuple(lines[:-1])
    return Answer(sentences, any(sentence.startswith(_SUCCESS) for sentence in sentences))


def find_drive(computer: Computer, screen: Screen, patience: Patience, place: Path | None) -> Drive:
    """Give the device that is there as a drive, or wait for one; the arguments are those of `flash`.

    Raises:
        FlashError: None comes, or several are there.
    """

    def look() -> list[Drive] | None:
        return drives(computer.volumes() if place is None else [place]) or None

    found = look()
    if found is None:
        screen.say(HOW if place is None else f"No Saykey is at {place}. Mount its drive there.")
        with screen.waiting("Waiting for the drive"):
            found = patience.until(look)
    if not found:
        raise FlashError(
            f"No drive of a Saykey came in {patience.timeout_s:.0f} s. Hold its button before you plug it in "
            "and until the drive shows up, with a cable that carries data; docs/flashing.md has other ways."
        )
    if len(found) > 1:
        places = ", ".join(str(drive.path) for drive in found)
        raise FlashError(f"There are several devices ({places}): name one with --drive.")
    return found[0]


def drives(places: Iterable[Path]) -> list[Drive]:
    """Give the devices among the drives that are mounted in these places."""
    return [drive for drive in map(read_drive, places) if drive is not None]


def _check_key(parcel: Parcel, drive: Drive) -> None:
    if drive.key is None and parcel.key is None:
        raise FlashError(
            f"The device trusts no key yet, and the key of this bundle ({parcel.signer}) is not on this "
            "computer: flash it from the computer that packed it."
        )
    if drive.key is not None and drive.key.upper() != parcel.signer:
        raise FlashError(
            f"This device trusts another key ({drive.key}) than the bundle's ({parcel.signer}): "
            "if the device is yours, run on it: saykey key forget"
        )


def eject_drive(computer: Computer, screen: Screen, path: Path) -> None:
    """Eject a drive, or have the user do it."""
    with screen.waiting("Ejecting the drive"):
        done = computer.eject(path)
    if not done:
        screen.say(f"Now eject {path}, as you would a USB stick.")


def _heard(  # noqa: PLR0913, PLR0917  # flash's, and whose answer it must be
    parcel: Parcel,
    serial: str,
    computer: Computer,
    screen: Screen,
    patience: Patience,
    place: Path | None,
) -> _Heard:
    named = [] if place is None else [place]
    if named:
        screen.say(f"If the drive does not come back by itself, mount it at {place} again.")
    with screen.waiting("The device checks and installs the model"):
        heard = patience.until(lambda: _answer_on(parcel, serial, drives([*computer.volumes(), *named])))
    if heard is None:
        raise FlashError(
            f"The device has not answered in {patience.timeout_s:.0f} s. Eject its drive, if that is still "
            "there; else unplug it, and hold its button while you plug it in again: it takes what it has, "
            f"and {RESULT} on its drive says what came of it."
        )
    return heard


def _answer_on(parcel: Parcel, serial: str, drives: Iterable[Drive]) -> _Heard | None:
    """Look for the answer on the device's drive, wherever that is mounted now."""
    for drive in drives:
        if drive.serial != serial:
            continue
        if answer := answer_in(read_lines(drive.path / RESULT, _LONGEST_RESULT), parcel):
            return _Heard(drive, answer)
    return None
