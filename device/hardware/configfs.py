"""How a gadget is made, compared and removed in configfs (Linux's Documentation/usb/gadget_configfs.rst)."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_IWGRP
from typing import TYPE_CHECKING

from device.errors import KeyboardError
from device.hardware.gadget_status import GADGETS, bound_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG = "configs/c.1"
"""A gadget's only configuration."""

ENGLISH = "strings/0x409"
"""Language code of US English (USB 2.0, 9.6.7): the one that every host asks for."""


class NoFunctionError(KeyboardError):
    """The kernel lacks the module that does what a gadget is for."""


@dataclass(frozen=True, slots=True)
class Gadget:
    """What a gadget is made of.

    Attributes:
        function: The folder of its only function, such as "functions/hid.usb0".
        module: The kernel's module that has the function.
        option: The option of the kernel's configuration that makes the module.
        attributes: Value of each attribute, by its file in the gadget's folder.
        newer: The same for those that only newer kernels have.
    """

    function: str
    module: str
    option: str
    attributes: Mapping[str, int | str | bytes]
    newer: Mapping[str, int] = field(default_factory=dict)

    @property
    def folders(self) -> tuple[str, ...]:
        """Name the folders that make it, in the order in which they are made."""
        return "", ENGLISH, self.function, CONFIG, f"{CONFIG}/{ENGLISH}"

    @property
    def link(self) -> str:
        """Name the link that puts the function into the configuration."""
        return f"{CONFIG}/{Path(self.function).name}"


class Configfs:
    """What can be done in configfs. The kernel fills a new folder, and empties one that is removed."""

    def make(self, folder: Path) -> None:
        """Make a folder."""
        folder.mkdir(exist_ok=True)

    def remove(self, folder: Path) -> None:
        """Remove a folder in which no other was made."""
        folder.rmdir()

    def write(self, file: Path, value: bytes) -> None:
        """Set an attribute, in one call: each is a whole value to the kernel."""
        descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value)
        finally:
            os.close(descriptor)

    def give(self, file: Path, group: int) -> None:
        """Let a group write an attribute, for as long as its folder is there; give its number."""
        now = file.stat()
        if now.st_gid != group or not now.st_mode & S_IWGRP:
            os.chown(file, -1, group)
            file.chmod(now.st_mode | S_IWGRP)

    def load(self, module: str) -> None:
        """Load a module of the kernel, if it has it and we may."""
        subprocess.run(["/sbin/modprobe", "--quiet", module], check=False)  # noqa: S603  # no word of it is the user's


def gadgets_folder(root: Path, configfs: Configfs) -> Path:
    """Give the folder of all gadgets, which comes with a module of the kernel.

    Raises:
        KeyboardError: It does not come.
    """
    folder = root / GADGETS
    if not folder.is_dir():
        configfs.load("libcomposite")
    if folder.is_dir():
        return folder
    try:
        mounts = (root / "proc/mounts").read_text()
    except OSError:
        mounts = ""
    if any(mount.split()[2:3] == ["configfs"] for mount in mounts.splitlines()):
        raise KeyboardError(
            "The kernel's module libcomposite is missing or may not be loaded; run this as root, "
            "with a kernel that has USB gadgets"
        )
    raise KeyboardError(
        "The kernel's configfs is not mounted; run: sudo mount -t configfs none /sys/kernel/config"
    )


def ensure(folder: Path, wanted: Gadget, configfs: Configfs) -> bool:
    """Make a gadget, unless it is there and just as we would make it. None is left half made.

    Returns:
        Whether there was anything to do.

    Raises:
        NoFunctionError: The kernel lacks its function.
        OSError: The kernel refuses.
    """
    if _is_as(wanted, folder):
        return False
    if any((folder / "configs").glob("*")):  # a function alone stays, by whose number devices are allowed
        remove(folder, configfs)
    try:
        _make(folder, wanted, configfs)
    except BaseException:
        remove(folder, configfs)
        raise
    return True


def remove(folder: Path, configfs: Configfs) -> None:
    """Remove whatever is there of a gadget, in the only order that the kernel accepts.

    Raises:
        OSError: The kernel refuses.
    """
    if not folder.is_dir():
        return
    unbind(folder, configfs)
    for config in sorted((folder / "configs").glob("*")):
        for entry in sorted(config.iterdir()):
            if entry.is_symlink():
                entry.unlink()
        for inner in (*sorted((config / "strings").glob("*")), config):
            configfs.remove(inner)
    for inner in (
        *sorted((folder / "functions").glob("*")),
        *sorted((folder / "strings").glob("*")),
        folder,
    ):
        configfs.remove(inner)


def unbind(folder: Path, configfs: Configfs) -> None:
    """Take a gadget from its controller, if it has one.

    Raises:
        OSError: The kernel refuses.
    """
    if bound_to(folder):
        configfs.write(folder / "UDC", b"\n")


@contextmanager
def explained(verb: str) -> Iterator[None]:
    """Say in words what the kernel refuses to `saykey gadget VERB`."""
    try:
        yield
    except OSError as error:
        raise _explained(error, verb) from error


def _is_as(wanted: Gadget, folder: Path) -> bool:
    newer = {name: value for name, value in wanted.newer.items() if (folder / name).exists()}
    try:
        return (folder / wanted.link).is_symlink() and all(
            _holds(folder / name, value) for name, value in {**wanted.attributes, **newer}.items()
        )
    except OSError:
        return False


def _holds(file: Path, wanted: int | str | bytes) -> bool:
    there = file.read_bytes()
    match wanted:
        case int():
            return int(there, 0) == wanted
        case str():
            return there.decode(errors="replace").strip() == wanted
        case bytes():
            return there == wanted


def _make(folder: Path, wanted: Gadget, configfs: Configfs) -> None:
    for inner in wanted.folders:
        try:
            configfs.make(folder / inner)
        except FileNotFoundError as error:
            if inner != wanted.function:
                raise
            raise NoFunctionError(
                f"The kernel's module {wanted.module} is missing; install a kernel with {wanted.option}, "
                "as Debian's and Raspberry Pi OS's are"
            ) from error
    for name, value in wanted.attributes.items():
        configfs.write(folder / name, value if isinstance(value, bytes) else str(value).encode())
    for name, number in wanted.newer.items():
        if (folder / name).exists():
            configfs.write(folder / name, str(number).encode())
    (folder / wanted.link).symlink_to(folder / wanted.function)


def _explained(error: OSError, verb: str) -> KeyboardError:
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return KeyboardError(f"Only root can set up USB; run: sudo saykey gadget {verb}")
        case errno.EROFS:
            return KeyboardError("The kernel's /sys is read-only here; run this outside of the container")
        case errno.EBUSY:
            return KeyboardError(
                f"The kernel is still busy with the gadget ({error.filename or 'UDC'}); "
                "stop what uses it, and try again"
            )
        case errno.ENODEV:
            return KeyboardError(
                "The USB device controller refused the gadget, or is gone; restart, then try again"
            )
    return KeyboardError(f"The kernel did not take the gadget ({error}); restart, then try again")
