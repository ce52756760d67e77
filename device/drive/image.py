"""The drive's FAT file system in a file, made and read by mtools: nothing is mounted, and nobody is root.

It has no partition table, as a memory card of a camera may have none: Linux, macOS and Windows take a
removable medium so. mtools' programs are called by name with the words that gnu.org/software/mtools has.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from device.drive.place import is_hidden
from device.errors import DriveError
from device.models.files import sync

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LABEL = "SAYKEY"
"""What hosts call the drive."""

MOST_BYTES = 512 << 20
LEAST_BYTES = 64 << 20
"""The smallest that holds a model in int8 (tiny: 40 MB), and the largest that mtools still makes FAT16 of,
which every host reads."""

_SECTOR = 512

_PATIENCE_S = 60.0
"""How long a program may take that writes or reads little: cards that are worn take seconds."""

_LONGEST_COMPLAINT = 4096

_MOST_AT_ONCE = 100
"""Files that one program copies: the system limits how long its words may be."""

_LIMITS = ("--as=134217728", "--cpu=60")
"""What a program may take, in bytes and seconds (prlimit(1)). A folder of millions of names would take all
memory of the device; what people drop takes a few MB, and the largest model some seconds."""

_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",  # names come and go as UTF-8
    "MTOOLSRC": "/dev/null",  # the user's own settings would count
    "MTOOLS_SKIP_CHECK": "1",  # a host need not write the media byte that mtools expects
}

_ODD = re.compile(r"""[\x00-\x1f\x7f*?\[\]\\/:"<>|]""")
"""What mtools takes for a pattern or a path, or what no FAT name may have."""

_NO_FAT = "it is no FAT file system any more, or a damaged one; it is made anew: copy your files again"

_WITHOUT = "install Debian's mtools: sudo apt install mtools"


