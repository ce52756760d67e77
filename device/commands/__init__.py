"""The commands of `saykey`, one module each: its help, its arguments, and what it does."""

from __future__ import annotations

from argparse import SUPPRESS
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def add_common(parser: ArgumentParser) -> None:
    """Add the options that every command and every verb of one takes."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=SUPPRESS, help="settings that override those in /etc"
    )
    parser.add_argument(
        "--verbose", action="store_true", default=SUPPRESS, help="tell more; never what was said"
    )
