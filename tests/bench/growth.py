"""A plot of how the time to the text grows with the utterance. `make peers` installs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from pathlib import Path

_FASTEST_MS = 1.0
"""On a logarithmic axis, what is faster is drawn here: nobody feels it."""

_COLOURS = 10
"""Matplotlib's, before they begin again."""


def draw(file: Path, durations_s: list[float], times_ms: dict[str, list[float]]) -> None:
    """Draw each side's times against the utterances' lengths, with the trend of each.

    Args:
        file: The SVG to write; the same times make the same file.
        durations_s: Lengths of the utterances.
        times_ms: From the release to the text, one a length, by the side's name.
    """
    mpl.rcParams.update({"svg.hashsalt": "saykey", "font.size": 9, "axes.spines.top": False})
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    order = np.argsort(durations_s)
    lengths = np.asarray(durations_s)[order]
    for number, (name, values) in enumerate(times_ms.items()):
        shown = np.maximum(np.asarray(values)[order], _FASTEST_MS)
        ours = name.startswith("Saykey")
        (line,) = axes.plot(
            *_trend(lengths, shown),
            label=name,
            linewidth=2.5 if ours else 1.2,
            linestyle="-" if number < _COLOURS else "--",
            zorder=3 if ours else 2,
        )
        axes.scatter(lengths, shown, s=8, alpha=0.4, color=line.get_color(), linewidths=0)
    axes.set(
        xlabel="length of the utterance (s)",
        ylabel="from the release of the button to the text (ms)",
        yscale="log",
        xlim=(0, None),
    )
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def _trend(lengths: np.ndarray, values: np.ndarray, neighbours: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Give the running median."""
    half = neighbours // 2
    medians = [
        float(np.median(values[max(0, index - half) : index + half + 1])) for index in range(len(values))
    ]
    return lengths, np.asarray(medians)
