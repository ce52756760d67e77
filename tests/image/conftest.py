from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.image.roots import CACHE, need

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.register_assert_rewrite("tests.image.machines")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that does not stay: a root file system is large."""
    need()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as name:
        yield Path(name)
