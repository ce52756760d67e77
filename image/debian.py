"""Debian's part: a root file system of its packages for arm64, and packages to be unpacked.

mmdebstrap installs them with the programs of Debian for arm64, which qemu-user runs here.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from image.errors import BuildError
from image.programs import run
from image.recipe import (
    ARCHITECTURE,
    COMPONENTS,
    EPOCH_S,
    HERE,
    SUITE,
    UNPACKED,
    digest_of,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LEFT_OUT = (
    "doc",
    "man",
    "locale",
    "info",
    "lintian",
    "bug",
    "zsh",
    "bash-completion",
    "polkit-1",
    "pkgconfig",
)
"""Folders of /usr/share. Licences stay: each package's `copyright`."""

_OPTIONS = [
    f"--architectures={ARCHITECTURE}",
    "--quiet",
    "--dpkgopt=force-unsafe-io",  # an unfinished one is made anew
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--aptopt=APT::Install-Recommends false",
    "--aptopt=APT::Sandbox::User root",
    "--aptopt=Acquire::Retries 5",
]

# The kernel's package has its version in its name; the package that depends on it has not. The files come out
# by mmdebstrap's own way, which needs no rights of root.
_DOWNLOAD = r"""
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
mkdir "$1/packages"
cd "$1/packages"
kernel=$(apt-cache show linux-image-{architecture} | sed -nE '/^Depends: /{{s/^[^ ]+ ([^ ,]+).*/\1/p;q}}')
apt-get -qq download "$kernel" {packages}
"""


@dataclass(frozen=True, slots=True)
class Base:
    """What Debian gives.

    Attributes:
        root: The root file system, an archive.
        packages: A folder with the packages that are only unpacked.
    """

    root: Path
    packages: Path

    def package(self, name: str) -> Path:
        """Give a package's file.

        Raises:
            BuildError: It was not fetched.
        """
        found = sorted(self.packages.glob(f"{name}_*.deb"))
        if not found:
            raise BuildError(f"No package {name} was fetched: name it in image/recipe.py, UNPACKED.")
        return found[0]

    @property
    def kernel(self) -> str:
        """The kernel's version, as in the names of its files."""
        (package,) = self.packages.glob("linux-image-*.deb")
        return package.name.removeprefix("linux-image-").partition("_")[0]


def fetch(cache: Path) -> Base:
    """Have Debian's part made, unless it is in the cache.

    Args:
        cache: The folder for what later builds use again. Delete it to have Debian's newest packages.

    Raises:
        BuildError: It cannot be made.
    """
    packages = listed(HERE / "packages.txt")
    folder = cache / f"debian-{digest_of([*packages, *_OPTIONS, _DOWNLOAD, *UNPACKED, SUITE, str(EPOCH_S)])}"
    base = Base(folder / "root.tar", folder / "packages")
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="building.", dir=cache) as name:
            made = cache / name / "made"
            made.mkdir()
            _install(packages, made)
            made.rename(folder)
    return base


def _install(packages: Sequence[str], made: Path) -> None:
    download = _DOWNLOAD.format(architecture=ARCHITECTURE, packages=" ".join(UNPACKED))
    run(
        "mmdebstrap",
        *_OPTIONS,
        "--variant=essential",
        f"--components={','.join(COMPONENTS)}",
        f"--include={','.join(packages)}",
        f"--customize-hook={download}",
        f"--customize-hook=copy-out /packages {shlex.quote(str(made))}",
        '--customize-hook=rm -r "$1/packages"',
        SUITE,
        made / "root.tar",
        env={"SOURCE_DATE_EPOCH": str(EPOCH_S)},
    )


def change(root: Path, work: Path, command: str) -> None:
    """Put a layer over a root file system, run a command in it, and write what comes of it.

    Args:
        root: The root file system, an archive.
        work: A folder with the archive `layer.tar`, which is unpacked over it, and the folder `beside`,
            which is in it only meanwhile, as /build. What comes of it is written there too: `root.tar`.
        command: A program in `beside` with its arguments, run as root in it.

    Raises:
        BuildError: The command fails.
    """
    # Without what is in /dev: mmdebstrap gives that, in ways of its own to who is not root.
    unpack = 'tar --extract --numeric-owner --same-permissions --exclude="./dev/*" --directory="$1" --file='
    hooks = [
        *(f"--setup-hook={unpack}{shlex.quote(str(each))}" for each in (root, work / "layer.tar")),
        '--customize-hook=mkdir "$1"/build',
        f"--customize-hook=sync-in {shlex.quote(str(work / 'beside'))} /build",
        f'--customize-hook=chroot "$1" /build/{command}',
        '--customize-hook=rm -r "$1"/build',
    ]
    words = ["--variant=custom", "--skip=update", *hooks, SUITE, str(work / "root.tar")]
    run("mmdebstrap", *_OPTIONS, *words, env={"SOURCE_DATE_EPOCH": str(EPOCH_S)})
