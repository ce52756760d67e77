from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from device.errors import ModelError
from device.models.store import resolve
from device.settings import RecognitionSettings, Settings

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


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
