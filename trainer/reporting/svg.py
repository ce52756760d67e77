"""Matplotlib's figures as SVG within a page: its colours, its font, and the same bytes every time."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT, STOCK, TUNED, THIRD = "#1a1a2e", "#c8c8d4", "#a34f00", "#0a58a8", "#6a2c8f"
"""Colours of the plots. In the page they are its style sheet's, so that they follow its dark and light."""

_VARIABLES = {INK: "--ink", FAINT: "--faint", STOCK: "--stock", TUNED: "--tuned", THIRD: "--third"}

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a set's name may hold dollars
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
}
"""How every figure is drawn: to be set while it is made (`matplotlib.rc_context`)."""


def inline(figure: Figure, name: str, label: str) -> Markup:
    """Give a figure as an `svg` element.

    Args:
        figure: Drawn in the colours above.
        name: Unique in the page: what refers to parts of the figure is named by it.
        label: What the figure shows, for those who do not see it.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}), warnings.catch_warnings():
        # The page's own font has what matplotlib's lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(
            buffer,
            format="svg",
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
            transparent=True,
        )
    # In a page, the document type, namespaces and sizes in points have no place, and a name stands once.
    svg = buffer.getvalue().partition("<svg")[2]
    head, _, body = svg.partition(">")
    view = re.search(r'viewBox="([^"]*)"', head)
    body = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    opening = Markup('<svg role="img" viewBox="{}" aria-label="{}">').format(view[1] if view else "", label)
    return opening + Markup(body)  # noqa: S704  # matplotlib escapes the texts that it draws
