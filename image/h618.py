"""What Allwinner's H618 starts from a card: U-Boot with Trusted Firmware, built from Debian's sources.

Debian compiles U-Boot for other boards and Trusted Firmware for other chips; its sources have these. They are
compiled by Debian's own compiler, in a root file system that is made for it and thrown away: this machine has
no part in what comes of it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from image.programs import run
from image.recipe import HERE, SUITE, digest_of

if TYPE_CHECKING:
    from pathlib import Path

OFFSET_KIB = 8
"""Where the chip's own program looks on the card (U-Boot, doc/board/allwinner/sunxi.rst)."""

PLATFORM = "sun50i_h616"
"""Trusted Firmware's name of the chip (Trusted Firmware-A, docs/plat/allwinner.rst)."""

CONFIG = "u-boot.config"
"""All settings that U-Boot was built with: a file beside it."""

_LICENCES = {"u-boot": "GPL-2.0-or-later", "arm-trusted-firmware": "BSD-3-Clause"}
"""Of each as a whole. Some of its files have others: debian/copyright in the source names them."""

_SCRIPT, _SETTINGS = HERE / "h618.sh", HERE / "h618.config"

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


def build(defconfig: str, work: Path) -> Path:
    """Give a board's boot loader, which belongs at `OFFSET_KIB` of the card.

    The same versions of sources and compilers give the same bytes. It takes some minutes.

    Args:
        defconfig: U-Boot's name of the configuration.
        work: Where it is kept for the next time, when it is given at once. Delete it to have Debian's newest.

    Raises:
        BuildError: It cannot be built.
    """
    return built(defconfig, work, PLATFORM) / "u-boot-sunxi-with-spl.bin"


def sources(blob: Path) -> list[Source]:
    """Say what a boot loader was made from and by.

    Args:
        blob: What `build` gave.
    """
    lines = blob.with_name("versions").read_text(encoding="utf-8").splitlines()
    return [Source(name, version, _LICENCES.get(name, "")) for name, version in map(str.split, lines)]


def built(defconfig: str, work: Path, platform: str = "", more: str = "") -> Path:
    """Give a folder with U-Boot for any machine, its settings, and what it was made from.

    Args:
        defconfig: U-Boot's name of the configuration.
        work: Where it is kept.
        platform: Trusted Firmware's name of the chip; without it, there is none of that in it.
        more: Settings that count besides those of every board.

    Raises:
        BuildError: It cannot be built.
    """
    settings = _SETTINGS.read_text(encoding="utf-8") + more
    digest = digest_of([_SCRIPT.read_bytes(), settings, *_OPTIONS, _FETCH, SUITE, platform])
    folder = work / f"{defconfig}-{digest}"
    if folder.exists():
        return folder
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="building.", dir=work) as name:
        given = work / name / _SETTINGS.name
        given.write_text(settings, encoding="utf-8")
        inside = shlex.join(["sh", _SCRIPT.name, defconfig, *([platform] if platform else [])])
        hooks = [
            _FETCH,
            f"copy-in {shlex.join([str(_SCRIPT), str(given)])} /build",
            f'chroot "$1" sh -c {shlex.quote(f"cd /build && {inside}")}',
            f"copy-out /build/out {shlex.quote(str(given.parent))}",
        ]
        run("mmdebstrap", *_OPTIONS, *(f"--customize-hook={hook}" for hook in hooks), SUITE, "/dev/null")
        (given.parent / "out").rename(folder)
    return folder
