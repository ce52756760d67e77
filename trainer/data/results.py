"""What an audit gives: what can be used, for what, and what was found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from trainer.data.findings import Finding, Severity, legible

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.data.sound import Facts
    from trainer.dataset import Utterance


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What is audited, and how it is split.

    Attributes:
        seed: Chooses the splits; the same for the same recordings.
        sets: Only these sets; all where there are none.
        speaker_disjoint: No speaker is in two of the splits that the audit makes.
        least_speakers: That holds for sets with at least so many; of fewer, no three splits can be made.
    """

    seed: int = 0
    sets: tuple[str, ...] = ()
    speaker_disjoint: bool = False
    least_speakers: int = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recording that can be read.

    Attributes:
        utterance: With its text cleaned, and an id that no other has.
        listed_text: The text as it stands in the list.
        file: What findings call it.
        facts: What was measured of its sound.
    """

    utterance: Utterance
    listed_text: str
    file: str
    facts: Facts


class Part(msgspec.Struct, frozen=True):
    """How much of a set is for what.

    Attributes:
        set: The set's name.
        split: "train", "validation" or "test".
        recordings: How many.
        seconds: How long together.
        speakers: How many speakers are known.
    """

    set: str
    split: str
    recordings: int
    seconds: float
    speakers: int


class Summary(msgspec.Struct, frozen=True):
    """What `audit.json` holds.

    Attributes:
        folder: The folder's name.
        seed: What chose the splits.
        text_checked: The stock model has compared the sound with the text.
        recordings: How many were found.
        accepted: How many can be used.
        hours: How long these are together.
        counts: Findings by severity.
        parts: What can be used, by set and split.
        findings: All that was found, the worst first.
    """

    folder: str
    seed: int
    text_checked: bool
    recordings: int
    accepted: int
    hours: float
    counts: dict[str, int]
    parts: list[Part]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        folder: What was audited.
        options: How.
        text_checked: The stock model has compared the sound with the text.
        recordings: How many were found, also those that cannot be read.
        accepted: What can be used, each with its split.
        findings: All that was found, the worst first.
    """

    folder: Path
    options: AuditOptions
    text_checked: bool
    recordings: int
    accepted: list[Candidate]
    findings: list[Finding] = field(repr=False)

    @property
    def usable(self) -> bool:
        """Whether there is anything to train on."""
        return any(each.utterance.text for each in self.accepted)

    def summary(self) -> Summary:
        """Give all of it without the sounds."""
        seconds = sum(each.facts.duration_s for each in self.accepted)
        counts = Counter(finding.severity for finding in self.findings)
        return Summary(
            folder=legible(self.folder.resolve().name),
            seed=self.options.seed,
            text_checked=self.text_checked,
            recordings=self.recordings,
            accepted=len(self.accepted),
            hours=round(seconds / 3600, 4),
            counts={severity.value: counts[severity] for severity in Severity},
            parts=self._parts(),
            findings=self.findings,
        )

    def _parts(self) -> list[Part]:
        parts: dict[tuple[str, str], list[Candidate]] = {}
        for each in self.accepted:
            parts.setdefault((each.utterance.set, each.utterance.split), []).append(each)
        return [
            Part(
                name,
                split,
                len(group),
                round(sum(each.facts.duration_s for each in group), 3),
                len({each.utterance.speaker for each in group} - {""}),
            )
            for (name, split), group in sorted(parts.items())
        ]
