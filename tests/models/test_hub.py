from __future__ import annotations

import errno
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from device.errors import ModelError
from device.models import hub

if TYPE_CHECKING:
    from pathlib import Path


class FasterWhisper:
    """Stands in for faster-whisper: knows one model, and does on its download what a test wants."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.utils = SimpleNamespace(tqdm="bars", disabled_tqdm="no bars", download_model=self.download_model)

    def available_models(self) -> list[str]:
        return ["base.en"]

    def download_model(self, name: str, cache_dir: str) -> str:
        assert self.utils.disabled_tqdm == "bars", "nobody sees how far the download is"
        if self.failure:
            raise self.failure
        return f"{cache_dir}/{name}"


def install(monkeypatch: pytest.MonkeyPatch, failure: Exception | None = None) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", FasterWhisper(failure))


def test_a_download_shows_how_far_it_is(monkeypatch, tmp_path: Path):
    install(monkeypatch)
    assert hub.download("base.en", tmp_path) == tmp_path / "base.en"


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)),
        RuntimeError("the transfer broke"),
        FileNotFoundError("not in the cache\nand some lines more"),
    ],
)
def test_a_download_that_fails_says_why_and_what_to_do(monkeypatch, tmp_path: Path, failure: Exception):
    install(monkeypatch, failure)
    with pytest.raises(ModelError, match=r"'base\.en' cannot be downloaded \(.+\): .*--from FOLDER\.$"):
        hub.download("base.en", tmp_path)


def test_a_full_disk_is_passed_on(monkeypatch, tmp_path: Path):
    install(monkeypatch, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(OSError, match="No space left"):
        hub.download("base.en", tmp_path)
