"""A prepared folder of synthetic speech."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any

import soundfile

from device.audio.sound import SAMPLE_RATE_HZ, seconds
from trainer.data.sound import pcm16, sha256
from trainer.errors import DataError
from trainer.files import replacing_folder
from trainer.progress import Report, silent
from trainer.synthesis.plan import Take, plan
from trainer.synthesis.programs import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from device.audio.sound import Samples
    from trainer.synthesis.voices import Voice
    from trainer.words import Word

SET = "synthetic"
"""The name of the set that all of it belongs to."""

_PROCESSES = 2


def synthesize(  # noqa: PLR0913  # all but two go by their names
    words: Sequence[Word],
    target: Path,
    *,
    voices: Sequence[Voice],
    per_word: int,
    seed: int,
    sentences: Iterable[str] = (),
    report: Report = silent,
) -> int:
    """Write a prepared folder in which machines say sentences with the owner's words.

    Args:
        words: The owner's words.
        target: A folder that is new or empty.
        voices: Who speaks; each is varied in speed and pitch.
        per_word: So many sentences for each word, a tenth of them for validation.
        seed: The same seed, words, sentences, voices and versions of the programs give the same folder.
        sentences: Others that are said too, without a particular word.
        report: Told how much is done.

    Returns:
        The number of recordings.

    Raises:
        DataError: There is nothing to say, or the folder has something in it or cannot be written.
        MissingError: A voice's program is not installed.
        ProgramError: A program failed.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise DataError(f"{target} has something in it: give a new folder")
    takes = plan(words, sentences, voices, per_word, seed)
    total = sum(len(take.lines) for take in takes)
    if not total:
        raise DataError("there is nothing to say: give words or sentences, and voices")
    try:
        with replacing_folder(target) as folder:
            _write_all(takes, folder, lambda count: report("Speaking", count / total))
    except OSError as error:
        raise DataError(f"{target} cannot be written ({error}): make room, or give another folder") from error
    return total


def _write_all(takes: list[Take], folder: Path, count: Callable[[int], None]) -> None:
    rows: list[dict[str, Any]] = []
    (folder / "audio").mkdir()
    for take, sounds in _performed(takes):
        for line, samples in zip(take.lines, sounds, strict=True):
            name = f"{SET}-{len(rows) + 1:05}"
            row = {"id": name, "audio": f"audio/{name}.flac", "text": line.text, "set": SET}
            row |= {"speaker": take.voice.label, "split": line.split}
            rows.append(row | _written(folder / row["audio"], samples))
            count(len(rows))
    manifest = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    (folder / "manifest.jsonl").write_text(manifest, encoding="utf-8", newline="\n")


def _performed(takes: list[Take]) -> Iterator[tuple[Take, list[Samples]]]:
    """Speak takes, two at a time, and give them in their order."""
    pool = ThreadPoolExecutor(_PROCESSES)
    try:
        running = pool.map(lambda take: spoken(take.voice, [line.read for line in take.lines]), takes)
        yield from zip(takes, running, strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _written(file: Path, samples: Samples) -> dict[str, Any]:
    """Write a recording, and give what the list says of it."""
    pcm = pcm16(samples)
    encoded = BytesIO()  # libsndfile does not say when a disk is full
    soundfile.write(encoded, pcm, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    file.write_bytes(encoded.getvalue())
    return {"duration": round(seconds(len(pcm)), 3), "synthetic": True, "sha256": sha256(pcm)}
