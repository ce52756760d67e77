"""The drive at the end of a USB cable: an image that a host may write, until it ejects it or is unplugged.

What tells that a host is done (f_mass_storage.c): the kernel empties the unit's attribute `file` when the
host ejects the drive (START STOP UNIT, SBC-3, 5.25), and the controller's state becomes "not attached" when
the cable is pulled, where the controller sees that. It becomes so for moments too while a host resets what it
found. A host that sleeps is none of this: the drive stays. The kernel tells nobody of the first, so we look.

The kernel writes straight into the image's file, so that what a host wrote can be read at once, and is lost
at a power cut until it is synced.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import DriveError, KeyboardError
from device.hardware.configfs import Configfs, unbind
from device.hardware.gadget_status import (
    DRIVE,
    GADGETS,
    LUN_FILE,
    NAME,
    bound_to,
    free_controller,
    has_image,
)
from device.hardware.udc import CONFIGURED, NOT_ATTACHED, SUSPENDED, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_EVERY_S = 0.3

_LOOKS_UNTIL_UNPLUGGED = 7
"""Two seconds: a host that resets the drive gives it an address within one (USB 2.0, 7.1.7.5 and 9.2.6)."""

_NOT_MADE = (
    "This device has no USB drive; run: sudo saykey gadget up. "
    "If saykey gadget status still shows none, the kernel's module usb_f_mass_storage is missing"
)
_FORBIDDEN = (
    "This user may not turn the USB keyboard into a drive and back; add the user to the group saykey, "
    "log in again, and run: sudo saykey gadget up"
)


class UsbDrive:
    """A `Drive` behind the kernel's mass storage function. `saykey gadget up` makes it, or takes it back."""

    def __init__(self, root: Path = Path("/"), configfs: Configfs | None = None) -> None:
        """Make a drive that is not shown.

        Args:
            root: Where /sys is.
            configfs: What can be done there.
        """
        self._root = root
        self._configfs = configfs or Configfs()
        self._keyboard = root / GADGETS / NAME
        self._drive = root / GADGETS / DRIVE
        self._udc = ""  # where it was shown last
        self._image: Path | None = None  # that was shown last, until it is hidden

    def show(self, image: Path) -> None:
        """Be a drive with this image, in place of whatever we are to the host. Takes up to a second.

        Raises:
            DriveError: It cannot be shown. Then we are the keyboard again, as far as that can be.
        """
        if not self._drive.is_dir():
            raise DriveError(_NOT_MADE)
        if not os.access(image, os.R_OK | os.W_OK):  # the kernel would show it read-only
            raise DriveError(f"The drive's image {image} is not there, or this user may not write to it")
        try:
            with _explained():
                self._udc = self._controller()
                unbind(self._keyboard, self._configfs)
                self.hide()
                self._configfs.write(self._drive / LUN_FILE, os.fsencode(image.resolve()))
                self._image = image
                self._configfs.write(self._drive / "UDC", self._udc.encode())
        except BaseException:
            with suppress(DriveError):
                self.close()
            raise

    async def until_returned(self) -> None:
        """Return when the host has ejected the drive, or was unplugged after it had taken it.

        It has come back too when somebody else made us the keyboard again.
        """
        was_taken, unplugged = False, 0
        while has_image(self._root) and unplugged < _LOOKS_UNTIL_UNPLUGGED:
            await asyncio.sleep(_LOOK_EVERY_S)
            state = attribute(self._udc, "state", self._root)
            was_taken |= state in (CONFIGURED, SUSPENDED)
            is_away = was_taken and state in (NOT_ATTACHED, "")
            unplugged = unplugged + 1 if is_away else 0

    def hide(self) -> None:
        """Be nothing to the host: the image is complete on disk then, and may be read. May be repeated.

        Raises:
            DriveError: It cannot be hidden, or its image cannot be kept.
        """
        with _explained():
            self._take_out()
        if self._image is not None:
            _sync(self._image)
            self._image = None

    def close(self) -> None:
        """Be a keyboard again, whatever was shown, by this process or by one that died. May be repeated.

        Raises:
            DriveError: The keyboard does not come back, or the image cannot be kept.
        """
        try:
            self.hide()
        finally:
            if self._keyboard.is_dir() and not bound_to(self._keyboard):
                with _explained():
                    self._configfs.write(self._keyboard / "UDC", self._controller().encode())

    def _controller(self) -> str:
        return bound_to(self._keyboard) or bound_to(self._drive) or self._udc or free_controller(self._root)

    def _take_out(self) -> None:
        """Take the drive from the host, and the image from the drive."""
        unbind(self._drive, self._configfs)
        if has_image(self._root):  # a host may have locked it: the kernel forgets that when it unbinds
            self._configfs.write(self._drive / LUN_FILE, b"\n")


def _sync(image: Path) -> None:
    try:
        descriptor = os.open(image, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DriveError(
            f"The drive's image {image} cannot be kept ({error.strerror}); look at the disk"
        ) from error


@contextmanager
def _explained() -> Iterator[None]:
    """Say in words what the kernel refuses."""
    try:
        yield
    except PermissionError as error:
        raise DriveError(_FORBIDDEN) from error
    except KeyboardError as error:
        raise DriveError(str(error)) from error
    except OSError as error:
        raise DriveError(
            f"The kernel did not switch between USB keyboard and drive ({error}); run: sudo saykey gadget up"
        ) from error
