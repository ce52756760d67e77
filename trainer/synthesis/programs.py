"""Text spoken by programs: each runs as a process of its own."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
import zlib
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from device.audio.sound import SAMPLE_RATE_HZ
from device.errors import SaykeyError
from trainer.errors import MissingError
from trainer.files import scratch
from trainer.synthesis.voices import REMEDY, has_program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from trainer.synthesis.voices import Voice

_ESPEAK_WORDS_PER_MINUTE = 175
"""Its usual speed (espeak-ng's manual page)."""

_PEAK = 10 ** (-3 / 20)
"""All are made as loud as that: -3 dB of full scale."""

_SHORTEST_S = 0.15
"""No word is shorter than this; what is has not been spoken."""

_START_TIMEOUT_S = 60
_TEXT_TIMEOUT_S = 20

_LIKE = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-"}
    | {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th"}
)
"""What signs and letters are like, of those that Unicode does not take for letters with accents."""

_SEEDED_PIPER = """\
import onnxruntime, runpy, sys
onnxruntime.set_seed(int(sys.argv.pop(1)))
runpy.run_module("piper", run_name="__main__", alter_sys=True)
"""
"""Piper's own command, after the seed of its chance: it has no option for that."""


class ProgramError(SaykeyError):
    """A program that speaks failed, hung or said nothing."""


def speak(voice: Voice, text: str, target: Path) -> None:
    """Write a WAV of spoken text: 16 kHz mono PCM.

    Raises:
        MissingError: The voice's program is not installed.
        ProgramError: It failed.
        OSError: The file cannot be written.
    """
    [samples] = spoken(voice, [text])
    soundfile.write(target, samples, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")


def spoken(voice: Voice, texts: Sequence[str]) -> list[Samples]:
    """Speak texts, and give the same sound for the same voice and texts; Piper loads its voice only once.

    Raises:
        MissingError: The voice's program is not installed.
        ProgramError: It failed.
    """
    if not has_program(voice.program):
        raise MissingError(f"{voice.program} is not installed: {REMEDY[voice.program]}")
    # The pitch comes from playing the sound faster. What that shortens, the program lengthens.
    pitch = 2 ** (voice.pitch_semitones / 12)
    speed = voice.speed / pitch
    lines = [" ".join(text.split()) for text in texts]
    with scratch() as folder:
        files = _PROGRAMS[voice.program](voice, speed, lines, folder)
        if len(files) != len(texts):
            raise ProgramError(
                f"{voice.label} spoke {len(files)} of {len(texts)} texts, {texts[0]!r} the first"
            )
        return [_read(file, pitch, voice, text) for file, text in zip(files, texts, strict=True)]


def _piper(voice: Voice, speed: float, texts: list[str], folder: Path) -> list[Path]:
    seed = zlib.crc32(repr((voice, texts)).encode())
    command = [sys.executable, "-c", _SEEDED_PIPER, str(seed), "-m", voice.name, "-d", str(folder)]
    command += ["--length-scale", f"{1 / speed:.3f}"]
    if voice.speaker is not None:
        command += ["--speaker", str(voice.speaker)]
    _run(voice, command, texts, "\n".join(texts))
    return sorted(folder.iterdir(), key=lambda file: int(file.stem))  # each is named for its nanosecond


def _espeak(voice: Voice, speed: float, texts: list[str], folder: Path) -> list[Path]:
    rate = str(round(_ESPEAK_WORDS_PER_MINUTE * speed))
    files = [folder / f"{number}.wav" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        _run(voice, ["espeak-ng", "-v", voice.name, "-s", rate, "-w", str(file), "--stdin"], [text], text)
    return files


def _flite(voice: Voice, speed: float, texts: list[str], folder: Path) -> list[Path]:
    stretch = f"duration_stretch={1 / speed:.3f}"
    files = [folder / f"{number}.wav" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        command = ["flite", "-voice", voice.name, "--setf", stretch, "-o", str(file), "-t", in_ascii(text)]
        _run(voice, command, [text], "")
    return files


_PROGRAMS = {"piper": _piper, "espeak-ng": _espeak, "flite": _flite}


def _run(voice: Voice, command: list[str], texts: list[str], given: str) -> None:
    timeout_s = _START_TIMEOUT_S + _TEXT_TIMEOUT_S * len(texts)
    what = f"{voice.label} could not say {texts[0]!r}"
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and the programs are ours to choose
            command, input=given.encode(), capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramError(f"{what}: it took more than {timeout_s} s; leave this voice out") from error
    except OSError as error:
        raise ProgramError(f"{what}: {command[0]} cannot be started ({error.strerror})") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise ProgramError(f"{what}: {said[-1]}")


def _read(file: Path, pitch: float, voice: Voice, text: str) -> Samples:
    """Read what a program wrote, as mono 16 kHz of the usual loudness.

    Raises:
        ProgramError: It is no sound, or silent.
    """
    try:
        channels, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise ProgramError(f"{voice.label} wrote no sound for {text!r}") from error
    samples: Samples = soxr.resample(channels.mean(axis=1), rate_hz * pitch, SAMPLE_RATE_HZ)
    peak = np.abs(samples).max(initial=0)
    if len(samples) < _SHORTEST_S * SAMPLE_RATE_HZ or peak < 0.01:
        raise ProgramError(f"{voice.label} said nothing for {text!r}: write how it sounds in English letters")
    return samples * np.float32(_PEAK / peak)


def in_ascii(text: str) -> str:
    """Give text without accents and signs that Flite reads byte by byte; what has no like is left out."""
    plain = text.translate(_LIKE)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
