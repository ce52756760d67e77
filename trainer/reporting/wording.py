"""Figures in plain words: rates, differences, probabilities, sizes, lengths of time, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.evaluation.significance import CHANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINUS = "\N{MINUS SIGN}"


def per_cent(rate: float | None) -> str:
    """Give a rate in per cent with one decimal, "4.6 %"; nothing for none."""
    return "" if rate is None else f"{rate:.1f} %"


def change(before: float, after: float) -> str:
    """Give two rates in per cent, "4.6 % → 3.2 %", with as many decimals as tell them apart, at most two."""
    decimals = 1 if before == after or f"{before:.1f}" != f"{after:.1f}" else 2
    return f"{before:.{decimals}f} % → {after:.{decimals}f} %"


def signed(points: float) -> str:
    """Give a difference in points with its sign, "+0.8"; zero has none."""
    text = f"{abs(points):.1f}"
    return text if text == "0.0" else ("+" if points > 0 else _MINUS) + text


def between(low: float | None, high: float | None) -> str:
    """Give an interval of rates, "3.8 to 5.5"; nothing for none."""
    return "" if low is None or high is None else f"{low:.1f} to {high:.1f}"


def probability(p: float) -> str:
    """Give a probability as it is written behind a test, "p = 0.01" or "p < 0.001"."""
    text = chance(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def chance(p: float, decimals: int = 2) -> str:
    """Give a probability, "0.01" or "< 0.001", with three decimals where it is small.

    Near `CHANCE` it has as many as it takes to see on which side it is.
    """
    if p < 0.001:
        return "< 0.001"
    decimals = max(decimals, 3) if p < 0.01 else decimals
    while p != CHANCE and float(f"{p:.{decimals}f}") == CHANCE:
        decimals += 1
    return f"{p:.{decimals}f}"


def length(seconds: float) -> str:
    """Give a length of time by its two largest units, "1 h 5 min"."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def size(count: int) -> str:
    """Give a number of bytes in decimal units, as disks are sold: "41.2 MB"."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def counted(count: int, one: str, many: str = "") -> str:
    """Give a number with its noun, "1 recording", "3 recordings"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Give names as a sentence has them, "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def shortened(name: str, longest: int = 24) -> str:
    """Give a name that fits beside a plot."""
    return name if len(name) <= longest else name[: longest - 1] + "…"
