"""The name of a model: one that a bundle and a device's store can both have."""

from __future__ import annotations

import re

from device.errors import ModelError
from device.models.bundle import LONGEST_NAME, is_name
from device.models.store import CURRENT, PREVIOUS

_LINKS = (CURRENT, PREVIOUS)


def check_name(name: str) -> None:
    """Look whether a model can have this name.

    Raises:
        ModelError: It cannot.
    """
    if not is_name(name) or name in _LINKS:
        raise ModelError(
            f"'{name}' cannot be the name of a model: give another with --name, of up to {LONGEST_NAME} "
            f"letters, digits, dots, dashes and underscores, but not '{CURRENT}' or '{PREVIOUS}'."
        )


def name_of(text: str) -> str:
    """Give a name that a model can have, and that is like a text."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:LONGEST_NAME]
    return name if name and name not in _LINKS else "personal"
