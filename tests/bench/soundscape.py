"""A desk for an hour, in memory: speech, pauses of various lengths, and noises between and behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from device.audio.files import read
from device.audio.sound import SAMPLE_RATE_HZ, samples_in
from trainer.dataset import load_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from device.audio.sound import Samples
    from trainer.dataset import Utterance

CLEAN = (
    "cmu-arctic",
    "harvard-speechbrain",
    "kathleen",
    "librispeech-test-other",
    "libritts",
    "ljspeech",
    "valentini-clean",
)
"""Sets without noise of their own: where someone speaks in them, their loudness says."""

PAUSES_S = (0.5, 0.8, 1.2, 2.0, 4.0, 8.0, 15.0)
"""Between one utterance and the next."""

SPEECH_DBFS = -26.0
"""Root mean square of what is spoken, as far as it is spoken: a usual level for telephones (ITU-T P.56)."""

BEHIND_DB = (10.0, 15.0, 20.0)
"""By so much a noise is below the speech. A quiet office is 20 dB below a voice at arm's length or more."""

ALONE_DB = (0.0, 5.0, 10.0, 20.0)
"""The same, while nobody speaks: keys are struck and dogs bark as loud as people speak."""

VOICES = (
    "cafe",
    "crowd",
    "crowded-bar",
    "library",
    "office",
    "restaurant",
    "subway-station",
    "supermarket",
    "tuning-radio",
)
"""Noises in which people speak, or may: what begins a dictation there may be a voice."""

_FRAME = samples_in(10)

_QUIET_DB = -30.0
"""Below the loudest tenth of a recording, a frame of it is no speech."""


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance in the sound.

    Attributes:
        start: First sample that is spoken.
        end: One past the last.
        text: Its words.
        pause_s: How long it is silent before it.
    """

    start: int
    end: int
    text: str
    pause_s: float


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch with one noise.

    Attributes:
        noise: Its name.
        start: First sample.
        end: One past the last.
    """

    noise: str
    start: int
    end: int

    @property
    def has_voices(self) -> bool:
        """Whether people speak in the noise, or may."""
        return any(self.noise.endswith(f"{name}.flac") for name in VOICES)


@dataclass(frozen=True, slots=True)
class Soundscape:
    """All that is heard, and what it is made of."""

    samples: Samples
    said: list[Said]
    sections: list[Section]


def soundscape(speech: Path, noise: Path, seed: int, minutes: float, alone: float = 0.25) -> Soundscape:
    """Make one; the same arguments make the same.

    Args:
        speech: Folder of recordings, with their manifest.
        noise: Folder of noises, with theirs.
        seed: Decides the order, levels and pauses.
        minutes: How long it is, nearly.
        alone: So much of the time of each noise passes before anybody speaks in it.
    """
    random = Random(seed)
    noises = _noises(noise)
    random.shuffle(noises)
    utterances = [each for each in load_manifest(speech) if each.set in CLEAN and each.text]
    random.shuffle(utterances)
    wanted_s = 60 * minutes / len(noises)
    parts: list[Samples] = []
    said: list[Said] = []
    sections: list[Section] = []
    at = 0
    spoken = cycle(utterances)
    for name in noises:
        voice, here = _spoken(spoken, random, wanted_s, alone * wanted_s)
        behind = _behind(read(noise / name), len(voice), samples_in(1000 * alone * wanted_s), random)
        parts.append(np.clip(voice + behind, -1, 1))
        said += [Said(each.start + at, each.end + at, each.text, each.pause_s) for each in here]
        sections.append(Section(name, at, at + len(voice)))
        at += len(voice)
    return Soundscape(np.concatenate(parts), said, sections)


def _noises(folder: Path) -> list[str]:
    """Give the names of all that are sounds, not rooms."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    return sorted(row["file"] for row in rows if not row["kind"].startswith("rir"))


def _spoken(
    utterances: Iterator[Utterance], random: Random, wanted_s: float, pause_s: float
) -> tuple[Samples, list[Said]]:
    """Give utterances after a first pause, with others between them, and where each is spoken."""
    silence = np.zeros(samples_in(1000 * pause_s), np.float32)
    parts: list[Samples] = [silence]
    said: list[Said] = []
    at = len(silence)
    while at < wanted_s * SAMPLE_RATE_HZ:
        utterance = next(utterances)
        spoken = _trimmed(read(utterance.path))
        said.append(Said(at, at + len(spoken), utterance.text, pause_s))
        pause_s = random.choice(PAUSES_S)
        parts += [spoken, np.zeros(samples_in(1000 * pause_s), np.float32)]
        at += len(spoken) + len(parts[-1])
    return np.concatenate(parts), said


def _trimmed(samples: Samples) -> Samples:
    """Give a recording from where somebody begins to speak to where he ends, at the usual level."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    levels_db = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-12)
    loud_db = np.quantile(levels_db, 0.9)
    spoken = np.flatnonzero(levels_db > loud_db + _QUIET_DB)
    trimmed = samples[spoken[0] * _FRAME : (spoken[-1] + 1) * _FRAME]
    active = frames[levels_db > loud_db + _QUIET_DB]
    level_db = 10 * np.log10(np.square(active).mean())
    return (trimmed * 10 ** ((SPEECH_DBFS - level_db) / 20)).astype(np.float32)


def _behind(noise: Samples, length: int, alone_for: int, random: Random) -> Samples:
    """Give so much of a noise, first as it is alone; a short one is heard again and again, with pauses."""
    level_dbfs = 10 * np.log10(np.square(noise).mean() + 1e-18)
    alone, behind = (
        10 ** ((SPEECH_DBFS - random.choice(below_db) - level_dbfs) / 20)
        for below_db in (ALONE_DB, BEHIND_DB)
    )
    is_event = len(noise) < 2 * SAMPLE_RATE_HZ
    parts: list[Samples] = []
    so_far = 0
    while so_far < length:
        pause = np.zeros(samples_in(random.uniform(200, 2000)) if is_event else 0, np.float32)
        parts += [noise, pause]
        so_far += len(noise) + len(pause)
    sound = np.concatenate(parts)[:length]
    gain = np.where(np.arange(length) < alone_for, alone, behind)
    return (sound * gain).astype(np.float32)
