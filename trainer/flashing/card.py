"""Flashing by the card: the bundle waits on its boot partition for the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.errors import FlashError
from trainer.flashing.copying import put

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.flashing.parcel import Parcel
    from trainer.progress import Report

FOLDER = "saykey"
"""Where the device looks on its boot partition."""

_SIGNS = ("config.txt", "cmdline.txt", "armbianEnv.txt", "extlinux/extlinux.conf", "extlinux.conf")
"""Files of which a boot partition has one: of Raspberry Pi OS, Armbian, and U-Boot's common way."""


def flash_by_card(parcel: Parcel, card: Path, report: Report) -> Path:
    """Copy a bundle, and the owner's key, to a card that is in this computer; give the bundle's place there.

    Raises:
        FlashError: It does not look like a boot partition, has no room, or cannot be written.
    """
    if not any((card / sign).is_file() for sign in _SIGNS):
        raise FlashError(
            f"{card} is not the boot partition of a card (none of {', '.join(_SIGNS)} is there): "
            "name the place where its small FAT partition is mounted, often called bootfs or armbi_boot."
        )
    folder = card / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise FlashError(f"{folder} cannot be made ({error.strerror}): is the card locked?") from error
    return put(parcel, folder, with_key=True, report=report)
