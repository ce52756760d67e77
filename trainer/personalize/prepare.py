"""The recordings made ready: the owner's, and other people's without anything that they share."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING

import msgspec

from device.settings import RecognitionSettings, Settings
from trainer.data.audit import examine
from trainer.data.findings import legible, rejected
from trainer.data.prepared import PAGE, write_prepared
from trainer.data.results import Audit, AuditOptions, Candidate
from trainer.data.splits import STRICTNESS
from trainer.dataset import load_manifest
from trainer.evaluation.rates import normalised
from trainer.personalize.source import check_enough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from trainer.data.findings import Finding
    from trainer.data.formats import Split
    from trainer.personalize.source import Source
    from trainer.progress import Report

_OF_FOLDER = {"list", "not listed"}
"""Findings of an audit that are about recordings of no set."""

MOST_VALIDATION = 50
"""So many general recordings decide what is kept of the training; each is recognised after every epoch."""


def prepare_own(source: Source, stock: Path, target: Path, seed: int, report: Report) -> None:
    """Write the owner's recordings as a prepared folder, and those in which nobody speaks, to be measured.

    Args:
        source: The owner's part of a folder.
        stock: A model that hears what contradicts its text.
        target: The prepared folder.
        seed: Chooses the splits where the list does not.
        report: Told how far it is.

    Raises:
        DataError: Too little can be used.
        SaykeyError: The model or the detector cannot be loaded.
    """
    options = AuditOptions(seed, source.sets)
    audited = examine(source.folder, options, recognise=_recogniser(stock), report=report)
    if source.silent_sets:
        silent = examine(source.folder, AuditOptions(seed, source.silent_sets), report=report)
        audited = _joined(audited, _with_splits(silent, dict.fromkeys(_ids(silent.accepted), "test")))
    write_prepared(audited, target, report)
    learned = [each for each in audited.accepted if each.utterance.split == "train" and each.utterance.text]
    check_enough(len(learned), f"{source.folder}, as {target / PAGE} shows,", source.folder)


def prepare_general(sources: Sequence[Source], own: Path, target: Path, seed: int, report: Report) -> None:
    """Write other people's recordings as one prepared folder: half of what is for training, for validation.

    What the owner's recordings have too, in sound or in text, is left out, unless the text is for the same.

    Args:
        sources: Folders with their sets.
        own: The owner's prepared folder.
        target: The prepared folder.
        seed: Chooses.
        report: Told how far it is.

    Raises:
        DataError: Nothing can be used, or a folder cannot be written.
    """
    known = texts_of([own])
    sounds = {path.name for path in (own / "audio").iterdir()}
    own_sets = {each.set for each in load_manifest(own)}
    parts = []
    for source in sources:
        sets = (*source.sets, *source.silent_sets)
        # They stand for strangers: who was trained on is none.
        options = AuditOptions(seed, sets, speaker_disjoint=True, least_speakers=3)
        audited = examine(source.folder, options, report=report)
        audited = _with_splits(audited, shared_out(audited.accepted, seed, settled=source.has_validation))
        audited = _without_known(_renamed(audited, own_sets), known, sounds)
        known |= {normalised(each.utterance.text): each.utterance.split for each in audited.accepted}
        sounds |= {_sound(each) for each in audited.accepted}
        parts.append(audited)
    first, *others = parts
    for other in others:
        first = _joined(first, other)
    write_prepared(first, target, report)


def shared_out(candidates: Sequence[Candidate], seed: int, *, settled: bool) -> dict[str, Split]:
    """Say what general recordings are for, by id.

    What is for testing stays that, and what has no speech is only measured. Of the rest half is for training
    and half, though not more than `MOST_VALIDATION`, for validation; the same text stays on one side.

    Args:
        candidates: With the splits of the audit.
        seed: Chooses.
        settled: The data has said what is for validation: only what is too much of it is moved.
    """
    splits: dict[str, Split] = {}
    texts: dict[str, list[str]] = {}
    held: dict[str, bool] = {}
    for each in (candidate.utterance for candidate in candidates):
        if not each.text or each.split == "test":
            splits[each.id] = "test"
        else:
            text = normalised(each.text)
            texts.setdefault(text, []).append(each.id)
            held[text] = held.get(text, False) or each.split == "validation"
    eligible = sorted(text for text in texts if held[text] or not settled)
    random.Random(f"{seed} general").shuffle(eligible)  # noqa: S311  # it can be repeated, and guards nothing
    recordings = sum(len(texts[text]) for text in eligible)
    most = min(MOST_VALIDATION, recordings if settled else recordings / 2)
    for text in eligible:
        if len(texts[text]) <= most:
            most -= len(texts[text])
            splits.update(dict.fromkeys(texts.pop(text), "validation"))
    splits.update({name: "train" for names in texts.values() for name in names})
    return splits


def texts_of(folders: Iterable[Path]) -> dict[str, str]:
    """Give the texts of prepared folders, normalised, with what each is for; test goes before train."""
    utterances = [each for folder in folders for each in load_manifest(folder) if each.text]
    utterances.sort(key=lambda each: -[*STRICTNESS, ""].index(each.split))
    return {normalised(each.text): each.split for each in utterances}


def _recogniser(model: Path) -> Callable[[Path], str]:
    from device.app import load_detector, load_recogniser
    from device.commands.transcribe import transcribe

    settings = Settings(recognition=RecognitionSettings(model=model.as_posix()))
    detector, recogniser = load_detector(), load_recogniser(settings)
    return lambda file: transcribe(file, detector, recogniser, settings).text


def _without_known(audited: Audit, known: dict[str, str], sounds: set[str]) -> Audit:
    kept, findings = [], []
    for each in audited.accepted:
        utterance = each.utterance
        split = known.get(normalised(utterance.text), utterance.split) if utterance.text else utterance.split
        if _sound(each) in sounds:
            findings.append(_shared(each, "its sound is among your recordings, or in another set, too"))
        elif split != utterance.split:
            findings.append(_shared(each, f"is for {utterance.split}, but its text is in {split} too"))
        else:
            kept.append(each)
    return dataclasses.replace(audited, accepted=kept, findings=[*findings, *audited.findings])


def _shared(each: Candidate, wrong: str) -> Finding:
    return rejected("leak", each.file, wrong, "nothing: what is trained on must not be measured")


def _renamed(audited: Audit, own_sets: set[str]) -> Audit:
    """Give sets that are called as the owner's another name."""
    accepted = []
    for each in audited.accepted:
        name = each.utterance.set
        if name in own_sets:
            utterance = dataclasses.replace(each.utterance, set=f"{name} (general)")
            accepted.append(dataclasses.replace(each, utterance=utterance))
        else:
            accepted.append(each)
    return dataclasses.replace(audited, accepted=accepted)


