"""The audit: which recordings of a folder can be trained and measured on, and what is wrong with them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from device.errors import SoundError
from trainer.data import stages
from trainer.data.checks import cleaned
from trainer.data.findings import WHOLE, Finding, Severity, flagged, legible, noted, rejected
from trainer.data.formats import sounds
from trainer.data.prepared import write_prepared
from trainer.data.results import Audit, AuditOptions, Candidate
from trainer.data.sound import measure
from trainer.data.splits import assign
from trainer.dataset import Listing, Utterance, read_listing
from trainer.errors import DataError
from trainer.progress import Report, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trainer.data.stages import Found, Stage

__all__ = ["Audit", "AuditOptions", "audit", "examine"]


def audit(
    folder: Path,
    target: Path,
    options: AuditOptions = AuditOptions(),  # noqa: B008  # it cannot change
    *,
    recognise: Callable[[Path], str] | None = None,
    report: Report = silent,
) -> Audit:
    """Examine a folder of recordings, and write what can be used as a prepared folder.

    Args:
        folder: In any of the forms that `trainer.data.formats` reads.
        target: The prepared folder; an older one there is replaced.
        options: Which sets, and how they are split.
        recognise: What the stock model hears in a sound file; without it, texts are not compared.
        report: Told how far it is.

    Raises:
        DataError: There is nothing that can be used, or `target` cannot be written.
    """
    audited = examine(folder, options, recognise=recognise, report=report)
    write_prepared(audited, target, report)
    return audited


def examine(
    folder: Path,
    options: AuditOptions = AuditOptions(),  # noqa: B008  # it cannot change
    *,
    recognise: Callable[[Path], str] | None = None,
    report: Report = silent,
) -> Audit:
    """Find what is wrong with a folder of recordings, and what can be used; write nothing.

    Raises:
        DataError: The folder names no recordings, or none of the sets that are asked for.
    """
    listing = read_listing(folder)
    findings = [_problem(folder, str(each.place), each.wrong, each.remedy) for each in listing.problems]
    findings += _unlisted(folder, listing)
    chosen = [each for each in listing.utterances if not options.sets or each.set in options.sets]
    if listing.utterances and not chosen:
        raise DataError(
            f"{folder} has no recording in the set {' or '.join(options.sets)}; its sets are "
            f"{', '.join(sorted({each.set for each in listing.utterances}))}"
        )
    recordings = len(chosen) + len(findings)
    candidates = _measured(folder, chosen, findings, report)
    steps: list[Stage] = [stages.judged, stages.repeated, stages.leaking]
    if recognise is not None:
        steps.insert(1, stages.heard(recognise, report))
    for step in steps:
        candidates = _sifted(candidates, step(candidates), findings)
    accepted = _split(candidates, options, findings)
    findings.sort(key=lambda finding: list(Severity).index(finding.severity))
    return Audit(folder, options, recognise is not None, recordings, accepted, findings)


def _problem(folder: Path, place: str, wrong: str, remedy: str) -> Finding:
    prefix = f"{folder}/"
    return rejected("list", place.removeprefix(prefix), wrong.replace(prefix, ""), remedy)


def _unlisted(folder: Path, listing: Listing) -> list[Finding]:
    """Find the sound files that nothing speaks of."""
    if not listing.utterances:
        return []
    known = {each.path.resolve() for each in listing.utterances}
    known |= {(folder / each.place).resolve() for each in listing.problems}
    wrong, remedy = "is in no list of recordings", "give it a line with its text, or delete it"
    return [
        rejected("not listed", _name(folder, path), wrong, remedy)
        for path in sounds(folder)
        if path.resolve() not in known
    ]


def _measured(
    folder: Path, utterances: Sequence[Utterance], findings: list[Finding], report: Report
) -> list[Candidate]:
    candidates, names = [], set[str]()
    for number, each in enumerate(utterances, 1):
        file = _name(folder, each.path)
        try:
            facts = measure(each.path)
        except SoundError as error:
            wrong, _, remedy = str(error).removeprefix(f"{each.path}: ").partition("; ")
            findings.append(rejected("damaged", file, wrong, remedy))
        else:
            name = _unique(each.id, names)
            known = dataclasses.replace(
                each, id=name, text=cleaned(each.text), set=legible(each.set), speaker=legible(each.speaker)
            )
            candidates.append(Candidate(known, each.text, file, facts))
        report("Listening", number / len(utterances))
    return candidates


def _sifted(candidates: Sequence[Candidate], found: Found, findings: list[Finding]) -> list[Candidate]:
    """Keep the findings, and give the recordings that were not rejected."""
    out = set()
    for candidate, finding in found:
        findings.append(finding)
        if finding.severity is Severity.REJECTED:
            out.add(candidate.utterance.id)
    return [each for each in candidates if each.utterance.id not in out]


def _split(
    candidates: Sequence[Candidate], options: AuditOptions, findings: list[Finding]
) -> list[Candidate]:
    items = [stages.item(each) for each in candidates]
    apart = items
    if options.speaker_disjoint:
        speakers = {
            name: {item.speaker for item in items if item.set == name} - {""}
            for name in {item.set for item in items}
        }
        few = {name for name, who in speakers.items() if len(who) < options.least_speakers}
        apart = [item._replace(speaker="") if item.set in few else item for item in items]
    splits = assign(apart, options.seed, speaker_disjoint=options.speaker_disjoint)
    moved = sum(item.split != splits[item.id] for item in items)
    if moved:
        wrong = f"{moved} recordings had no split, or there was no validation or test"
        findings.append(noted("splits", WHOLE, wrong, done=f"split with the seed {options.seed}"))
    accepted = [
        dataclasses.replace(
            each, utterance=dataclasses.replace(each.utterance, split=splits[each.utterance.id])
        )
        for each in candidates
    ]
    spoken = {each.utterance.split for each in accepted if each.utterance.text}
    missing = [split for split in ("train", "validation", "test") if split not in spoken]
    if accepted and missing:
        wrong = f"there is nothing for {' and '.join(missing)}"
        findings.append(flagged("splits", WHOLE, wrong, "record more sentences, each of them different"))
    findings += _shared_speakers(accepted)
    return accepted


def _shared_speakers(accepted: Sequence[Candidate]) -> list[Finding]:
    """Find speakers in train and test: right for one owner's set, too easy a test for a set of many."""
    findings = []
    for name in sorted({each.utterance.set for each in accepted}):
        speakers: dict[str, set[str]] = {}
        for each in accepted:
            if each.utterance.set == name and each.utterance.speaker:
                speakers.setdefault(each.utterance.speaker, set()).add(each.utterance.split)
        shared = sorted(who for who, splits in speakers.items() if {"train", "test"} <= splits)
        if shared and len(speakers) == 1:
            wrong = f"the set {name} has one speaker, in train and in test, as one's own recordings have"
            findings.append(noted("speakers", WHOLE, wrong))
        elif shared:
            wrong = f"in the set {name}, {len(shared)} of {len(speakers)} speakers are in train and in test"
            remedy = "if it stands for strangers, split it by speaker: --speaker-disjoint"
            findings.append(flagged("speakers", WHOLE, wrong, remedy))
    return findings


def _name(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _unique(name: str, taken: set[str]) -> str:
    """Give a name that is not taken yet, and take it."""
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique)
    return unique
