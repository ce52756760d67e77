"""What checks found, as a text that somebody reads elsewhere: DOCTOR.TXT, on the drive or the card."""

from __future__ import annotations

import textwrap
import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from device import __version__
from device.doctor.finding import Verdict, examine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from device.doctor.finding import Check, Finding

_WIDTH = 78
"""Characters of a line, which every editor shows."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What checks came to.

    Attributes:
        findings: Each with what was looked at.
        unfinished: What was looked at too long.
    """

    findings: Sequence[tuple[str, Finding]]
    unfinished: Sequence[str]


def examine_within(checks: Mapping[str, Check], seconds: float) -> Examined:
    """Run checks beside one another, and wait so long at most; one that takes longer ends when it does."""
    found: dict[str, list[tuple[str, Finding]]] = {}

    def look(subject: str, check: Check) -> None:
        found[subject] = list(examine({subject: check}))

    threads = [Thread(target=look, args=each, daemon=True) for each in checks.items()]
    until_s = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
    done = dict(found)
    return Examined(
        [each for subject in checks for each in done.get(subject, ())],
        [subject for subject in checks if subject not in done],
    )


def text_of(examined: Examined, left_out: str) -> str:
    """Write what was found.

    Args:
        examined: It.
        left_out: What was not looked at here, in a sentence.
    """
    lines = [f"What Saykey {__version__} finds on this device, as `saykey doctor` does.", ""]
    for subject, finding in examined.findings:
        lines += _entry(subject, finding)
    lines += ["", summary([finding.verdict for _, finding in examined.findings])]
    if examined.unfinished:
        lines += _folded(f"Not found out in time: {', '.join(examined.unfinished)}.")
    return "\n".join((*lines, *_folded(left_out), ""))


def summary(verdicts: Sequence[Verdict]) -> str:
    """Count what is wrong."""
    faults, warnings = verdicts.count(Verdict.FAULT), verdicts.count(Verdict.WARNING)
    if not faults + warnings:
        return "All is well."
    parts = [
        f"{count} {word}{'s' * (count > 1)}"
        for count, word in ((faults, "fault"), (warnings, "warning"))
        if count
    ]
    return f"{', '.join(parts)}{'.' if faults else ': dictation works as far as they let it.'}"


def _entry(subject: str, finding: Finding) -> Iterator[str]:
    beginning = f"{finding.verdict.value:<8} {subject:<12}  "
    yield from _folded(finding.found, beginning)
    if finding.advice:
        yield from _folded(finding.advice, f"{'-> ':>{len(beginning)}}")


def _folded(text: str, before: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=before,
        subsequent_indent=" " * len(before),
        break_on_hyphens=False,
        break_long_words=False,
    )