def _joined(one: Audit, other: Audit) -> Audit:
    """Give two audits as one; what was said of the same folder twice counts once."""
    found = other.findings
    if one.folder != other.folder:
        found = [_placed(each, other.folder) for each in found]
    twice = [finding for finding in found if finding in one.findings]
    return dataclasses.replace(
        one,
        recordings=one.recordings + other.recordings - sum(finding.kind in _OF_FOLDER for finding in twice),
        accepted=[*one.accepted, *other.accepted],
        findings=[*one.findings, *(finding for finding in found if finding not in twice)],
    )


def _placed(finding: Finding, folder: Path) -> Finding:
    """Give a finding that names its file with the folder: another folder may have one of the same name."""
    return msgspec.structs.replace(finding, file=legible(str((folder / finding.file).absolute())))


def _with_splits(audited: Audit, splits: dict[str, Split]) -> Audit:
    accepted = [
        dataclasses.replace(
            each, utterance=dataclasses.replace(each.utterance, split=splits[each.utterance.id])
        )
        for each in audited.accepted
    ]
    return dataclasses.replace(audited, accepted=accepted)


def _ids(candidates: Iterable[Candidate]) -> list[str]:
    return [each.utterance.id for each in candidates]


def _sound(each: Candidate) -> str:
    return f"{each.facts.sha256[:16]}.flac"
