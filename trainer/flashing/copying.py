"""Bringing a bundle, and the key that signed it, into a folder: whole or not at all."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from device.models.bundle import SUFFIX
from device.models.files import is_full
from trainer.errors import FlashError
from trainer.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.flashing.parcel import Parcel
    from trainer.progress import Report

KEY_FILE = "SAYKEY.PUB"
"""The owner's public key, for a device that trusts none yet."""

RESULT = "RESULT.TXT"
"""What the device says of what it took."""

_BLOCK = 1 << 20
"""Bytes that are written before the disk is waited for, so that the bar shows what has arrived there."""

_SPARE = 1 << 16
"""Bytes of room for folders, and for a result."""


def put(parcel: Parcel, folder: Path, *, with_key: bool, report: Report) -> Path:
    """Copy a bundle, and with it the key if that is asked for; give the bundle's place.

    Bundles and a result that are there from before are removed: of two bundles, the device would take none.
    While it is copied, the bundle has a name that begins with a dot: the device passes it over.

    Raises:
        FlashError: The bundle is the one in the folder, there is no room, or one of them cannot be read or
            written.
    """
    target = folder / parcel.file_name
    try:
        if parcel.file.resolve().parent == folder.resolve():
            raise FlashError(
                f"{parcel.file} is there already: move it to this computer and flash it from there, "
                "or eject what it is on, and the device takes it."
            )
        for old in _from_before(folder):
            old.unlink(missing_ok=True)
        _check_room(parcel, folder)
        if with_key and parcel.key is not None:
            with replacing(folder / KEY_FILE) as new:
                new.write_bytes(parcel.key.content)
        with replacing(target) as new:
            _copy(parcel, new, report)
    except OSError as error:
        if is_full(error):
            raise _full(folder, target.name) from error
        raise FlashError(
            f"{target} cannot be written ({error.strerror or error}): "
            "plug the device or the card in again, and repeat."
        ) from error
    return target


def _from_before(folder: Path) -> list[Path]:
    endings = (SUFFIX, f"{SUFFIX}.partial")
    return [
        file
        for file in folder.iterdir()
        if file.name.lower().endswith(endings) or file.name.upper() == RESULT
    ]


def _check_room(parcel: Parcel, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < parcel.size + _SPARE:
        figures = f" ({free / 1e6:.0f} MB free, {parcel.size / 1e6:.0f} MB needed)"
        raise _full(folder, parcel.file_name, figures)


def _copy(parcel: Parcel, new: Path, report: Report) -> None:
    what = f"Copying {parcel.file_name}"
    done = 0
    report(what, 0)
    with parcel.file.open("rb") as source, new.open("wb") as file:
        while block := source.read(_BLOCK):
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            done += len(block)
            report(what, done / parcel.size)


def _full(folder: Path, name: str, figures: str = "") -> FlashError:
    return FlashError(
        f"{folder} has no room for {name}{figures}: remove from it what you do not need; on a device, "
        "saykey model remove makes room."
    )
