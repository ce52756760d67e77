"""The audit in a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from trainer.data.findings import WHOLE, Severity
from trainer.reporting.wording import counted

if TYPE_CHECKING:
    from trainer.data.findings import Finding
    from trainer.data.results import Summary

_STYLES = {Severity.REJECTED: "red", Severity.FLAGGED: "yellow", Severity.NOTED: "dim"}


def tables(summary: Summary) -> list[Table]:
    """Give what was found, what was merely noted in one line a kind, and what can be used."""
    found = Table("", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("file", "what is wrong", "what to do"):
        found.add_column(heading, overflow="fold")
    of_many = [finding for finding in summary.findings if _is_of_many(finding)]
    for finding in summary.findings:
        if not _is_of_many(finding):
            file = "" if finding.file == WHOLE else finding.file
            remedy = finding.done if finding.severity is Severity.NOTED else finding.remedy
            found.add_row(_mark(finding.severity), Text(file), Text(finding.wrong), Text(remedy))
    for (kind, done), count in Counter((finding.kind, finding.done) for finding in of_many).most_common():
        found.add_row(_mark(Severity.NOTED), counted(count, "recording"), kind, done)
    return [found, _parts(summary)] if found.row_count else [_parts(summary)]


def _is_of_many(finding: Finding) -> bool:
    return finding.severity is Severity.NOTED and finding.file != WHOLE


def _mark(severity: Severity) -> Text:
    return Text(severity, style=_STYLES[severity])


def _parts(summary: Summary) -> Table:
    made = Table("set", "split", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    made.title = f"{summary.accepted} of {summary.recordings} recordings can be used, {summary.hours:.2f} h"
    made.title_justify = "left"
    for heading in ("recordings", "minutes", "speakers"):
        made.add_column(heading, justify="right")
    for part in summary.parts:
        counts = (str(part.recordings), f"{part.seconds / 60:.1f}", str(part.speakers or ""))
        made.add_row(Text(part.set), part.split, *counts)
    return made
