"""What a chip starts from a card where it does not read a file system: U-Boot with Trusted Firmware.

Debian compiles U-Boot for other boards and Trusted Firmware for other chips; its sources have these. They are
compiled by Debian's own compiler, in a root file system that is made for it and thrown away: this machine has
no part in what comes of it.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from image.contents import sha256_of
from image.errors import BuildError
from image.programs import run
from image.recipe import HERE, SUITE, digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from image.boards import Board, BootLoader

CONFIG = "u-boot.config"
"""All settings that U-Boot was built with: a file beside it."""

CLOSED = "closed.bin"
"""What the script calls a program without a source."""

_LICENCES = {"u-boot": "GPL-2.0-or-later", "arm-trusted-firmware": "BSD-3-Clause"}
"""Of each as a whole. Some of its files have others: debian/copyright in the source names them."""

_SCRIPT, _SETTINGS = HERE / "boot_loader.sh", HERE / "boot_loader.config"

_TOOLS = (
    "gcc-aarch64-linux-gnu,gcc,libc6-dev,make,patch,bison,flex,bc,libssl-dev,libgnutls28-dev,swig,"
    "python3-dev,python3-setuptools,python3-pyelftools,bzip2,xz-utils"
)

_OPTIONS = [
    "--quiet",
    "--variant=apt",
    f"--include={_TOOLS}",
    "--dpkgopt=force-unsafe-io",
    "--aptopt=APT::Install-Recommends false",
    "--aptopt=APT::Sandbox::User root",
    "--aptopt=Acquire::Retries 5",
]

# apt-get verifies the archives by the list of sources, which is signed: the .dsc says nothing more.
_FETCH = """\
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
sed -n 's/^deb /deb-src /p' "$1/etc/apt/sources.list" > "$1/etc/apt/sources.list.d/sources-too.list"
apt-get -qq update
mkdir "$1/build"
cd "$1/build"
for part in --tar-only --diff-only; do
  apt-get -qq source --download-only "$part" u-boot arm-trusted-firmware
done
"""


@dataclass(frozen=True, slots=True)
class Source:
    """What a boot loader was made from or by, for the bill of materials.

    Attributes:
        name: Debian's source package, or the package of a compiler.
        version: Debian's.
        licence: As an SPDX expression; empty for a compiler, of which nothing is in what it makes.
    """

    name: str
    version: str
    licence: str


def with_closed(board: Board, file: Path | None) -> Board:
    """Give a board that has the program without a source that its boot loader needs.

    Args:
        board: The board.
        file: What was given for it; none where it needs none.

    Raises:
        BuildError: It is missing, or another, or cannot be read, or the board needs none.
    """
    if board.boot_loader is None or (closed := board.boot_loader.closed) is None:
        if file:
            raise BuildError(f"The {board.title} needs no closed program: leave out --closed.")
        return board
    how = f"get {closed.name} from {closed.source}, and name it: --closed FILE"
    if file is None:
        raise BuildError(
            f"The {board.title} does not start without a program that its chip's maker gives without a "
            f"source: {how}"
        )
    if not file.is_file():
        raise BuildError(f"There is no file {file}: {how}")
    try:
        found = sha256_of(file)
    except OSError as error:
        raise BuildError(f"{file} cannot be read ({error.strerror}): look at its permissions.") from error
    if found != closed.sha256:
        raise BuildError(f"{file} is another program than is expected (sha256 {found}): {how}")
    return replace(board, boot_loader=replace(board.boot_loader, closed=replace(closed, file=file)))


def build(loader: BootLoader, work: Path) -> Path:
    """Give a boot loader, which belongs at its offset of the card.

    The same versions of sources and compilers give the same bytes. It takes some minutes.

    Args:
        loader: What it is built from (`with_closed`).
        work: Where it is kept for the next time, when it is given at once. Delete it to have Debian's newest.

    Raises:
        BuildError: It cannot be built.
    """
    settings = _SETTINGS.read_text(encoding="utf-8") + "".join(f"{line}\n" for line in loader.settings)
    closed = loader.closed
    inputs = [settings, loader.platform, loader.file, closed.sha256 if closed else ""]
    digest = digest_of([_SCRIPT.read_bytes(), *inputs, *_OPTIONS, _FETCH, SUITE])
    folder = work / f"{loader.u_boot}-{digest}"
    if folder.exists():
        return folder / loader.file
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="building.", dir=work) as name:
        given = [_SCRIPT, work / name / _SETTINGS.name]
        given[1].write_text(settings, encoding="utf-8")
        if closed and closed.file:
            given.append(shutil.copyfile(closed.file, work / name / CLOSED))
        inside = shlex.join(["sh", _SCRIPT.name, loader.u_boot, loader.file, loader.platform])
        hooks = [
            _FETCH,
            f"copy-in {shlex.join(map(str, given))} /build",
            f'chroot "$1" sh -c {shlex.quote(f"cd /build && {inside}")}',
            f"copy-out /build/out {shlex.quote(str(work / name))}",
        ]
        run("mmdebstrap", *_OPTIONS, *(f"--customize-hook={hook}" for hook in hooks), SUITE, "/dev/null")
        (work / name / "out").rename(folder)
    return folder / loader.file


def sources(blob: Path) -> list[Source]:
    """Say what a boot loader was made from and by.

    Args:
        blob: What `build` gave.
    """
    lines = blob.with_name("versions").read_text(encoding="utf-8").splitlines()
    return [Source(name, version, _LICENCES.get(name, "")) for name, version in map(str.split, lines)]
