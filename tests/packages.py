"""The locks, and how much room the packages that they name take where they are installed."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, files
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def locked(name: str) -> dict[Requirement, list[str]]:
    """Give the requirements of a lock such as `device`, each with the sha256 of its files."""
    text = (ROOT / "locks" / f"{name}.txt").read_text()
    statements = re.sub(r"#.*", "", text).replace("\\\n", " ").splitlines()
    lines = [statement.split() for statement in statements if statement.strip()]
    return {
        Requirement(" ".join(word for word in words if not word.startswith("--"))): [
            word.removeprefix("--hash=sha256:") for word in words if word.startswith("--")
        ]
        for words in lines
    }


def installed_bytes(name: str) -> dict[str, int]:
    """Give the size of each package of a lock that is installed here, with what Python compiled of it."""
    sizes = {}
    for requirement in locked(name):
        try:
            paths = {Path(str(file.locate())) for file in files(requirement.name) or ()}
        except PackageNotFoundError:
            continue  # it is for another Python
        paths |= {Path(cache_from_source(path)) for path in paths if path.suffix == ".py"}
        sizes[requirement.name] = sum(path.stat().st_size for path in paths if path.is_file())
    return sizes


if __name__ == "__main__":
    sizes = installed_bytes("device")
    for package, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{size / 1e6:8.1f} MB  {package}")
    print(f"{sum(sizes.values()) / 1e6:8.1f} MB  in all, on Python {platform.python_version()}")
