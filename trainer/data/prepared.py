"""Prepared folders: what the trainer's other commands read.

`manifest.jsonl` (id, audio, text, set, speaker, split, duration, synthetic, sha256) and `audio/*.flac`, all
of it mono, 16 kHz, 16 bits. `sha256` is that of the samples, so that it does not depend on the encoder.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec
import soundfile

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ
from device.errors import SoundError
from trainer.data.page import page
from trainer.data.sound import pcm16, sha256
from trainer.errors import DataError
from trainer.files import replacing_folder
from trainer.progress import Report, silent

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from trainer.data.results import Audit, Candidate

AUDIT = "audit.json"
"""The audit's findings, in a prepared folder."""

PAGE = "audit.html"
"""The same, to look at."""


def write_prepared(audit: Audit, target: Path, report: Report = silent) -> None:
    """Write what an audit accepts, and what it found; the same audit gives the same bytes.

    Raises:
        DataError: Nothing can be used, `target` holds something else, or it cannot be written.
    """
    check_usable(audit)
    check_target(audit.folder, target)
    try:
        with replacing_folder(target) as folder:
            (folder / "audio").mkdir()
            lines = []
            for number, each in enumerate(audit.accepted, 1):
                lines.append(json.dumps(_write(each, folder), ensure_ascii=False) + "\n")
                report("Writing", number / len(audit.accepted))
            (folder / "manifest.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
            findings = msgspec.json.format(msgspec.json.encode(audit.summary()), indent=1)
            (folder / AUDIT).write_bytes(findings + b"\n")
            (folder / PAGE).write_text(page(audit, target), encoding="utf-8", newline="\n")
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"{target} cannot be written ({error}); look at its disk and permissions") from error


def check_usable(audit: Audit) -> None:
    """Make sure that there is something to train on.

    Raises:
        DataError: There is not.
    """
    if not audit.usable:
        raise DataError(
            f"nothing in {audit.folder} can be trained on: {_reasons(audit)}; put that right, or record more"
        )


def check_target(folder: Path, target: Path) -> None:
    """Make sure that nobody's recordings are replaced.

    Raises:
        DataError: They would be.
    """
    if folder.resolve().is_relative_to(target.resolve()):
        raise DataError(f"{target} holds the recordings themselves; give another folder to prepare")
    if target.exists() and not (target / AUDIT).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target} holds something else than prepared recordings; give another folder")


def _write(each: Candidate, folder: Path) -> dict[str, Any]:
    utterance = each.utterance
    samples = _as_measured(each)
    audio = f"audio/{each.facts.sha256[:16]}.flac"
    encoded = BytesIO()  # libsndfile does not say when a disk is full
    soundfile.write(encoded, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    (folder / audio).write_bytes(encoded.getvalue())
    return {
        "id": utterance.id,
        "audio": audio,
        "text": utterance.text,
        "set": utterance.set,
        "speaker": utterance.speaker,
        "split": utterance.split,
        "duration": len(samples) / SAMPLE_RATE_HZ,
        "synthetic": utterance.synthetic,
        "sha256": each.facts.sha256,
    }


def _as_measured(each: Candidate) -> NDArray[np.int16]:
    try:
        samples = pcm16(read(each.utterance.path))
    except SoundError:
        samples = None
    if samples is None or sha256(samples) != each.facts.sha256:
        raise DataError(f"{each.utterance.path} was changed during the audit; start it again")
    return samples


def _reasons(audit: Audit) -> str:
    """Give the commonest reasons, each with how often."""
    counts: dict[str, int] = {}
    for finding in audit.findings:
        if finding.severity == "rejected":
            counts[finding.kind] = counts.get(finding.kind, 0) + 1
    commonest = sorted(counts, key=lambda kind: -counts[kind])[:3]
    return ", ".join(f"{kind} ({counts[kind]})" for kind in commonest) or "no recording has text"
