"""The log-mel features of all utterances, computed once and kept in a file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from device.speech import features
from trainer.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from device.audio.sound import Samples
    from trainer.progress import Report
    from trainer.training.examples import Examples

_TAIL = -(-features.N_FFT // features.HOP)
"""Frames behind the last whole one that still hear the end of the sound."""


class Features:
    """Features of utterances, by their index.

    They lie in a file that the system reads as they are asked for: ten hours of speech take 1.2 GB.
    """

    def __init__(self, examples: Examples, n_mels: int, folder: Path, report: Report) -> None:
        """Take the features from their file, or compute them where it is not there.

        Args:
            examples: The utterances.
            n_mels: Bands that the model takes.
            folder: Where the file is kept, under a name that comes of the very samples. Such files of other
                utterances are removed.
            report: Told how far it is.

        Raises:
            OSError: The file cannot be written.
        """
        self._n_mels = n_mels
        lengths = [example.length for example in examples.examples]
        self._starts = [0, *np.cumsum([_frames(length) for length in lengths]).tolist()]
        digest = hashlib.sha256(repr((n_mels, lengths)).encode())
        digest.update(examples.samples.data)
        file = folder / f"features-{digest.hexdigest()[:16]}.npy"
        for other in {*folder.glob("features-*.npy"), *folder.glob(".features-*.npy.partial")} - {file}:
            other.unlink()
        mels = _kept(file, self._shape)
        if mels is None:
            self._compute(examples, file, report)
            mels = np.load(file, mmap_mode="r")
        self._mels: NDArray[np.float32] = mels

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        """Give the features of one utterance: shape (bands, frames)."""
        return np.array(self._mels[self._starts[index] : self._starts[index + 1]].T, order="C")

    def made_of(self, samples: Samples) -> NDArray[np.float32]:
        """Compute the features of some sound: shape (bands, frames)."""
        return features.window(samples, self._n_mels, _frames(len(samples)))

    @property
    def _shape(self) -> tuple[int, int]:
        return self._starts[-1], self._n_mels

    def _compute(self, examples: Examples, file: Path, report: Report) -> None:
        head = {"descr": "<f4", "fortran_order": False, "shape": self._shape}
        # Not through a map of the file: where the disk is full, that ends the program without a word.
        with replacing(file) as partial, partial.open("wb") as opened:
            np.lib.format.write_array_header_1_0(opened, head)
            for done, example in enumerate(examples.examples, 1):
                opened.write(self.made_of(examples.sound(example)).T.astype("<f4").tobytes())
                report("Computing features", done / len(examples.examples))


def _kept(file: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """Open kept features; `None` where there are none, or they are damaged."""
    try:
        mels: NDArray[np.float32] = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return mels if mels.shape == shape else None


def _frames(samples: int) -> int:
    return min(features.MAX_FRAMES, samples // features.HOP + _TAIL)