def size_for(free: int) -> int:
    """Give how large to make the image, in bytes, so that as much stays free for what is dropped on it.

    Args:
        free: Bytes that are free on the disk.

    Raises:
        DriveError: That is too little.
    """
    if free // 2 < LEAST_BYTES:
        raise DriveError(
            f"The disk is too full for the drive: {_megabytes(2 * LEAST_BYTES - free)} MB are missing; "
            "remove a speech model that you do not use, or other files."
        )
    return min(free // 2, MOST_BYTES) // (1 << 20) * (1 << 20)


class FatImage:
    """A `Place` in a FAT file system, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        """Name its file."""
        self.path = path

    @classmethod
    def make(cls, path: Path, size: int) -> FatImage:
        """Make an empty one; the file takes up no more of the disk than what is written to it.

        Args:
            path: The file; one that is there is replaced.
            size: In bytes.

        Raises:
            DriveError: mtools is missing, or the disk refuses.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            with path.open("xb") as file:
                file.truncate(size)
        except OSError as error:
            raise DriveError(f"{path} cannot be made ({error.strerror}): check the disk.") from error
        image = cls(path)
        image._mtools("mformat", "-v", LABEL, "-T", str(size // _SECTOR), "::")
        return image

    def files(self) -> list[str]:
        """Name the files, but for those that are hidden.

        Raises:
            DriveError: This is no FAT file system any more, or it is damaged.
        """
        said = self._mtools("mdir", "-b", "::/", failed=_NO_FAT)
        lines = said.decode(errors="replace").splitlines()
        names = [line.removeprefix("::/") for line in lines if line.startswith("::/")]
        return sorted(name for name in names if not name.endswith("/") and not is_hidden(name))

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Give the content of a file, as mtools reads it.

        Raises:
            DriveError: It is not there, or has a name that must be changed first; or, when it is read, its
                file system is damaged.
        """
        command = self._command("mtype", _path(name))
        with TemporaryFile() as complaints:  # a pipe could fill up, where a file system is in disorder
            try:
                reader = subprocess.Popen(  # noqa: S603  a program of ours, no shell
                    command,
                    env=_ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    bufsize=0,
                )
            except OSError as error:
                raise _unstarted(error) from error
            with reader:
                try:
                    yield cast("BinaryIO", io.BufferedReader(_Output(reader, name, complaints)))
                finally:
                    reader.kill()  # who wants no more of it does not read to its end

    def put(self, name: str, content: bytes) -> None:
        """Write a file.

        Raises:
            DriveError: There is no room for it, or the file system is damaged.
        """
        target = _path(name)
        # From its standard input, mcopy would take a full drive for a success.
        try:
            with NamedTemporaryFile() as source:
                source.write(content)
                source.flush()
                self._mtools("mcopy", "-D", "o", source.name, target)
        except OSError as error:
            raise DriveError(f"{name} cannot be written ({error.strerror}): check the disk.") from error

    def put_folder(self, name: str, files: Sequence[Path]) -> None:
        """Make a folder with copies of some files, which keep their times. No `Place` looks into it.

        Raises:
            DriveError: There is no room for them, or the file system is damaged.
        """
        target = _path(name)
        self._mtools("mmd", target)
        for first in range(0, len(files), _MOST_AT_ONCE):
            self._mtools("mcopy", "-m", *map(str, files[first : first + _MOST_AT_ONCE]), f"{target}/")

    def done_with(self, name: str) -> None:
        """Leave it there: the image goes as a whole, once all that was dropped is taken.

        mdel would follow a chain of clusters that leads back to itself for as long as it may run, and a host
        can leave a thousand of them.
        """

    def finish(self, path: Path) -> FatImage:
        """Give it another name, once all of it is on the disk; give it under that name.

        Raises:
            DriveError: The disk refuses.
        """
        try:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
            self.path.replace(path)
            sync(path.parent)
        except OSError as error:
            raise DriveError(f"{path} cannot be written ({error.strerror}): check the disk.") from error
        return FatImage(path)

    def _command(self, program: str, *words: str) -> list[str]:
        found, limiter = (shutil.which(each, path=_ENVIRONMENT["PATH"]) for each in (program, "prlimit"))
        if found is None:
            raise DriveError(f"The program {program} is missing: {_WITHOUT}")
        limits = [limiter, *_LIMITS] if limiter else []  # Debian always has it (util-linux)
        return [*limits, found, "-i", str(self.path), *words]

    def _mtools(self, program: str, *words: str, failed: str = "") -> bytes:
        """Run a program to its end; give what it prints. What its failure means may be given."""
        command = self._command(program, *words)
        try:
            done = subprocess.run(  # noqa: S603  a program of ours, no shell
                command,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        except OSError as error:
            raise _unstarted(error) from error
        except subprocess.TimeoutExpired as error:
            raise DriveError(f"{program} took more than {_PATIENCE_S:.0f} s: check the disk.") from error
        if done.returncode:
            raise _failed(failed or f"{program} failed", done.stderr)
        return done.stdout


class _Output(io.RawIOBase):
    """What a program prints, which counts only if the program ends well."""

    def __init__(self, program: subprocess.Popen[bytes], name: str, complaints: IO[bytes]) -> None:
        super().__init__()
        self._program, self._name, self._complaints = program, name, complaints

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what a BufferedReader gives
        """Read on; at the end, look how the program ended."""
        count: int = self._program.stdout.readinto(buffer)  # type: ignore[union-attr]  # it is a raw file
        if not count and self._program.wait(_PATIENCE_S):
            self._complaints.seek(0)
            raise _failed(f"{self._name} cannot be read", self._complaints.read(_LONGEST_COMPLAINT))
        return count


def _path(name: str) -> str:
    if name in ("", ".", "..") or _ODD.search(name) or not name.isprintable():
        shown = "".join(each if each.isprintable() else "?" for each in name)
        raise DriveError(
            f"'{shown}' has a name that cannot be read here: rename it, with letters, digits and dots."
        )
    return f"::/{name}"


def _unstarted(error: OSError) -> DriveError:
    return DriveError(f"mtools cannot be run ({error.strerror}): {_WITHOUT}")


def _failed(what: str, said: bytes) -> DriveError:
    lines: Sequence[str] = said.decode(errors="replace").strip().splitlines() or ["it does not say why"]
    return DriveError(f"{what} ({lines[0]})")


def _megabytes(size: int) -> int:
    return -(-size // 1_000_000)
