"""Makes the tables of an operating system anew: `python -m tools.layouts linux`."""

# ruff: noqa: T201  commands print: that is what they are for

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING

from device.errors import SaykeyError
from device.keyboard.layout import TABLES
from tools.layouts.table import write, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.layouts.table import Table

_MODULES = {
    "linux": "tools.layouts.linux",
    "windows": "tools.layouts.windows",
    "macos": "tools.layouts.macos",
}
"""What gives the tables of each operating system by its function `tables`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; give its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.layouts", description=__doc__)
    parser.add_argument("system", choices=_MODULES)
    parser.add_argument("--check", action="store_true", help="write nothing, and say which tables differ")
    chosen = parser.parse_args(arguments)
    try:
        tables = importlib.import_module(_MODULES[chosen.system]).tables()
    except SaykeyError as error:
        print(error, file=sys.stderr)
        return 2
    differing = _differing(TABLES / chosen.system, tables)
    for path, what in differing.items():
        print(f"{path.name} {what}")
        if chosen.check:
            continue
        if path.stem in tables:
            write(path, tables[path.stem])
        else:
            path.unlink()
    return int(chosen.check and bool(differing))


def _differing(folder: Path, tables: dict[str, Table]) -> dict[Path, str]:
    """Say of each file that is not as it would be made how it is not."""
    differing = {path: "has no source" for path in folder.glob("*.toml") if path.stem not in tables}
    for name, table in tables.items():
        path = folder / f"{name}.toml"
        if not path.exists():
            differing[path] = "is missing"
        elif path.read_text(encoding="utf-8") != written(table, folder.name):
            differing[path] = "differs"
    return differing


if __name__ == "__main__":
    sys.exit(main())
