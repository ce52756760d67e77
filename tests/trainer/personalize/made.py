"""Folders of recordings for the tests: noise or speech, with texts of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from device.demo import RECORDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 16_000


def noise(number: int) -> NDArray[np.float64]:
    """Give 1.5 s of noise that no other number gives."""
    return 0.2 * np.random.default_rng(number).standard_normal(3 * RATE_HZ // 2)


def speech(number: int) -> NDArray[np.float64]:
    """Give speech that begins elsewhere with every number, up to 15 of them."""
    samples, rate_hz = soundfile.read(RECORDING)
    return np.roll(samples, int(0.2 * number * rate_hz))


def write_folder(
    folder: Path, rows: Iterable[dict[str, Any]], sound: Callable[[int], NDArray[np.float64]] = noise
) -> Path:
    """Write a folder: each row has a "number" for its sound, and what its line says."""
    (folder / "audio").mkdir(parents=True)
    lines = []
    for index, row in enumerate(rows):
        said = dict(row)
        number = said.pop("number", index)
        audio = f"audio/{index}.wav"
        soundfile.write(folder / audio, sound(number), RATE_HZ)
        lines.append(json.dumps({"id": str(index), "audio": audio} | said) + "\n")
    (folder / "manifest.jsonl").write_text("".join(lines))
    return folder


def sentence(number: int) -> str:
    """Give a text that no other number gives."""
    numbers = ("red", "blue", "green", "grey", "black", "white", "brown", "pink", "gold", "violet")
    return "The colours are " + " and ".join(numbers[int(digit)] for digit in f"{number:03}")
