"""`saykey drive`: the small USB drive that this device can be, and what is dropped on it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.commands import add_common
from device.commands.model import show_progress
from device.control_requests import DriveOff, DriveOn, Reload, Status, ask
from device.drive.folder import FolderPlace
from device.drive.kept import CARD, Kept
from device.drive.take import take
from device.drive.words import DOCTOR, RESULT, on_drive
from device.errors import BundleError, ControlError, DriveError, HostError
from device.models.install import install as install_bundle

if TYPE_CHECKING:
    import argparse
    from typing import BinaryIO

    from device.models.install import Installed
    from device.models.signature import PublicKey
    from device.models.store import Store

HELP = "Be a small USB drive, on which models and settings are dropped; or take them from a folder."

EPILOG = """\
On the drive are INFO.TXT, which says what to do, SAYKEY.TOML, your settings, and WORDS.TXT, your names and
rare words. What you drop there is taken when you eject it, and RESULT.TXT says what came of it. Ejected once
more, with nothing new on it, the device is the keyboard again. To hold the button while plugging in does the
same as `saykey drive on`.

`take` does to the files in a folder what is done to those on the drive, as for a card that was in a computer.
Who can write to the card can write to all of it, so that the first key is trusted without a press of the
button. The exit status is 1 when something was refused. Refused settings and words stay in the folder, to be
corrected there, and are not tried again before; other files stay as they are. An empty file DOCTOR.TXT there
is filled with what is wrong with the device.

examples:
  saykey drive on                             be the drive, once what was said is typed
  saykey drive off                            take what was dropped, and be the keyboard
  saykey drive status                         which of the two it is
  sudo saykey drive take /boot/firmware/saykey    without the service
  sudo systemctl restart saykey-take          the same, where the service is installed
"""


_HEAD = 1024
"""Bytes at the beginning of a bundle, among which is the signature that no other has."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("on", help="be the drive")
    verbs.add_parser("off", help="be the keyboard again")
    verbs.add_parser("status", help="say which it is")
    taking = verbs.add_parser("take", help="take what was dropped in a folder")
    taking.add_argument("folder", type=Path, metavar="FOLDER", help="where the files are")
    for verb in verbs.choices.values():
        add_common(verb)


def run(arguments: argparse.Namespace) -> int:
    """Do what the verb says; give the exit status.

    Raises:
        ControlError: No daemon runs, or this user may not speak with it.
        SaykeyError: It cannot be done.
    """
    match arguments.verb:
        case "on":
            was_drive = ask(DriveOn())["drive"]
            print("Saykey is a drive already." if was_drive else "Saykey becomes a drive.")
        case "off":
            was_drive = ask(DriveOff())["drive"]
            print("Saykey becomes the keyboard." if was_drive else "Saykey is the keyboard already.")
        case "status":
            is_drive = ask(Status())["drive"]
            print("Saykey is a drive now." if is_drive else "Saykey is the keyboard.")
        case _:
            return take_from(arguments.folder, _kept(arguments.config))
    return 0


def _kept(config: Path | None) -> Kept:
    from device.app import check_start  # which the other verbs need not wait for

    return Kept(config, doctor=partial(_doctor, config), check_start=check_start)


def _doctor(config: Path | None) -> str:
    from device.commands.doctor import at_the_card  # which the other verbs need not wait for

    return at_the_card(config)


def take_from(folder: Path, kept: Kept) -> int:
    """Take what was dropped in a folder, say what came of it, and have a running daemon go on with it.

    Raises:
        DriveError: The folder cannot be written, so that nothing was taken, or RESULT.TXT was not.
    """
    if folder.is_dir() and not os.access(folder, os.W_OK, effective_ids=True):
        raise DriveError(f"{folder} cannot be written: what is there would be taken again at every start.")
    place = FolderPlace(folder)
    install = partial(_install, kept)
    taken = take(place, kept, _trust, show_progress, shown=kept.refused(), stays=True, install=install)
    if not taken.sentences:
        kept.keep_refused(taken.refused)
        _tell_how_it_is(place, kept)
        print(f"There is nothing new in {folder}." if folder.exists() else f"There is no folder {folder}.")
        return 0
    print("\n".join(taken.sentences))
    with suppress(ControlError, HostError):  # none runs, or none that may be asked: the next start has it
        ask(Reload())
    place.put(RESULT, taken.result)
    kept.keep_refused(taken.refused)  # only what was told is not told again
    _tell_how_it_is(place, kept)
    return 1 if taken.has_failed else 0


def _install(kept: Kept, store: Store, bundle: BinaryIO, *arguments: Any, **options: Any) -> Installed:
    """Take in a bundle, unless that was begun too often and never ended: nothing else would be reached.

    Raises:
        SaykeyError: It was, or the bundle is refused.
    """
    try:
        head = bundle.read(_HEAD)
        bundle.seek(0)
        if not kept.try_again(CARD, f"-{sha256(head).hexdigest()[:8]}"):
            raise BundleError("The device did not come to its end with it: use a smaller one, or try again.")
        return install_bundle(store, bundle, *arguments, **options)
    finally:
        kept.forget_tries(CARD)


def _tell_how_it_is(place: FolderPlace, kept: Kept) -> None:
    """Fill an empty DOCTOR.TXT, by which it is asked for."""
    for name in place.files():
        if name.upper() == DOCTOR:
            with place.open(name) as file:
                is_asked = not file.read(1)
            if is_asked and (found := kept.wrong()):
                place.put(name, on_drive(found))


def _trust(_: PublicKey) -> bool:
    """Trust a key without asking."""
    return True
