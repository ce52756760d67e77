"""A Debian as on a board, with the packages of Python that Saykey needs: all but Saykey itself."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.packages import locked
from tests.vm import lab
from tests.vm.python import alone, fetch, named_in, requirements

_HERE = Path(__file__).parent
_RECIPE = _HERE / "appliance"
_BUILT = lab.PROJECT / "build/appliance"
_BUILD_LIMIT_S = 900

_LGPIO = (
    "lgpio==0.2.2.0 --hash=sha256:2aadff092f642fcdada8457c158f87259dfda3a89ec19bae0b99ff22b34aac4b\n",
    "3.12",
)
"""Debian 13 has no lgpio, and the package index none for Python 3.13. This wheel is for the Python before it;
its extension, whose name says so, works with both."""

SITE = "opt/saykey/lib"
"""Where they are."""

COMPILE = ("python3", "-m", "compileall", "-q", "-j0", "--invalidation-mode", "unchecked-hash")
"""Bytecode that is used as it is: nothing there changes."""


def debian() -> Path:
    """Give the folder with kernel and root; minutes pass when it has to be built."""
    left_out = named_in(lab.PROJECT / "image/left_out.txt")
    packages = requirements("device", {each.name for each in locked("device")} - left_out)
    recipe = [*sorted(_RECIPE.iterdir()), _HERE / "kernel.sh", _HERE / "python.py", Path(__file__)]
    said = "".join(path.read_text() for path in recipe) + packages
    folder = _BUILT / hashlib.sha256(said.encode()).hexdigest()[:16]
    with alone():
        if not folder.is_dir():
            shutil.rmtree(_BUILT, ignore_errors=True)
            work = _BUILT / "new"
            work.mkdir(parents=True)
            subprocess.run([_RECIPE / "build.sh", work], timeout=_BUILD_LIMIT_S, check=True)
            _add_packages(work / "image/root", packages)
            (work / "image").rename(folder)
            work.rmdir()
    return folder


def _add_packages(root: Path, packages: str) -> None:
    site = root / SITE
    fetch(packages, site)
    fetch(_LGPIO[0], site, _LGPIO[1])
    next(site.glob("_lgpio.*.so")).rename(site / "_lgpio.so")
    within(root, *COMPILE, "-x", "/tests?/", f"/{SITE}")


def within(root: Path, *command: str) -> None:
    """Run a program of the guest's on this machine."""
    environment = {"PATH": "/usr/sbin:/usr/bin", "SYSTEMD_OFFLINE": "1", "LANG": "C.UTF-8"}
    subprocess.run(["chroot", root, *command], check=True, env=environment)
