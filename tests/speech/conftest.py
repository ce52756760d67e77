from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from device.audio import files
from device.demo import RECORDING
from device.errors import ModelError
from device.models.store import resolve
from device.settings import RecognitionSettings
from device.speech.engine import Decoded, Engine
from tests import tiny_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def demo():
    """Samples of the recording that ships with Saykey."""
    return files.read(RECORDING)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory) -> Path:
    """Folder of a model of random weights. It may not be changed."""
    return tiny_model.write(tmp_path_factory.mktemp("tiny") / "whisper", dtype="int8")


@pytest.fixture(scope="session")
def real_model() -> Path:
    """Folder of the real tiny.en."""
    try:
        return resolve(RecognitionSettings(model="tiny.en"))
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def real_engine(real_model) -> Engine:
    return Engine(real_model, RecognitionSettings(threads=1))


@pytest.fixture(scope="session")
def real_multilingual() -> Path:
    """Folder of the real base, where somebody has fetched it."""
    try:
        return resolve(RecognitionSettings(model="base"))
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture
def decoded():
    """Make a result that is believed, but for what is named."""
    sure = Decoded(
        text="A good result.", tokens=(10, 11, 12, 13), avg_logprob=-0.05, no_speech_prob=0.01, capped=False
    )

    def make(**changes) -> Decoded:
        return dataclasses.replace(sure, **changes)

    return make
