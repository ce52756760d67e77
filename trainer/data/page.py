"""The audit as one page that needs no network."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from trainer.data.findings import WHOLE, Severity

if TYPE_CHECKING:
    from trainer.data.findings import Finding
    from trainer.data.results import Audit

_TEMPLATES = Path(__file__).parent / "templates"

_LONGEST_S = 30


class Bar(NamedTuple):
    """The recordings of one length.

    Attributes:
        from_s: They last at least so long, and less than a second longer.
        recordings: How many there are.
        height: Of the bar, 0 to 100.
        best: It is a length that trains well, 5 to 15 s.
    """

    from_s: int
    recordings: int
    height: float
    best: bool


def page(audit: Audit, target: Path) -> str:
    """Give the page in HTML.

    Args:
        audit: What it shows.
        target: The folder that it will lie in; the players refer from there to the recordings.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    by_severity = {
        severity: [finding for finding in audit.findings if finding.severity is severity]
        for severity in Severity
    }
    return environment.get_template("audit.html.j2").render(
        summary=audit.summary(),
        bars=bars([each.facts.duration_s for each in audit.accepted]),
        serious=[(severity, by_severity[severity]) for severity in (Severity.REJECTED, Severity.FLAGGED)],
        noted=_by_kind(by_severity[Severity.NOTED]),
        kinds=Counter(finding.kind for finding in audit.findings),
        player=lambda finding: _player(audit.folder, finding, target),
    )


def bars(durations_s: list[float]) -> list[Bar]:
    """Give how many recordings there are of each length, by the second."""
    counts = Counter(min(int(duration_s), _LONGEST_S - 1) for duration_s in durations_s)
    most = max(counts.values(), default=1)
    return [
        Bar(second, counts[second], 100 * counts[second] / most, 5 <= second < 15)
        for second in range(_LONGEST_S)
    ]


def _by_kind(findings: list[Finding]) -> dict[str, list[Finding]]:
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return kinds


def _player(folder: Path, finding: Finding, target: Path) -> str:
    """Give the path from the page to the recording; empty where there is none, or nothing to hear."""
    path = folder / finding.file
    if finding.kind == "damaged" or finding.file == WHOLE or not path.is_file() or path.suffix == ".txt":
        return ""
    try:
        return quote(Path(os.path.relpath(path.resolve(), target.resolve())).as_posix())
    except ValueError:  # on another drive of Windows
        return quote(path.resolve().as_uri(), safe=":/%")
