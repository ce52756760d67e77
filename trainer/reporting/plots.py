"""The plots of the report: what each shows is also told in its label and told apart without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trainer.evaluation.results import CLEAN
from trainer.reporting.svg import INK, SETTINGS, STOCK, THIRD, TUNED, inline
from trainer.reporting.wording import listed, per_cent, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup
    from matplotlib.axes import Axes

    from trainer.evaluation.results import Score
    from trainer.reporting.tiers import NoiseLines
    from trainer.reporting.work import Epoch

_WIDTH = 4.6
"""Inches of 72 points: the figure's own size is that of a phone's screen, so that its text stays legible."""

_LOOKS = {
    "stock": {"color": STOCK, "marker": "o", "linestyle": "--", "markerfacecolor": "none"},
    "tuned": {"color": TUNED, "marker": "s", "linestyle": "-"},
    "others": {"color": THIRD, "marker": "^", "linestyle": ":"},
}


_MARKERS = ("P", "X", "D", "v", "*")
"""Of the second training and further ones."""


def loss_curve(logs: Sequence[Sequence[Epoch]]) -> Markup:
    """Give the loss by epoch, a line for each training."""
    lines = _lines(logs, "tuned", "", lambda one: one.loss)
    return _curve("loss", f"Loss by epoch: {_told(lines, '{:.3f}'.format)}", "loss", lines)


def wer_curve(logs: Sequence[Sequence[Epoch]]) -> Markup:
    """Give the word error rates on the owner's validation part and on general speech by epoch.

    Each has a line for each training.
    """
    own = _lines(logs, "tuned", "your validation part", lambda one: one.validation_wer)
    others = _lines(logs, "others", "general speech", lambda one: one.general_wer)
    label = f"Word error rate by epoch: {_told([*own, *others], per_cent)}"
    return _curve("wer", label, "wrong words, %", [*own, *others])


class _Line(NamedTuple):
    title: str
    looks: dict[str, str]
    points: list[tuple[float, float]]


def _lines(
    logs: Sequence[Sequence[Epoch]], look: str, title: str, value: Callable[[Epoch], float | None]
) -> list[_Line]:
    """Give what one value came to in each training; nothing of those that do not have it."""
    several = len(logs) > 1
    return [
        _Line(
            f"{title or 'training'} {number}" if several else title,
            _LOOKS[look] | ({"marker": _MARKERS[(number - 2) % len(_MARKERS)]} if number > 1 else {}),
            points,
        )
        for number, log in enumerate(logs, 1)
        if (points := [(one.epoch, found) for one in log if (found := value(one)) is not None])
    ]


def _told(lines: Sequence[_Line], form: Callable[[float], str]) -> str:
    told = (f"{line.title} {listed([form(value) for _, value in line.points])}" for line in lines)
    return "; ".join(told).strip()


def _curve(name: str, label: str, unit: str, lines: Sequence[_Line]) -> Markup:
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(_WIDTH, 2.6), layout="constrained")
        axes = figure.subplots()
        for title, looks, points in lines:
            axes.plot(*zip(*points, strict=True), label=title, markersize=5, **looks)  # type: ignore[arg-type]
        axes.set_xlabel("epoch")
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(figure, axes)
    return inline(figure, f"curve-{name}", label)


def rates(scores: Sequence[Score], stock: str, model: str | None) -> Markup:
    """Give the clean word error rates by set with their 95 % intervals, stock above the tuned model."""
    rows = [one for one in scores if one.tier == CLEAN and one.wer is not None]
    sets = list(dict.fromkeys(one.set for one in rows))
    label = "Word error rate by set: " + "; ".join(
        f"{one.model} on {one.set} {per_cent(one.wer)}" for one in rows if one.model in (stock, model)
    )
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(_WIDTH, 0.9 + 0.42 * len(sets)), layout="constrained")
        axes = figure.subplots()
        for name, look, offset in ((stock, "stock", -0.16), (model, "tuned", 0.16)):
            mine = {one.set: one for one in rows if one.model == name}
            called = look if name == model else shortened(stock)
            places = [place + offset for place, title in enumerate(sets) if title in mine]
            _dots(axes, [mine[title] for title in sets if title in mine], places, look, called)
        axes.set_yticks(range(len(sets)), [shortened(title) for title in sets])
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_xlabel("wrong words, %, with the 95 % interval")
        axes.grid(visible=False, axis="y")
        _legend(figure, axes)
    return inline(figure, "rates", label)


def _dots(axes: Axes, scores: Sequence[Score], places: Sequence[float], look: str, title: str) -> None:
    """Draw each score as a dot with its interval as whiskers."""
    for number, (one, place) in enumerate(zip(scores, places, strict=True)):
        wer = one.wer or 0.0
        low, high = (wer if end is None else end for end in (one.wer_low, one.wer_high))
        style = {**_LOOKS[look], "linestyle": "none", "markersize": 6, "capsize": 3, "linewidth": 1.4}
        axes.errorbar(
            wer,
            place,
            xerr=[[wer - low], [high - wer]],
            label="" if number else title,
            **style,  # type: ignore[arg-type]
        )


def noise(lines: Sequence[NoiseLines], stock: str) -> list[Markup]:
    """Give the word error rate by the noise added, a plot for each part that was measured with noise."""
    return [_noise(one, stock, number) for number, one in enumerate(lines)]


def _noise(lines: NoiseLines, stock: str, number: int) -> Markup:
    tiers = [tier if tier == CLEAN else f"{tier} dB" for tier in lines.tiers]
    sides = [("stock", stock, lines.stock), ("tuned", "tuned", lines.tuned)]
    label = f"Word error rate of {lines.title} by noise: " + "; ".join(
        f"{name} {', '.join(f'{tier} {per_cent(rate)}' for tier, rate in zip(tiers, rates, strict=True))}"
        for _, name, rates in sides
        if rates
    )
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(_WIDTH, 2.8), layout="constrained")
        axes = figure.subplots()
        for look, name, rates in sides:
            if rates:
                axes.plot(range(len(tiers)), rates, label=shortened(name), markersize=6, **_LOOKS[look])  # type: ignore[arg-type]
        axes.set_xticks(range(len(tiers)), tiers)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("wrong words, %")
        axes.set_title(shortened(lines.title, 48), fontsize=9, color=INK)
        _legend(figure, axes)
    return inline(figure, f"noise-{number}", label)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper center", ncols=min(2, len(handles)))
