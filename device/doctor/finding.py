"""What a check found, and how checks are run so that none stops another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from device.errors import SaykeyError

_ADDRESS = re.compile(r"\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b")
"""Of a Bluetooth device or a network card: it is known by it for ever, and nobody who helps needs it."""

_COMPUTER = re.compile(r"""(?<![\w/.-])hosts\.(?!NAME\b)(?:"(?:[^"\\]|\\.)*"|[\w-]+)|\('hosts', .*\)""")
"""The name of a host's table, as Saykey and as Python's parser write it: it is the name of a computer."""


class Verdict(Enum):
    """How good or bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look gave.

    Attributes:
        verdict: How good or bad it is.
        found: What there is, in one line.
        advice: What to do; empty when all is well.
    """

    verdict: Verdict
    found: str
    advice: str = ""


Check = Callable[[], Iterable[Finding]]
"""Looks at one thing. Whatever it raises becomes a fault."""


def ok(found: str) -> Finding:
    """Give the finding that all is well."""
    return Finding(Verdict.OK, found)


def warning(found: str, advice: str) -> Finding:
    """Give the finding that something works worse than it could, or only at a desk."""
    return Finding(Verdict.WARNING, found, advice)


def fault(found: str, advice: str) -> Finding:
    """Give the finding that dictation cannot work."""
    return Finding(Verdict.FAULT, found, advice)


def fault_of(error: Exception) -> Finding:
    """Give the fault that an error tells of. Saykey's own say after a semicolon or colon what to do."""
    if not isinstance(error, SaykeyError):
        return fault(
            f"the check itself failed: {type(error).__name__}: {error}",
            "install Saykey again; if that does not help, report this and what saykey doctor --json says",
        )
    message = str(error).removesuffix(".")
    found, semicolon, advice = message.rpartition("; ")
    if not semicolon:
        found, _, advice = message.rpartition(": ")
    return fault(found or message, advice if found else "see the manual")


def examine(checks: Mapping[str, Check]) -> Iterator[tuple[str, Finding]]:
    """Run checks one after another; give each finding as it comes, with what was looked at."""
    for subject, check in checks.items():
        try:
            for finding in check():
                yield subject, _tidy(finding)
        except Exception as error:  # noqa: BLE001  # a doctor who faints at one symptom helps nobody
            yield subject, _tidy(fault_of(error))


def without_computers(text: str) -> str:
    """Give a text without addresses, and without the names that computers have in the settings."""
    return _COMPUTER.sub('hosts."..."', _ADDRESS.sub("(address)", text))


def _tidy(finding: Finding) -> Finding:
    return Finding(finding.verdict, _presentable(finding.found), _presentable(finding.advice))


def _presentable(text: str, home: Path | None = None) -> str:
    """Give text on one line, without names and addresses, and without what could command a terminal."""
    text = without_computers(text)
    folder = str(home or Path.home())
    if folder != "/":
        text = re.sub(re.escape(folder) + r"(?![\w.-])", "~", text)
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())
