"""Bundles of models that can be run, or at least pass for such, and trials that need no model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from device.demo import RECORDING
from device.models.self_test import Heard
from tests.bundles import bundle, encoded, index_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from device.models.bundle import SelfTest

SAID = "What the model says."


def silent(_what: str, _done: float) -> None:
    """Progress that nobody watches."""


def parts_of(folder: Path, more: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Give the parts for a bundle of a model in a store, with a recording to try it with."""
    files = sorted(folder.iterdir(), key=lambda file: (file.name != "model.bin", file.name))
    parts = {file.name: file.read_bytes() for file in files}
    return parts | {"selftest.flac": RECORDING.read_bytes()} | (more or {})


def packed(parts: Mapping[str, bytes], number: int = 0, text: str = SAID, **options: object) -> bytes:
    """Give a signed bundle; those of other numbers are other bundles."""
    test = {"file": "selftest.flac", "text": text, "most_wrong": 0}
    index = index_of(parts, created=f"2026-01-01T00:00:{number:02}Z", self_test=test)
    return bundle(parts, index=encoded(index), **options)  # type: ignore[arg-type]


def passes(folder: Path, expected: SelfTest) -> Heard:
    """Stand for a trial that a model passes which is all there."""
    assert (folder / expected.file).is_file()
    return Heard(expected.text, 1.0, 0.25)


def altered(parts: Mapping[str, bytes], name: str, **changes: object) -> dict[str, bytes]:
    """Give the parts with some values of a JSON file among them changed."""
    return {**parts, name: json.dumps(json.loads(parts[name]) | changes).encode()}
