"""How often text is taken for a command that nobody gave.

    python -m tests.bench.commands --data FOLDER [--heard]

FOLDER holds manifest.jsonl, one recording a line. Each text is read with the commands off, with those that
count by default, and with all of them on where they stand alone and anywhere; what is typed otherwise than
with them off is printed, and counted. With --heard, the recordings are recognised, too, with tiny.en: their
pauses count then, and what the model makes of the words.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from device.app import load_detector, load_recogniser
from device.audio.files import read
from device.audio.recording import record
from device.settings import RecognitionSettings, Settings
from device.text.written import understand, write
from tests.text.spoken_tables import segments, settings_of
from trainer.dataset import load_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from device.speech.transcript import Segment
    from device.text.body import Act
    from trainer.dataset import Utterance

LANGUAGE = "en"
OFF = settings_of("off")
WAYS = {"default": settings_of(""), "strict": settings_of("strict"), "anywhere": settings_of("anywhere")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--heard", action="store_true")
    given = parser.parse_args()
    spoken = load_manifest(given.data)
    tell("texts", [segments(each.text.replace("|", " ")) for each in spoken])
    if given.heard:
        tell("recordings", list(heard(spoken)))


def tell(what: str, said: Sequence[Sequence[Segment]]) -> None:
    """Print what is read as a command in them."""
    print(f"{len(said)} {what}")
    for name, settings in WAYS.items():
        others = [each for each in said if read_as(each, settings) != read_as(each, OFF)]
        for each in others:
            print(f"  {read_as(each, OFF)[0]!r} -> {read_as(each, settings)}")
        print(f"  {name}: {len(others)} read otherwise than without commands")


def read_as(said: Sequence[Segment], settings: Settings) -> tuple[str, tuple[Act, ...]]:
    """Give what would be typed, and what would be done before."""
    reading = understand(said, LANGUAGE, settings)
    return write(reading.body, "", settings), reading.acts


def heard(spoken: Sequence[Utterance]) -> Iterator[Sequence[Segment]]:
    """Give what is understood of recordings, from pause to pause."""
    settings = Settings(recognition=RecognitionSettings(model="tiny.en"))
    recogniser, detector = load_recogniser(settings), load_detector()
    for each in spoken:
        yield recogniser.recognise(record(read(each.path), detector, settings.speech)).segments


if __name__ == "__main__":
    main()
