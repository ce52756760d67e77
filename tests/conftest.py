from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from device.errors import ModelError
from device.models.store import resolve
from device.settings import RecognitionSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

_TOLD = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config):
    """Note a line that is shown when all tests are done."""
    return pytestconfig.stash.setdefault(_TOLD, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_TOLD, []):
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True, scope="session")
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what this machine's user has set, chosen and trusted out of the tests, and theirs out of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("STATE_DIRECTORY", raising=False)
        yield


@pytest.fixture(scope="session")
def real_settings() -> Settings:
    """The default settings with the real model tiny.en, whichever model this machine has in use."""
    chosen = Settings(recognition=RecognitionSettings(model="tiny.en"))
    try:
        resolve(chosen.recognition)
    except ModelError as error:
        pytest.skip(f"{error} (make model)")
    return chosen


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the real model, so that `-m 'not model'` leaves it out."""
    for item in items:
        if {"real_settings", "real_model"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("model")
