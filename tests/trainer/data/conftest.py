from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
import soundfile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class Speechlike(Protocol):
    def __call__(self, length_s: float, seed: int = 0, rate_hz: int = 16_000) -> NDArray[np.float32]: ...


class Recorded(Protocol):
    def __call__(self, *recordings: tuple[str, str, NDArray[np.float32]], **columns: str) -> Path: ...


@pytest.fixture(scope="session")
def speechlike() -> Speechlike:
    """Bursts of noise with pauses, 40 dB over a quiet room, peaking at -2 dB: measured, it is like speech."""

    def make(length_s: float, seed: int = 0, rate_hz: int = 16_000) -> NDArray[np.float32]:
        chance = np.random.default_rng(seed)
        time_s = np.arange(round(length_s * rate_hz)) / rate_hz
        steps = chance.uniform(0, 1, int(length_s * 5) + 2)
        steps[::4] = 0
        loudness = np.interp(time_s * 5, np.arange(len(steps)), steps)
        noise = chance.uniform(-1, 1, len(time_s))
        sound = noise * np.maximum(loudness, 0.003)
        return (sound / np.abs(sound).max() * 10 ** (-2 / 20)).astype(np.float32)

    return make


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """Write a folder `voice`: files with text and 16 kHz sound, in a manifest with these other columns."""

    def write(*recordings: tuple[str, str, NDArray[np.float32]], **columns: str) -> Path:
        folder = tmp_path / "voice"
        folder.mkdir()
        lines = []
        for name, text, sound in recordings:
            soundfile.write(folder / name, sound, 16_000)
            lines.append(json.dumps({"audio": name, "text": text, **columns}) + "\n")
        (folder / "manifest.jsonl").write_text("".join(lines))
        return folder

    return write
