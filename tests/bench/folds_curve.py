"""The curve of the bench of folds: what more recordings give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.folds_tables import Row

_APART = 0.07
"""The mixtures stand beside each other, so that their intervals can be told apart."""


def draw(file: Path, rows: Sequence[Row]) -> None:
    """Draw each mixture's change of wrong words against the recordings, with its 95 % interval.

    Args:
        file: The SVG to write; the same rows make the same file.
        rows: By amounts, the least first.
    """
    mpl.rcParams.update({"svg.hashsalt": "saykey", "font.size": 9, "axes.spines.top": False})
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    amounts = list(dict.fromkeys(row.amount for row in rows))
    models = list(dict.fromkeys(row.pooled.model for row in rows))
    for number, model in enumerate(models):
        own = [row for row in rows if row.pooled.model == model]
        shift = _APART * (number - (len(models) - 1) / 2)
        places = [amounts.index(row.amount) + shift for row in own]
        middle, low, high = zip(*map(_change, own), strict=True)
        ends = [
            [at - end for at, end in zip(middle, low, strict=True)],
            [end - at for at, end in zip(middle, high, strict=True)],
        ]
        axes.errorbar(places, middle, ends, label=f"{float(model):.0%}", marker="o", elinewidth=0.8)
    axes.axhline(0, color="grey", linewidth=1, linestyle="--")
    axes.set_xticks(range(len(amounts)), amounts)
    axes.set(xlabel="recordings to learn from", ylabel="wrong words beside stock's (%)")
    axes.grid(visible=True, axis="y", alpha=0.3)
    figure.legend(title="of the trained weights", loc="outside right upper", frameon=False)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def _change(row: Row) -> tuple[float, float, float]:
    """Give the change of wrong words and the ends of its interval, in per cent of stock's."""
    pooled = row.pooled
    per_point = pooled.words / pooled.stock_errors
    change = 100 * (pooled.errors - pooled.stock_errors) / pooled.stock_errors
    return change, pooled.low * per_point, pooled.high * per_point
