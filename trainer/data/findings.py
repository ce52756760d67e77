"""What an audit finds: how bad it is, where, what is wrong, what was done, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

WHOLE = "."
"""The file of a finding about the whole folder."""


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    REJECTED = "rejected"
    """It is left out: nothing is trained or tested on it."""
    FLAGGED = "flagged"
    """It is used, and somebody should look at it."""
    NOTED = "noted"
    """It is as good as it is; it was put right, or is only worth knowing."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was found.

    Attributes:
        severity: How bad it is.
        kind: What sort of thing it is, in a word or three; findings are counted by it.
        file: The file that it is about, relative to the folder, with the line where there is one; absolute
            where it is of another folder.
        wrong: What is wrong.
        done: What was done about it.
        remedy: What to do.
    """

    severity: Severity
    kind: str
    file: str
    wrong: str
    done: str
    remedy: str


def rejected(kind: str, file: str, wrong: str, remedy: str) -> Finding:
    """Give the finding that leaves something out."""
    return Finding(Severity.REJECTED, kind, legible(file), legible(wrong), "left out", legible(remedy))


def flagged(kind: str, file: str, wrong: str, remedy: str, done: str = "kept") -> Finding:
    """Give the finding that somebody should look at."""
    return Finding(Severity.FLAGGED, kind, legible(file), legible(wrong), done, legible(remedy))


def noted(kind: str, file: str, wrong: str, remedy: str = "nothing", done: str = "kept") -> Finding:
    """Give the finding that is only worth knowing."""
    return Finding(Severity.NOTED, kind, legible(file), legible(wrong), done, legible(remedy))


def legible(text: str) -> str:
    """Give text that files and terminals take: what is not Unicode, or moves the cursor, is spelled out."""
    shown = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in shown
    )
