"""`saykey transcribe`: what is said in sound files."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.recording import record
from device.errors import SaykeyError, SoundError
from device.kept_words import words_in_force
from device.settings_files import load

if TYPE_CHECKING:
    import argparse

    from device.ports import Recogniser, SpeechDetector
    from device.settings import Settings
    from device.speech.transcript import Transcript

HELP = "Print what is said in sound files: WAV, FLAC, OGG or MP3. Silence and noise give an empty line."

EPILOG = """\
examples:
  saykey transcribe memo.wav
  saykey transcribe *.flac --json | jq -r .text
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="sound file")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Transcribe each file; one that cannot be read is named and does not stop the others."""
    settings = load(arguments.config).settings
    detector, recogniser = load_detector(), load_recogniser(settings, words=words_in_force())
    failed = False
    for file in arguments.files:
        try:
            transcript = transcribe(file, detector, recogniser, settings)
        except SaykeyError as error:
            name = "" if isinstance(error, SoundError) else f"{file}: "  # a SoundError names it
            print(f"saykey: {name}{error}", file=sys.stderr)
            failed = True
            continue
        if arguments.json:
            print(json.dumps(as_json(file, transcript)), flush=True)
        else:
            name = f"{file}: " if len(arguments.files) > 1 else ""
            print(name + transcript.text, flush=True)
    return int(failed)


def transcribe(
    file: Path, detector: SpeechDetector, recogniser: Recogniser, settings: Settings
) -> Transcript:
    """Recognise a sound file as if it had been spoken.

    Raises:
        SaykeyError: The file cannot be read, or not recognised.
    """
    began = time.perf_counter()
    samples = read(file)
    read_at = time.perf_counter()
    recording = record(samples, detector, settings.speech)
    detected_at = time.perf_counter()
    transcript = recogniser.recognise(recording)
    transcript.times_ms.update(
        read=1000 * (read_at - began),
        detect=1000 * (detected_at - read_at),
        total=1000 * (time.perf_counter() - began),
    )
    return transcript


def as_json(file: Path, transcript: Transcript) -> dict[str, Any]:
    """Give a transcript as plain values."""
    return {
        "file": str(file),
        "text": transcript.text,
        "duration_s": round(transcript.duration_s, 3),
        "segments": [
            {
                "start_s": segment.start_s,
                "end_s": segment.end_s,
                "text": segment.text,
                "avg_logprob": segment.avg_logprob,
                "no_speech_prob": segment.no_speech_prob,
                "language": segment.language,
            }
            for segment in transcript.segments
        ],
        "times_ms": {stage: round(time_ms, 1) for stage, time_ms in transcript.times_ms.items()},
    }
