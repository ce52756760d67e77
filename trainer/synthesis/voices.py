"""The voices that the programs of this computer have."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

from trainer.errors import DataError, MissingError

REMEDY = {
    "piper": "pip install piper-tts",
    "espeak-ng": "apt install espeak-ng",
    "flite": "apt install flite",
}
"""The programs, the most natural first, and how each is installed."""

_ESPEAK_VOICES = (
    *("en-us", "en-us+f2", "en-us+f3", "en-us+f4", "en-us+m2", "en-us+m3", "en-us+m4", "en-us+m7"),
    *("en-gb", "en-gb+f1", "en-gb+f5", "en-gb+m5", "en-gb-x-rp", "en-gb-x-rp+f3", "en-gb-scotland"),
    "en-gb-scotland+f2",
)
"""Accents, with other larynxes after the plus; whispering and robots are left out."""

_FLITE_VOICES = ("slt", "rms", "awb", "kal16")
"""All of Debian's but kal, which is kal16 at 8 kHz, and awb_time, which can only tell the time."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice and how it speaks.

    Attributes:
        program: "piper", "espeak-ng" or "flite".
        name: What the program calls it; for Piper the path of its .onnx.
        speaker: Number of the speaker, where a Piper voice has several.
        speed: 1.1 speaks a tenth faster than usual.
        pitch_semitones: So much higher, the resonances of the mouth too, as of a smaller person.
    """

    program: str
    name: str
    speaker: int | None = None
    speed: float = 1.0
    pitch_semitones: float = 0.0

    @property
    def label(self) -> str:
        """What people call it, whatever its speed and pitch: "piper:en_US-joe-medium"."""
        name = Path(self.name).stem if self.program == "piper" else self.name
        return f"{self.program}:{name}" + ("" if self.speaker is None else f"#{self.speaker}")


def available() -> list[Voice]:
    """Give the voices that can speak English here and now, at their usual speed and pitch."""
    voices = []
    if has_program("piper"):
        voices += [voice for path in _piper_packages() for voice in piper_voices(path)]
    if has_program("espeak-ng"):
        voices += [Voice("espeak-ng", name) for name in _ESPEAK_VOICES]
    if has_program("flite"):
        voices += [Voice("flite", name) for name in _FLITE_VOICES]
    return voices


def chosen(names: list[str]) -> list[Voice]:
    """Give the voices with these labels, of these programs or in these .onnx files; all where none is named.

    Raises:
        DataError: There is no such voice, or the file of one is wrong.
        MissingError: No voice is installed.
    """
    installed = available()
    if not names:
        if not installed:
            raise MissingError(f"no voice is installed: {', or '.join(REMEDY.values())}, and a Piper voice")
        return installed
    voices: dict[Voice, None] = {}  # a set in order
    for name in names:
        found = [voice for voice in installed if name in {voice.label, voice.program}]
        if name.endswith(".onnx"):
            found = piper_voices(Path(name))
        if not found:
            raise DataError(f"there is no voice {name!r} here: see saykey-trainer synthesize --list-voices")
        voices.update(dict.fromkeys(found))
    return list(voices)


def has_program(program: str) -> bool:
    """Say whether a program is installed."""
    # Debian's command `piper` sets up gaming mice: only the Python package counts. It is not imported.
    return find_spec("piper") is not None if program == "piper" else shutil.which(program) is not None


def piper_voices(path: Path) -> list[Voice]:
    """Give the speakers of a Piper voice.

    Raises:
        DataError: The .onnx or the .onnx.json beside it is missing or wrong.
    """
    described = path.with_name(f"{path.name}.json")
    try:
        speakers = int(json.loads(described.read_text(encoding="utf-8"))["num_speakers"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{described} is no description of a Piper voice ({error}): download it again"
        ) from error
    if not path.is_file():
        raise DataError(f"{path} is missing: download the Piper voice again")
    return [Voice("piper", str(path), number if speakers > 1 else None) for number in range(speakers)]


def _piper_packages() -> list[Path]:
    """Give the .onnx files of English voices that were installed as packages with "piper" in their name."""
    return sorted(
        Path(str(file.locate()))
        for package in distributions()
        if "piper" in str(package.name).lower()
        for file in package.files or ()
        if file.name.startswith("en_") and file.name.endswith(".onnx")
    )
