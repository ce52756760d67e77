from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from device.drive.kept import Kept
from device.models.fetch import fetch
from device.models.store import Store, default_root
from tests import tiny_model
from tests.models.flashing import parts_of, silent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder, with the store in it, as systemd gives it."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    assert default_root() == tmp_path / "state" / "models"
    return tmp_path / "state"


@pytest.fixture
def kept(state: Path) -> Kept:
    return Kept(serial="c0ffee")


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The parts of a bundle whose model can be loaded."""
    folder = tmp_path_factory.mktemp("drive")
    store = Store(folder / "store")
    fetch(store, "stock", tiny_model.write(folder / "whisper"), silent)
    return parts_of(store.folder("stock"))
